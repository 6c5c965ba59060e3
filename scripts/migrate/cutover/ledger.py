"""How far a cutover has come, kept in the new environment's bucket: one writer at a time, and never an older state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket, ConflictError, MissingError
from scripts.deploy.lock import Claim, Lock, locked, owner
from scripts.migrate.sides import ROOT, Sides

# A DAG is on the side that gives it until "switched", and from then on on the side that takes it.
Step = Literal["begun", "paused", "carried", "switched", "waits", "done"]
To = Literal["new", "old"]


@dataclass(frozen=True)
class Entry:
    """How far one DAG has come: which way, and up to when (`last`) all turns have been done.

    Times are ISO texts in UTC. `marks` are the turns that the taking side is told of, each with the run that did it and
    the fields of a Tick; None as long as they are not known. `failed` tells that it goes back since its first run
    failed.
    """

    dag: str
    to: To
    step: Step
    last: str | None = None
    marks: list[list[str]] | None = None
    filled: list[str] = field(default_factory=list)
    first: str | None = None
    first_state: str | None = None
    failed: bool = False
    note: str = ""
    by: str = ""
    at: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.step in ("waits", "done")

    @property
    def between(self) -> bool:
        """Whether the DAG has been begun to be moved and is not yet on the side that takes it."""
        return self.step in ("begun", "paused", "carried")


class Ledger:
    """The entries of all DAGs of one pair of environments.

    Args:
        bucket: the new environment's.
        key: of the object.
        pair: what the two environments are called, in AWS's own words.
    """

    def __init__(self, bucket: Bucket, key: str, pair: Mapping[str, str]) -> None:
        self._bucket, self.key, self._pair = bucket, key, dict(pair)
        self._etag: str | None = None
        self.entries: dict[str, Entry] = {}

    @property
    def place(self) -> str:
        """Where it is."""
        return f"s3://{self._bucket.name}/{self.key}"

    def read(self) -> Ledger:
        """Read what there is.

        Raises:
            ProjectError: if it tells of another pair, or cannot be read.
        """
        try:
            data, found = self._bucket.read(self.key)
        except MissingError:
            return self
        try:
            known = json.loads(data)
            pair, entries = dict(known["pair"]), [Entry(**entry) for entry in known["dags"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ProjectError(
                f"The state of the cutover cannot be read: {error}",
                self.place,
                "bring back its version before (the bucket keeps them), or delete it: DAGs are then looked at anew",
            ) from None
        if pair != self._pair:
            raise ProjectError(
                f"The state there is of another pair: {pair['old']} → {pair['new']}.",
                self.place,
                f"name that pair; or delete the object, if that cutover is over, to begin with {self._pair['old']}",
            )
        self._etag, self.entries = found.etag, {entry.dag: entry for entry in entries}
        return self

    def save(self, entry: Entry) -> Entry:
        """Write a DAG's entry with who and when, and return it.

        Raises:
            ProjectError: if somebody else has written meanwhile.
        """
        entry = replace(entry, by=owner(), at=datetime.now(UTC).isoformat(timespec="seconds"))
        wanted = {**self.entries, entry.dag: entry}
        text = self._text(wanted)
        try:
            self._etag = self._bucket.swap(self.key, text, self._etag)
        except ConflictError:
            # An answer that was lost on its way makes our own write look like somebody else's.
            data, found = self._bucket.read(self.key)
            if data != text:
                raise ProjectError(
                    "Somebody else has written the state of the cutover.", self.place, "run the same command again"
                ) from None
            self._etag = found.etag
        self.entries = wanted
        return entry

    def _text(self, entries: Mapping[str, Entry]) -> bytes:
        known: dict[str, Any] = {"pair": self._pair, "dags": [asdict(entries[dag]) for dag in sorted(entries)]}
        return (json.dumps(known, indent=2) + "\n").encode()


def find_ledger(sides: Sides) -> Ledger:
    """Return what is known of a pair's cutover."""
    both = {"old": sides.old, "new": sides.new}
    pair = {name: str(side.described.get("Arn", side.mwaa.name)) for name, side in both.items()}
    return Ledger(sides.new.bucket, f"{sides.folder}/cutover.json", pair).read()


@contextmanager
def held(sides: Sides) -> Iterator[Lock]:
    """Keep others from cutting over into the same environment.

    Raises:
        ProjectError: if somebody does.
    """
    key = f"{ROOT}/lock.json"
    fix = f"wait for it; once its owner is surely dead, delete s3://{sides.new.bucket.name}/{key}"
    with locked(sides.new.bucket, claim=Claim(key, "cutover", fix, "run the same command again")) as lock:
        yield lock

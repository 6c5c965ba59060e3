"""The index of the archive: one object per DAG and month, and of these only the ones that are asked for."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from mwaa_dbt import archive
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.aws import Bucket, MissingError
from scripts.deploy.remote import each
from scripts.history.model import Run, read_line
from scripts.history.text import count
from scripts.history.window import Window

INDEX = f"{archive.INDEX}/"
KEY = re.compile(rf"{INDEX}([^/]+)/(\d{{4}}-\d{{2}})\.jsonl\.gz")
MEMBER = b"\x1f\x8b\x08"  # how each part of a gzip file begins
AS_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True)
class Damage:
    """What could not be read of an object."""

    key: str
    lines: int
    cut: bool

    def __str__(self) -> str:
        cut = "its compressed data is damaged or cut off, " if self.cut else ""
        return f"{self.key}: {cut}{count(self.lines, 'line')} left out"


@dataclass(frozen=True)
class Found:
    """Runs, newest first, what was damaged, and the DAGs that the archive knows."""

    runs: list[Run]
    damage: list[Damage]
    dags: list[str]


def fetch(bucket: Bucket, window: Window, dag: str | None = None) -> Found:
    """Return the runs of a window, of one DAG or all.

    Raises:
        ProjectError: if the archive has no such DAG.
    """
    keys = _keys(bucket, dag)
    wanted = [key for key, (_, month) in keys.items() if window.has_month(month)]
    read = each(lambda key: _object(bucket, key), sorted(wanted, key=lambda key: keys[key][1]))
    runs = [run for found, _ in read for run in found if window.holds(run.at)]
    return Found(_newest(runs), [damage for _, damage in read if damage], sorted({dag for dag, _ in keys.values()}))


def prefix(bucket: Bucket, run: Run) -> str:
    """Return where the raw artifacts of a DAG run are."""
    return f"s3://{bucket.name}/{archive.folder(run.dag, run.run)}"


def _keys(bucket: Bucket, dag: str | None) -> dict[str, tuple[str, str]]:
    """Return the index's objects, each with its DAG and month."""
    found = _matching(bucket.objects(f"{INDEX}{dag}/" if dag else INDEX))
    if found or not dag:
        return found
    dags = sorted({other for other, _ in _matching(bucket.objects(INDEX)).values()})
    if not dags:
        return {}
    raise ProjectError(
        f"The archive has no DAG {dag!r}.{suggestion(dag, dags)}",
        f"--dag, s3://{bucket.name}/{INDEX}",
        f"use one of: {', '.join(dags)}",
    )


def _matching(keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    # A DAG may be called "index": its artifacts are no index.
    return {key: (match[1], match[2]) for key in keys if (match := KEY.fullmatch(key))}


def _newest(runs: Iterable[Run]) -> list[Run]:
    """Return each group of a run once, as its last line has it."""
    last = {run.key: run for run in runs}
    return sorted(last.values(), key=lambda run: (run.at, run.key), reverse=True)


def _object(bucket: Bucket, key: str) -> tuple[list[Run], Damage | None]:
    try:
        text, cut = unpack(bucket.get(key))
    except MissingError:
        # Swept by a lifecycle rule since it was listed.
        return [], None
    runs, left = [], 0
    for line in filter(None, text.split(b"\n")):
        try:
            runs.append(read_line(line))
        except ValueError:
            left += 1
    return runs, Damage(key, left, cut) if cut or left else None


def unpack(data: bytes) -> tuple[bytes, bool]:
    """Return the text of a gzip file of any number of parts, and whether something of it is lost."""
    text, lost = bytearray(), False
    while data:
        part, whole = zlib.decompressobj(AS_GZIP), True
        try:
            text += part.decompress(data)
        except zlib.error:
            whole = False
            text += _salvaged(data)
        if whole and part.eof:
            data = part.unused_data
        else:
            # The line that the damage has cut must not take the next part's first along.
            text += b"\n"
            lost, data = True, _next(data)
    return bytes(text), lost


def _salvaged(data: bytes) -> bytes:
    """Return what a damaged part has before its damage, to within a few bytes."""
    part, text = zlib.decompressobj(AS_GZIP), bytearray()
    try:
        for place in range(0, len(data), 16):
            text += part.decompress(data[place : place + 16])
    except zlib.error:
        pass
    return bytes(text)


def _next(data: bytes) -> bytes:
    place = data.find(MEMBER, 1)
    return data[place:] if place > 0 else b""

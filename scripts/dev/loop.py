"""The rounds of `mwaa dev`: one, or one per save until Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rich.markup import escape
from watchfiles import DefaultFilter, watch

from mwaa_dbt.errors import ProjectError
from scripts.console import err, out, step
from scripts.dev import show
from scripts.dev.kit import Kit
from scripts.dev.outcome import Outcome, outcome
from scripts.projects import LEFT_OUT, MADE

QUIET = 50  # milliseconds without another change, after which a save is whole
LOOK = 2000  # milliseconds between two looks of its own


@dataclass(frozen=True)
class Manner:
    """How rounds are run and shown: rows of a preview, JSON or tables."""

    rows: int = 5
    as_json: bool = False

    def tell(self, found: Outcome) -> None:
        """Show a round."""
        if self.as_json:
            # One line each: a program reads them as they come.
            print(json.dumps(show.as_table(found), default=str), flush=True)
        else:
            show.show(found)


def begin(kit: Kit) -> Outcome | None:
    """Parse the project; return what is wrong with it, or None."""
    with step(f"dbt project {kit.source.name} parsed") as notes:
        answer = kit.session.ask(do="start")
        found = outcome(kit.staged, {"changed": [], "results": [], "previews": [], **answer}, [])
        if "failed" not in answer and kit.session.ask(do="look").get("there"):
            notes.append("some of it is built already")
    return None if found.good else found


def once(kit: Kit, manner: Manner, select: list[str]) -> bool:
    """Build what is chosen, or all that is not built yet; return whether all went well."""
    found = begin(kit) or _round(kit, manner, [], select)
    manner.tell(found)
    return found.good


def follow(kit: Kit, manner: Manner) -> None:
    """Run a round per save, until Ctrl-C."""
    if wrong := begin(kit):
        manner.tell(wrong)
    err.print(f"Watching dbt/{kit.source.name}, building in schema {escape(kit.schema.upper())}. Ctrl-C ends.")
    for paths in _saves(kit.source.folder):
        begun = monotonic()
        try:
            if not (files := kit.follow()):
                continue
            if not manner.as_json:
                out.rule(escape(", ".join(files[:3]) + (" …" if len(files) > 3 else "")), align="left")  # noqa: PLR2004
            found = _round(kit, manner, files, None)
        except ProjectError as error:
            # E.g. packages that cannot be fetched: the next save may mend it.
            found = Outcome(sorted(paths), errors=[error], seconds=monotonic() - begun)
        manner.tell(found)


def _round(kit: Kit, manner: Manner, files: list[str], select: list[str] | None) -> Outcome:
    begun = monotonic()
    with err.status("dbt …"):
        answer = kit.build(files, manner.rows, select or [], everything=select == [])
    return outcome(kit.staged, {**answer, "seconds": monotonic() - begun}, files)


def _saves(folder: Path) -> Iterator[set[str]]:
    ignored = DefaultFilter(ignore_dirs=(*DefaultFilter.ignore_dirs, *LEFT_OUT, *MADE))
    # Now and then it looks without being told: of a save before the first look, or on a network's disk, nobody tells.
    for changes in watch(
        folder, watch_filter=ignored, step=QUIET, debounce=400, rust_timeout=LOOK, yield_on_timeout=True
    ):
        yield {path for _, path in changes}

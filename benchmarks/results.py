"""The raw results, kept as JSON, so that tables and plots can be made again without measuring."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Result, Row, Sample
from benchmarks.table import as_markdown

FOLDER = Path("benchmarks", "results")


@dataclass(frozen=True)
class Kept:
    """A benchmark's tables, on what they were measured, and the command that did."""

    machine: str
    command: str
    results: list[Result]

    @property
    def markdown(self) -> str:
        """What stands between the benchmark's markers."""
        tables = "\n\n".join(map(as_markdown, self.results))
        return f"{tables}\n\n{self.machine} Repeat it with `{self.command}`."


def save(root: Path, name: str, kept: Kept) -> None:
    """Write a benchmark's results in the place of those before."""
    file = root / FOLDER / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(kept), indent=1) + "\n")


def read(root: Path, name: str) -> Kept | None:
    """Return a benchmark's results, or None if there are none yet."""
    file = root / FOLDER / f"{name}.json"
    if not file.is_file():
        return None
    table = json.loads(file.read_text())
    results = [Result(**{**one, "rows": [_row(row) for row in one["rows"]]}) for one in table["results"]]
    return Kept(table["machine"], table["command"], results)


def _row(table: dict[str, Any]) -> Row:
    return Row(**{**table, "samples": tuple(Sample(**one) for one in table["samples"])})

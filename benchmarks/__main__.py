"""`python -m benchmarks`: measure, show, and with --write keep the tables in docs/performance.md."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from benchmarks.machine import machine
from benchmarks.measure import Options, Result
from benchmarks.table import as_markdown, as_table, replace
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.console import err, out
from scripts.paths import Paths, find_project

# A module of this package each, with a function `measure(paths, options)`.
BENCHMARKS = ("virtualenv", "parse", "fork", "deploy", "history")
DOCUMENT = Path("docs", "performance.md")

Names = Annotated[list[str] | None, typer.Argument(help=f"Any of: {', '.join(BENCHMARKS)}. [default: all]")]
Runs = Annotated[int, typer.Option(min=1, help="Runs per line; the median is shown.")]
Models = Annotated[int, typer.Option(min=1, help="Models of the made-up project in `parse`.")]
Write = Annotated[bool, typer.Option("--write", help=f"Put the tables into {DOCUMENT}.")]


def run(names: Names = None, runs: Runs = 3, models: Models = 500, write: Write = False) -> None:
    """Measure this project beside the plain tools.

    Example: python -m benchmarks parse --models 2000
    """
    chosen = [known(name) for name in names or BENCHMARKS]
    paths = find_project()
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            results = measure(name, paths, Options(Path(folder), runs, models))
        for result in results:
            out.print(as_table(result))
        if write:
            given = "".join(f" {word}" for word in sys.argv[1:] if word not in (*BENCHMARKS, "--write"))
            keep(paths.root / DOCUMENT, name, results, f".venv/bin/python -m benchmarks {name}{given}")


def known(name: str) -> str:
    """Return the name if there is such a benchmark.

    Raises:
        ProjectError: if there is none.
    """
    if name in BENCHMARKS:
        return name
    raise ProjectError(
        f"There is no benchmark {name!r}.{suggestion(name, list(BENCHMARKS))}",
        "python -m benchmarks",
        f"use any of: {', '.join(BENCHMARKS)}",
    )


def measure(name: str, paths: Paths, options: Options) -> list[Result]:
    """Run one benchmark; only then is its module loaded."""
    found: list[Result] = importlib.import_module(f"benchmarks.{name}").measure(paths, options)
    return found


def keep(document: Path, name: str, results: list[Result], command: str) -> None:
    """Put a benchmark's tables between its markers in the document."""
    tables = "\n\n".join(map(as_markdown, results))
    text = f"{tables}\n\n{machine(document.parents[1])} Repeat it with `{command} --write`."
    document.write_text(replace(document.read_text(), name, text))


def main() -> None:
    """Run the command; a ProjectError is printed without a traceback and exits with 1."""
    try:
        typer.run(run)
    except ProjectError as error:
        what, where, fix = map(escape, (error.what, error.where, error.fix))
        err.print(f"[red]error:[/] {what}\n  [bold]where:[/] {where}\n  [bold]fix:[/]   {fix}")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""`python -m benchmarks`: measure, show, and with --write keep results, and the tables in docs/performance.md."""

from __future__ import annotations

import importlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from benchmarks.machine import machine
from benchmarks.measure import Options, Result
from benchmarks.results import FOLDER, Kept, read, save
from benchmarks.table import as_table, replace
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.console import err, out
from scripts.paths import Paths, find_project

# A module of this package each, with a function `measure(paths, options)`.
BENCHMARKS = ("virtualenv", "parse", "fork", "run", "celery", "growth", "deploy", "history", "dev", "stranger")
REPORT = "report"
DOCUMENT = Path("docs", "performance.md")
# Models of the made-up projects: few for a short measurement, and what is published.
SHORT = {"parse": (200, 2000), "fork": (200, 2000), "deploy": (500,), "growth": (10, 20, 40)}
FULL = {
    "parse": (200, 1000, 2000, 5000),
    "fork": (200, 1000, 2000, 5000),
    "run": (200,),
    "celery": (200,),
    "growth": (50, 100, 200, 400),
    "deploy": (2000,),
}
FEW = (20,)

Names = Annotated[
    list[str] | None,
    typer.Argument(help=f"Any of: {', '.join(BENCHMARKS)}; or {REPORT}: tables and plots anew. [default: all]"),
]
Runs = Annotated[int | None, typer.Option(min=1, help="Runs per line; the median is shown. [default: 1, full: 3]")]
Models = Annotated[list[int] | None, typer.Option(min=1, help="Models of a made-up project; may be given again.")]
Real = Annotated[Path | None, typer.Option("--project", help="A dbt project to take instead.", file_okay=False)]
Full = Annotated[bool, typer.Option("--full", help="The published sizes; takes hours.")]
Write = Annotated[bool, typer.Option("--write", help=f"Keep results in {FOLDER}, tables in {DOCUMENT}.")]


def run(
    names: Names = None,
    *,
    runs: Runs = None,
    models: Models = None,
    project: Real = None,
    full: Full = False,
    write: Write = False,
) -> None:
    """Measure this project beside the plain tools.

    Example: python -m benchmarks parse --models 200 --models 2000
    """
    # A log has no width of its own.
    paths, screen = find_project(), out if out.is_terminal else Console(width=200, highlight=False)
    if names == [REPORT]:
        report(paths)
        return
    for name in [known(name) for name in names or BENCHMARKS]:
        sizes = tuple(models or (FULL if full else SHORT).get(name, FEW))
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            found = measure(name, paths, Options(Path(folder), runs or (3 if full else 1), sizes, project, full))
        for result in found:
            screen.print(as_table(result))
        if write:
            keep(paths.root, name, found)


def report(paths: Paths) -> None:
    """Make the document's tables and plots again from the kept results."""
    from benchmarks.plots import draw

    for name in BENCHMARKS:
        if kept := read(paths.root, name):
            show(paths.root / DOCUMENT, name, kept)
    for file in draw(paths.root):
        out.print(f"{file.relative_to(paths.root)}")


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


def keep(root: Path, name: str, results: list[Result]) -> None:
    """Keep a benchmark's results, and put its tables between its markers in the document."""
    given = "".join(f" {word}" for word in sys.argv[1:] if word not in (*BENCHMARKS, "--write"))
    kept = Kept(machine(root), f".venv/bin/python -m benchmarks {name}{given} --write", results)
    save(root, name, kept)
    show(root / DOCUMENT, name, kept)


def show(document: Path, name: str, kept: Kept) -> None:
    """Put a benchmark's tables between its markers in the document."""
    document.write_text(replace(document.read_text(), name, kept.markdown))


def main() -> None:
    """Run the command; a ProjectError is printed without a traceback and exits with 1."""
    # Else what was started would outlive the command that was ended.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        typer.run(run)
    except ProjectError as error:
        what, where, fix = map(escape, (error.what, error.where, error.fix))
        err.print(f"[red]error:[/] {what}\n  [bold]where:[/] {where}\n  [bold]fix:[/]   {fix}")
        sys.exit(1)


if __name__ == "__main__":
    main()

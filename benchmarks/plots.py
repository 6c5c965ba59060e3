"""The plots of docs/performance.md, from kept results; matplotlib is in the dependency group `bench` only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.growth import series
from benchmarks.measure import SIZE, Result
from benchmarks.results import read
from mwaa_dbt.errors import ProjectError

FOLDER = Path("docs", "images")
PLOTS = {"fork": "task-parse", "run": "dag-run", "celery": "dag-run-celery"}
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    # Else each drawing has other ids, and a diff without a difference.
    "svg.hashsalt": "benchmarks",
    "figure.constrained_layout.use": True,
}
PLAIN, OURS = "#8a8f98", "#d9480f"


def draw(root: Path) -> list[Path]:
    """Draw what there are results of, and return the files.

    Raises:
        ProjectError: if matplotlib is not installed.
    """
    figures: dict[str, Callable[[Any, Result], None]] = {"fork": _lines, "run": _bars, "celery": _bars}
    found = {name: kept.results[0] for name in PLOTS if (kept := read(root, name))}
    return [_save(root / FOLDER / f"{PLOTS[name]}.svg", figures[name], result) for name, result in found.items()]


def _save(file: Path, fill: Callable[[Any, Result], None], result: Result) -> Path:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ProjectError("matplotlib is not installed.", "plots", "run `make bench-report`") from None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4))
        fill(figure.add_subplot(), result)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, metadata={"Date": None})
    return file


def _lines(axes: Any, result: Result) -> None:
    for what, seconds in series(result).items():
        axes.plot(*zip(*seconds.items(), strict=True), marker="o", label=what)
    sizes = sorted({row.facts[SIZE] for row in result.rows if SIZE in row.facts})
    axes.set(xscale="log", yscale="log", xlabel="models", ylabel="seconds", title=result.title)
    axes.set_xticks(sizes, [f"{size:.0f}" for size in sizes], minor=False)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)


def _bars(axes: Any, result: Result) -> None:
    largest = max(row.facts.get(SIZE, 0) for row in result.rows)
    rows = [row for row in result.rows if row.facts.get(SIZE, 0) == largest][::-1]
    first = rows[-1].seconds
    colours = [OURS if row.what.startswith("dbt_group") else PLAIN for row in rows]
    bars = axes.barh([row.what for row in rows], [row.seconds for row in rows], color=colours)
    told = [f"{'> ' * row.stopped}{row.seconds:.0f} s, {row.seconds / first:.1f} x" for row in rows]
    axes.bar_label(bars, told, padding=4)
    axes.margins(x=0.35)
    axes.set(xlabel="seconds", title=f"A whole DAG run of {largest:.0f} models" if largest else "A whole DAG run")

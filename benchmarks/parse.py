"""What it costs to parse a dbt project's DAG: stock Cosmos in both its usual modes, and ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.airflow import Place, Way, compare_ways, place, stock
from benchmarks.measure import Options, Result, stack
from benchmarks.subject import subjects
from scripts.paths import Paths


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure the sample project, and made-up ones or the given one."""
    where = place(paths, replace(options, folder=options.folder / "sample"))
    return [_sample_project(where), _sizes(paths, options)]


def _sample_project(where: Place) -> Result:
    project, full = where.folder / "jaffle_shop", where.manifest("jaffle_shop")
    ways: dict[str, Way] = {
        f"stock Cosmos, manifest ({_size(full)})": stock(where, project, full),
        "stock Cosmos, dbt ls": stock(where, project, None),
        f"dags/jaffle_shop.py ({_size(project / 'manifest.json')})": (where.dags / "jaffle_shop.py", {}),
    }
    return compare_ways("Parse of the sample project", where, "process", ways)


def _sizes(paths: Paths, options: Options) -> Result:
    results = {}
    for subject in subjects(paths, options):
        ways: dict[str, Way] = {
            "stock Cosmos, manifest": subject.manifest,
            "stock Cosmos, dbt ls": subject.dbt_ls,
            "dbt_group": subject.ours,
            'dbt_group, tests="after_each"': subject.tested,
        }
        results[subject.models] = compare_ways("", subject.where, "process", ways)
    of = f"the project {options.project.name}" if options.project else "made-up projects"
    return stack(f"Parse of {of}", results)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"

"""What it costs to parse a dbt project's DAG: stock Cosmos in both its usual modes, and ours."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

from benchmarks.airflow import OURS, Place, Way, compare_ways, place, stock, unzip
from benchmarks.measure import Options, Result
from benchmarks.synthetic import parsed, write
from scripts.archive import full_manifest, pack, slim
from scripts.bundle import bundle
from scripts.paths import Paths
from scripts.projects import DbtProject
from scripts.release import read_record


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure the sample project and a made-up one of many models."""
    where = place(paths, options)
    return [_sample_project(where), _synthetic(where, options.models)]


def _sample_project(where: Place) -> Result:
    project, full = where.folder / "jaffle_shop", where.manifest("jaffle_shop")
    ways: dict[str, Way] = {
        f"stock Cosmos, manifest ({_size(full)})": stock(where, project, full),
        "stock Cosmos, dbt ls": stock(where, project, None),
        f"dags/jaffle_shop.py ({_size(project / 'manifest.json')})": (where.dags / "jaffle_shop.py", {}),
    }
    return compare_ways("Parse of the sample project", where, "process", ways)


def _synthetic(where: Place, models: int) -> Result:
    project = DbtProject("synthetic", where.folder / "synthetic")
    write(project.folder, models)
    parsed(project, where)
    full, thin = where.folder / "full.json", where.folder / "slim.json"
    full.write_bytes(gzip.decompress(full_manifest(project)))
    thin.write_text(json.dumps(slim(json.loads(full.read_bytes())), separators=(",", ":")))
    ours = _release(where, pack(project, where.dags / "dbt" / project.name))
    ways: dict[str, Way] = {
        f"stock Cosmos, manifest ({_size(full)})": stock(where, project.folder, full),
        f"stock Cosmos, slim manifest ({_size(thin)})": stock(where, project.folder, thin),
        "stock Cosmos, dbt ls": stock(where, project.folder, None),
        f"dbt_group ({_size(thin)})": (ours, {"BENCHMARK_PROJECT": project.name}),
    }
    return compare_ways(f"Parse of a project of {models} models", where, "process", ways)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _release(where: Place, archive: Path) -> Path:
    """Make a release of this project, with the built one's code and one more DAG file, and return that file's stub."""
    code = where.folder / "code"
    unzip(where.dags / "dbt" / f"{read_record(where.folder)['digest']}.zip", code)
    (code / "release.json").unlink()
    shutil.copy(OURS, code / "dags")
    bundle(code, where.folder, {archive.parent.name: archive.stem}, "local")
    return where.dags / OURS.name

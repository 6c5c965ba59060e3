"""Small releases made by the build's own code, a real S3 to deploy them to, and processes that parse them."""

from __future__ import annotations

import gzip
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.archive import zip_by_content
from scripts.aws import Aws, Bucket
from scripts.bundle import Made, bundle, keep, stamp_container, write_record
from scripts.deploy.apply import Source, make_live
from scripts.deploy.lock import locked
from scripts.local.sync import Sync
from scripts.release import read_record
from tests.unit.conftest import aws, bucket  # noqa: F401 - fixtures

ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count()
# A DAG file that says from which release it, its helper and its dbt project are.
DAG = """from common import NAME
from mwaa_dbt.project import open_project
SEEN = ["{name}", NAME, (open_project("shop").folder / "model.sql").read_text()]
"""
# What a parser does with a DAG file, in a Python that has none of our packages.
PARSE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("a_dag_file", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(json.dumps(getattr(module, "SEEN", None)))
"""


@dataclass(frozen=True)
class Built:
    """A small build: its folder and what its record says."""

    folder: Path

    @property
    def source(self) -> Source:
        """The build as what a deploy takes."""
        return Source(read_record(self.folder), self.folder)

    @property
    def name(self) -> str:
        """The release's name."""
        return str(self.source.record["release"])


@dataclass(frozen=True)
class Shape:
    """What a small release holds: DAG files, text of the project `shop`, requirements, project `other`.

    `environment` and `sources` are what its record says of where it belongs and what it was made of.
    """

    name: str
    dags: tuple[str, ...] = ("shop.py",)
    requirements: str = "a==1\n"
    other: str = "select 1"
    text: str = DAG
    environment: str = "test"
    sources: str = "s"


def build(shape: Shape, folder: Path) -> Built:
    """Make a build with the build's own code."""
    code, out = folder / "code", folder / "out"
    (code / "dags").mkdir(parents=True)
    (code / "dags" / ".airflowignore").write_text("mwaa_dbt/\ndbt/\n")
    (code / "dags" / "common.py").write_text(f"NAME = {shape.name!r}\n")
    for dag in shape.dags:
        (code / "dags" / dag).write_text(shape.text.format(name=shape.name, dag=dag.removesuffix(".py")))
    ours = shutil.ignore_patterns("__pycache__", "settings.json")
    shutil.copytree(ROOT / "dags" / "mwaa_dbt", code / "dags" / "mwaa_dbt", ignore=ours)
    out.mkdir()
    (out / "requirements.txt").write_text(shape.requirements)
    # An empty one: all that a zip must have is its end.
    (out / "plugins.zip").write_bytes(b"PK\5\6" + bytes(18))
    (out / "startup.sh").write_text("export MWAA_DBT_CONTAINER=''\n")
    stamp_container(out)
    made = {name: _project(out, name, text) for name, text in (("shop", shape.name), ("other", shape.other))}
    digest = bundle(code, out, {name: project.archive for name, project in made.items()}, shape.environment)
    projects = {name: {"archive": project.archive, "manifest": project.manifest} for name, project in made.items()}
    about = {
        "environment": shape.environment,
        "sources": shape.sources,
        "git": {"revision": "abc"},
        "dags": [{"dag": d} for d in shape.dags],
    }
    write_record(out, digest, projects, about)
    return Built(out)


def _project(out: Path, name: str, text: str) -> Made:
    path = zip_by_content({"model.sql": text.encode(), "manifest.json": b"{}"}, out / "dags" / "dbt" / name)
    return Made(path.stem, keep(out, gzip.compress(f"manifest of {name}: {text}".encode(), mtime=0)))


def deploy(bucket: Bucket, built: Built) -> None:  # noqa: F811 - the fixture's value
    """Make a build live."""
    with locked(bucket) as lock:
        make_live(bucket, built.source, lock, "deploy")


def parse(dags: Path, home: Path) -> dict[str, list[str]]:
    """Run every DAG file of a folder, each in a process of its own; return file → SEEN of those that define it."""
    files = [path for path in sorted(dags.glob("*.py")) if path.name != "common.py"]
    started = [_start(path, home) for path in files]
    answers = {path.name: _answer(process) for path, process in zip(files, started, strict=True)}
    return {name: seen for name, seen in answers.items() if seen}


def _start(file: Path, home: Path) -> subprocess.Popen[str]:
    command = [f"{sys.base_prefix}/bin/python3", "-S", "-P", "-c", PARSE, str(file)]
    return subprocess.Popen(
        command, env={"MWAA_DBT_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _answer(process: subprocess.Popen[str]) -> list[str] | None:
    answer, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    return list(found) if (found := json.loads(answer)) else None


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Built]:
    """Return a function that makes a small build."""

    def made(name: str, **shape: Any) -> Built:
        return build(Shape(name, **shape), tmp_path / f"build-{next(NUMBERS)}")

    return made


@pytest.fixture
def container(bucket: Bucket, tmp_path: Path) -> Callable[[], dict[str, list[str]]]:  # noqa: F811 - the fixture's value
    """Return a function that syncs the bucket to a container as MWAA does, and parses what it got."""
    sync = Sync(bucket, tmp_path / "container" / "dags")

    def look() -> dict[str, list[str]]:
        sync.once()
        return parse(sync.folder, tmp_path / "container" / "home")

    return look


__all__ = ["Aws", "Built", "Shape", "build", "deploy", "parse"]

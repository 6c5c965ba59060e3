"""A release: its one archive, the stubs that open it, and the record that is kept of it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion

POINTER = "dags/dbt/current.json"
READER = "mwaa_dbt/reader.py"
# What an MWAA environment reads once, when its containers start; a change needs an update of the environment.
STARTED_WITH = ("requirements.txt", "plugins.zip", "startup.sh")
RECORDED = {"release", "digest", "environment", "sources", "dags", "projects", "files", "archives"}
SHORT = 12  # characters of a digest that make a release's name


@dataclass(frozen=True)
class File:
    """A file's or object's content: SHA-256 in hex, size in bytes."""

    sha256: str
    size: int


def describe(path: Path) -> File:
    """Return what a file holds."""
    with path.open("rb") as file:
        return File(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def files(folder: Path) -> dict[str, File]:
    """Return path → content of every file below a folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): describe(path) for path in paths}


def stub(dags: Path, name: str) -> str:
    """Return what stands in the bucket in a DAG file's place: its source to look at, and the reader."""
    source = "".join(f"# | {line}".rstrip() + "\n" for line in _text(dags / name).splitlines())
    return (
        f"# {name}: made by `mwaa build`. This Airflow DAG is in the release that the reader below opens;\n"
        f"# here is its source, for those who look:\n{source}\n"
        f"{(dags / READER).read_text()}\n\nopen_dag_file(__file__, {name!r}, globals())\n"
    )


def dag_files(dags: Path) -> list[str]:
    """Return the files that get a stub: those beside which Airflow would look for DAGs."""
    names = [path.relative_to(dags).as_posix() for path in sorted(dags.rglob("*.py"))]
    return [name for name in names if "/" not in name or (not name.startswith("mwaa_dbt/") and _says_dag(dags / name))]


def _says_dag(path: Path) -> bool:
    # Airflow's own heuristic (airflow/utils/file.py, might_contain_dag_via_default_heuristic, of 3.3.1).
    text = _text(path).lower()
    return "airflow" in text and ("dag" in text or "asset" in text)


def _text(path: Path) -> str:
    # A DAG file may be in another coding, which its stub, made to be looked at, cannot be.
    return path.read_text(encoding="utf-8", errors="replace")


def read_record(build: Path) -> dict[str, Any]:
    """Return the record of a build.

    Raises:
        ProjectError: if there is no build, or not a whole one.
    """
    try:
        (digest,) = json.loads((build / POINTER).read_text())["releases"]
        record = dict(json.loads((build / "releases" / digest[:SHORT] / "release.json").read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"There is no whole build: {error}.", str(build), f"run `mwaa build --env {build.name}`"
        ) from None
    if lacking := RECORDED - set(record):
        raise ProjectError(
            f"The build is of another version of this program: its record lacks {', '.join(sorted(lacking))}.",
            str(build),
            f"run `mwaa build --env {build.name}`",
        )
    return record


def check_dag(build: Path, dag: str) -> None:
    """Raise ProjectError if a build has no such DAG."""
    known = [one["dag"] for one in read_record(build)["dags"]]
    if dag not in known:
        raise ProjectError(
            f"There is no DAG {dag!r}.{suggestion(dag, known)}", "dags/", f"name one of: {', '.join(sorted(known))}"
        )


def provenance(root: Path) -> dict[str, Any]:
    """Return where a release comes from: the git revision and the pinned versions."""
    return {"git": _git(root), "versions": _versions(root)}


def _git(root: Path) -> dict[str, Any]:
    revision = _ask(root, "rev-parse", "HEAD")
    return {"revision": revision, "dirty": bool(_ask(root, "status", "--porcelain")) if revision else None}


def _ask(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def pins(text: str) -> dict[str, str]:
    """Return package → version of the lines of a requirements file that pin one."""
    return dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([\w.+!-]+)", text, re.MULTILINE))


def _versions(root: Path) -> dict[str, str]:
    found = pins((root / "requirements.txt").read_text()) | pins((root / "dbt" / "requirements.txt").read_text())
    wanted = ("apache-airflow", "astronomer-cosmos", "dbt-core", "dbt-snowflake")
    return {name: found[name] for name in wanted if name in found}

"""release.json: what a build is made of, down to each file's digest."""

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
from scripts.paths import Paths


@dataclass(frozen=True)
class Release:
    """One build: its name is the digest of its files, so the same sources give the same name."""

    name: str
    files: dict[str, dict[str, Any]]


def describe(folder: Path) -> Release:
    """Return a build folder's files with SHA-256 and size in bytes, and the name that follows from them."""
    files = {
        path.relative_to(folder).as_posix(): _file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "release.json"
    }
    text = json.dumps(files, sort_keys=True)
    return Release(hashlib.sha256(text.encode()).hexdigest()[:12], files)


def _file(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def check_dag(build: Path, dag: str) -> None:
    """Raise ProjectError if a build has no such DAG."""
    release = json.loads((build / "dags/dbt/current.json").read_text())["release"]
    known = [one["dag"] for one in json.loads((build / "releases" / release / "release.json").read_text())["dags"]]
    if dag not in known:
        raise ProjectError(
            f"There is no DAG {dag!r}.{suggestion(dag, known)}", "dags/", f"name one of: {', '.join(sorted(known))}"
        )


def record(paths: Paths, environment: str, release: Release, extra: dict[str, Any]) -> dict[str, Any]:
    """Return the content of release.json."""
    return {
        "release": release.name,
        "environment": environment,
        "git": _git(paths.root),
        "versions": _versions(paths.root),
        **extra,
        "files": release.files,
    }


def _git(root: Path) -> dict[str, Any]:
    revision = _ask(root, "rev-parse", "HEAD")
    return {"revision": revision, "dirty": bool(_ask(root, "status", "--porcelain")) if revision else None}


def _ask(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _versions(root: Path) -> dict[str, str]:
    pins = (root / "requirements.txt").read_text() + (root / "dbt" / "requirements.txt").read_text()
    wanted = ("apache-airflow", "astronomer-cosmos", "dbt-core", "dbt-snowflake")
    found = dict(re.findall(r"^([\w.-]+)==([\w.]+)", pins, re.MULTILINE))
    return {name: found[name] for name in wanted if name in found}

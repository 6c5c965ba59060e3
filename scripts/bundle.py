"""The end of a build: code and projects become one release, laid out as S3 will hold it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.archive import read_files, zip_by_content
from scripts.release import POINTER, SHORT, STARTED_WITH, dag_files, files, pins, stub

# Outside the DAG prefix, each named by its SHA-256: what a later rollback or state:modified needs.
KEPT_FILES = "releases/files"
STAMP = re.compile(r"^(\s*export MWAA_DBT_CONTAINER=)\S*$", re.MULTILINE)


@dataclass(frozen=True)
class Made:
    """A dbt project in a build: SHA-256 of its archive, and of its gzipped full manifest."""

    archive: str
    manifest: str


def stamp_container(out: Path) -> None:
    """Write into startup.sh what a container is started with, so that it can say so itself."""
    script = out / "startup.sh"
    contents = b"\0".join((out / name).read_bytes() for name in STARTED_WITH)
    digest = hashlib.sha256(contents).hexdigest()
    stamped, count = STAMP.subn(rf"\g<1>{digest}", script.read_text())
    if count != 1:
        raise ProjectError(
            "startup.sh has no place for the container's digest.",
            "startup.sh",
            "restore its line `export MWAA_DBT_CONTAINER=''`",
        )
    script.write_text(stamped)


def container_digest(out: Path) -> str:
    """Return the digest that startup.sh of a build carries."""
    found = STAMP.search((out / "startup.sh").read_text())
    return found[0].split("=")[1].strip("'") if found else ""


def keep(out: Path, content: bytes) -> str:
    """Keep a content with the releases and return its SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    (out / KEPT_FILES).mkdir(parents=True, exist_ok=True)
    (out / KEPT_FILES / digest).write_bytes(content)
    return digest


def bundle(code: Path, out: Path, projects: dict[str, str], environment: str) -> str:
    """Write the release's archive, the stubs and the pointer; return the archive's digest.

    Args:
        code: the folder with `dags`.
        out: the build's folder, with the projects' archives in place.
        projects: project → digest of its archive.
        environment: what it is built for.
    """
    description = {
        "container": container_digest(out),
        "environment": environment,
        "projects": projects,
        "requirements": pins((out / "requirements.txt").read_text()),
    }
    members = {"release.json": json.dumps(description, sort_keys=True).encode(), **dict(read_files(code))}
    digest = zip_by_content(members, (out / POINTER).parent).stem
    (out / POINTER).write_text(json.dumps({"releases": [digest]}) + "\n")
    for name in dag_files(code / "dags"):
        path = out / "dags" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(stub(code / "dags", name))
    _copy_data(code / "dags", out / "dags")
    return digest


def _copy_data(dags: Path, out: Path) -> None:
    # Airflow finds templates beside a DAG file, and requirements.txt may name a constraints file in the DAG folder.
    for path in dags.rglob("*"):
        name = path.relative_to(dags)
        if path.is_file() and path.suffix != ".py" and name.parts[0] != "mwaa_dbt":
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, out / name)


def write_record(out: Path, digest: str, projects: dict[str, Any], about: dict[str, Any]) -> None:
    """Write release.json: what the release is made of, down to each file's digest.

    `files` are those that a deploy puts in the place of older ones, `archives` those named by their content.
    """
    there = {name: asdict(file) for name, file in files(out).items() if name != POINTER}
    immutable = {name for name in there if name.endswith(".zip") and name.startswith("dags/dbt/")}
    immutable |= {name for name in there if name.startswith(KEPT_FILES)}
    record = {
        "release": digest[:SHORT],
        "digest": digest,
        **about,
        "container": container_digest(out),
        "projects": projects,
        "files": {name: file for name, file in there.items() if name not in immutable},
        "archives": {name: there[name] for name in sorted(immutable)},
    }
    folder = out / "releases" / digest[:SHORT]
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps(record, indent=2) + "\n")

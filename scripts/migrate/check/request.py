"""What the command line asks for, as a case: where the files are, and from which version to which."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import REHEARSAL, load
from mwaa_dbt.tables import suggestion
from scripts.airflow.environment import Environment
from scripts.console import step
from scripts.doctor.constraints import IMAGES
from scripts.doctor.pins import PYTHON
from scripts.migrate.between import Old
from scripts.migrate.check.command import Request
from scripts.migrate.check.examine import Case
from scripts.migrate.check.source import Move, Place
from scripts.migrate.sides import find_old
from scripts.paths import Paths, find_project
from scripts.versions import PAGE, VERSIONS, number, offered

LAST_2 = next(name for name in VERSIONS if number(name) < (3,))


@contextmanager
def read_case(request: Request) -> Iterator[Case]:
    """Yield what is to be checked; what was fetched of an old environment is gone afterwards.

    Raises:
        ProjectError: if a version, folder, table or environment is wrong.
    """
    paths = find_project()
    settings = load(paths.settings)
    to = _target(request.to or settings.project.airflow_version)
    old = _old(paths, request) if request.old else None
    before = _before(request, old, to, settings.project.airflow_version)
    with tempfile.TemporaryDirectory() as fetched:
        root = _root(paths, request, old, Path(fetched))
        place = Place(root)
        given, where = _options(paths, request, old)
        yield Case(
            paths,
            place,
            Move(before, to),
            request.requirements or place.requirements,
            given,
            where,
            request.images or IMAGES,
            None if request.no_import else request.seconds,
            _built(paths, request) if root == paths.root and not request.no_import else None,
        )


def _target(version: str) -> str:
    wanted = [name for name in offered() if VERSIONS[name].python == PYTHON]
    if version not in wanted:
        what = f"MWAA does not offer Airflow {version!r} to migrate to.{suggestion(version, wanted)}"
        raise ProjectError(what, "--to", f"use one of: {', '.join(wanted)} ({PAGE})")
    return version


def _before(request: Request, old: Environment | None, to: str, own: str) -> str:
    version = request.before or (old.version if old else None)
    if version is None:
        version = min(own if request.folder is None else LAST_2, to, key=number)
    if not number(version):
        raise ProjectError(f"{version!r} is no version of Airflow.", "--from-version", "write it as 2.10.3")
    if number(version) > number(to):
        raise ProjectError(
            f"From Airflow {version} to {to} is the way back.",
            "--from-version, --to",
            "exchange them, or take a later --to",
        )
    return version


def _old(paths: Paths, request: Request) -> Environment:
    new = request.environment or next(iter(load(paths.settings).environments))
    return find_old(paths, Old(str(request.old), request.region, request.profile), new)


def _root(paths: Paths, request: Request, old: Environment | None, fetched: Path) -> Path:
    if request.folder is None:
        return _fetch(old, fetched) if old else paths.root
    root = request.folder.expanduser().resolve()
    if not root.is_dir():
        what = "is a file" if root.exists() else "is not there"
        raise ProjectError(f"{request.folder} {what}.", "FOLDER", "name the folder that holds the DAG files")
    return root


def _fetch(old: Environment, folder: Path) -> Path:
    """Return a folder with an environment's DAG files and requirements.txt."""
    with step(f"DAG files of {old.mwaa.name}") as notes:
        head = f"{old.dags}/"
        wanted = {
            key: folder / "dags" / key.removeprefix(head) for key in old.bucket.objects(head) if not key.endswith("/")
        }
        if file := old.described.get("RequirementsS3Path"):
            wanted[str(file)] = folder / "requirements.txt"
        for key, path in wanted.items():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ProjectError(f"{key} leads out of its folder.", f"bucket {old.bucket.name}", "rename it")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(old.bucket.get(key))
        notes.append(f"{len(wanted)} objects")
    return folder


def _options(paths: Paths, request: Request, old: Environment | None) -> tuple[dict[str, str], str]:
    if old:
        found = old.described.get("AirflowConfigurationOptions") or {}
        return {str(name): str(value) for name, value in found.items()}, f"options of {old.mwaa.name}"
    if request.environment:
        table = load(paths.settings).environment(request.environment)
        return dict(table.airflow), f"settings.toml, environments.{request.environment}.airflow"
    return {}, "options"


def _built(paths: Paths, request: Request) -> Path | None:
    """Return where this project's own DAG files import: they need the release that the build puts beside them."""
    name = request.environment or REHEARSAL
    folder = paths.build(name) / "dags"
    if not folder.is_dir():
        raise ProjectError(
            "This project's DAG files import out of a build only.",
            str(folder.parent),
            f"run `mwaa build --env {name}`, or add --no-import",
        )
    return folder

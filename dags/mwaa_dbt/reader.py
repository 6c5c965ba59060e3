"""Run one DAG file of the newest release that is whole in this container.

`mwaa build` puts this text in the place of every DAG file. MWAA copies the bucket's objects to a container one by one
and in no order, so whatever must fit together travels in one archive, and each file beside it must stand alone: hence
no import here but Python's own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Newer than any file: of dbt's partial parses Cosmos takes the youngest (cosmos/cache.py), and its own cache holds that
# of the last run, which may have had other vars. The shipped one always fits.
FAR_FUTURE = 4_102_444_800  # 2100-01-01, seconds since the epoch


class ReleaseError(Exception):
    """Tell that no release is whole in this container."""


def open_dag_file(file: str, name: str, namespace: dict[str, Any]) -> None:
    """Execute the release's DAG file in the place of a stub.

    Args:
        file: the stub's path.
        name: its path below the DAG folder.
        namespace: the stub's globals, where Airflow looks for DAGs. A release without this file leaves them empty.
    """
    source = open_release(Path(file.removesuffix(name)) / "dbt") / "dags" / name
    code = compile(source.read_bytes(), str(source), "exec", dont_inherit=True) if source.is_file() else None
    # A DAG file that forgot an import must not find it here; nor does what follows find anything of this module.
    kept, modules = {key: value for key, value in namespace.items() if key.startswith("__")}, sys.modules
    kept.update(__file__=str(source), __doc__=None)
    fault: Exception | None = None
    try:
        while True:
            namespace.clear()
            namespace.update(kept)
            try:
                exec(code or "", namespace)  # noqa: S102 - as Python's own import does
            except Exception as error:
                fault = error
            # The process of a task makes no other, and starts again if the DAG file wants more of them.
            sliced = modules.get("mwaa_dbt.sliced")
            if not (sliced and sliced.give_up(fault)):
                break
            fault = None
        if fault:
            raise fault
    finally:
        # Airflow tells workers which file to parse by it.
        namespace["__file__"] = file


def open_release(store: Path) -> Path:
    """Return the folder of the newest whole release, unpacked once per container; its code comes first on sys.path.

    A process stays with the release that it opened first, since it has imported its modules.

    Args:
        store: the folder `dbt` of the DAG folder.

    Raises:
        ReleaseError: if no release is whole here; it names what is missing.
    """
    home, reasons = home_folder(), dict[str, str]()
    if opened := _opened(home):
        return opened
    for folder in _whole(store, home, reasons):
        if _hold(folder):
            _forget_others(folder, home)
            sys.path.insert(0, str(folder / "dags"))
            return folder
    missing = "\n  ".join(f"{digest[:12]}: {reason}" for digest, reason in reasons.items()) or "no archive at all"
    raise ReleaseError(
        f"No release is whole in this container.\n  {missing}\n  where: {store}\n"
        "  fix:   wait for MWAA's next copy from S3 (30 s); if this stays, run `mwaa drift`, then `mwaa deploy`"
    )


def home_folder() -> Path:
    """Return the folder outside the DAG folder where releases are unpacked and dbt may write."""
    return Path(os.environ.get("MWAA_DBT_HOME", "/tmp/mwaa_dbt"))  # noqa: S108 - MWAA's writable disk


def _forget_others(folder: Path, home: Path) -> None:
    # plugins/release.py imports before the fork, and there may be a newer release by now.
    file = getattr(sys.modules.get("mwaa_dbt"), "__file__", None) or ""
    if file.startswith(f"{home}/releases/") and not file.startswith(f"{folder}/"):
        for name in [name for name in sys.modules if name.partition(".")[0] == "mwaa_dbt"]:
            del sys.modules[name]


def _opened(home: Path) -> Path | None:
    folders = [Path(entry).parent for entry in sys.path]
    return next((folder for folder in folders if folder.parent == home / "releases" and folder.is_dir()), None)


def _whole(store: Path, home: Path, reasons: dict[str, str]) -> Iterator[Path]:
    pointed, others = _pointed(store), []
    for folder in _unpacked(pointed, store, home, reasons):
        # A release that wants other packages waits for the containers that have them.
        if _fits(folder):
            yield folder
        else:
            others.append(folder)
    yield from others
    found = (*store.glob("*.zip"), *_folders(home / "releases"))
    newest = sorted(found, key=_age)
    yield from _unpacked([path.stem for path in newest if path.stem not in pointed], store, home, reasons)


def _age(path: Path) -> float:
    # The sync or a sweep may have just removed it.
    with suppress(OSError):
        return -path.stat().st_mtime
    return 0.0


def _folders(parent: Path) -> list[Path]:
    return [folder for folder in parent.glob("*/") if not folder.name.startswith(".")]


def _pointed(store: Path) -> list[str]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return [str(digest) for digest in json.loads((store / "current.json").read_text())["releases"]]
    return []


def _fits(folder: Path) -> bool:
    # Without MWAA_DBT_CONTAINER nothing is known of this container, and so nothing is asked of it.
    known = os.environ.get("MWAA_DBT_CONTAINER")
    with suppress(OSError):
        return not known or bool(json.loads((folder / "release.json").read_text())["container"] == known)
    return False


def _unpacked(digests: list[str], store: Path, home: Path, reasons: dict[str, str]) -> Iterator[Path]:
    for digest in digests:
        folder = home / "releases" / digest
        try:
            if not folder.is_dir():
                _unpack(digest, store, home)
        except Exception as error:
            # Whatever is wrong with one release, another may be whole.
            reasons[digest] = str(error)
            logging.getLogger(__name__).warning("Release %s is passed over: %s", digest[:12], error)
        else:
            yield folder


def _unpack(digest: str, store: Path, home: Path) -> None:
    archive, folder = _verified(store / f"{digest}.zip"), home / "releases" / digest
    with zipfile.ZipFile(archive) as opened:
        projects = json.loads(opened.read("release.json"))["projects"]
    with _alone(home):
        for name, project in projects.items():
            if not (home / "projects" / project).is_dir():
                _extract(_verified(store / name / f"{project}.zip"), home / "projects" / project)
        if not folder.is_dir():
            _extract(archive, folder)
        # What cannot be removed now is no reason to pass over what is whole.
        with suppress(OSError, ValueError):
            _sweep(home, {digest, *_pointed(store)})


def _verified(archive: Path) -> Path:
    if not archive.is_file():
        raise ReleaseError(f"{archive.name} is not here")
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != archive.stem:
            raise ReleaseError(f"{archive.name} is not whole: {archive.stat().st_size} bytes")
    return archive


def _extract(archive: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A rename is atomic: another process sees the whole folder or none, even after a kill.
    temporary = Path(tempfile.mkdtemp(prefix=".half-", dir=folder.parent))
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(temporary)
        parse = temporary / "target" / "partial_parse.msgpack"
        if parse.exists():
            os.utime(parse, (FAR_FUTURE, FAR_FUTURE))
        # Releases are ordered by it, packed or not, where no pointer does.
        os.utime(temporary, (archive.stat().st_mtime,) * 2)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # What a killed process left behind; nobody else unpacks or sweeps while we hold the lock.
        for leftover in home.glob("*/.half-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _hold(folder: Path) -> bool:
    """Keep a release's folder from being swept until this process ends; say whether it is there."""
    # A disk that is full or cannot be written to is not swept, either.
    with suppress(OSError):
        fcntl.flock(os.open(folder.with_suffix(".lock"), os.O_RDONLY | os.O_CREAT, 0o644), fcntl.LOCK_SH)
    return folder.is_dir()


def _sweep(home: Path, kept: set[str]) -> None:
    """Remove unpacked releases that no process has open, then the projects that no release has."""
    for folder in _folders(home / "releases"):
        if folder.name not in kept:
            with folder.with_suffix(".lock").open("a") as file, suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
    descriptions = [json.loads((folder / "release.json").read_text()) for folder in _folders(home / "releases")]
    used = {project for description in descriptions for project in description["projects"].values()}
    for folder in _folders(home / "projects"):
        if folder.name not in used:
            _remove(folder)


def _remove(folder: Path) -> None:
    # Renamed first: what a kill leaves of it must not be taken for whole.
    half = folder.rename(folder.with_name(f".half-{folder.name}"))
    shutil.rmtree(half, ignore_errors=True)

"""Whether a build is still that of the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from scripts.paths import PACKAGE, Paths
from scripts.projects import MADE
from scripts.release import read_record

SOURCES = ("dags", "dbt", "locks", "plugins", "requirements.txt", "settings.toml", "startup.sh")


def fingerprint(paths: Paths) -> str:
    """Return a digest over all that a build is made of, this program included; the same in any folder.

    Raises:
        ProjectError: if a source is a link that leaves the project.
    """
    refuse_links(paths)
    digest = hashlib.sha256()
    for root in (*(paths.root / name for name in SOURCES), PACKAGE):
        for path in sorted(_files(root)):
            digest.update(f"{path.relative_to(root.parent)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def refuse_links(paths: Paths) -> None:
    """Refuse links out of the project: whoever may change a model could have a build machine's own files shipped.

    Raises:
        ProjectError: for a link to a file elsewhere, and for one to a folder that it is in itself.
    """
    home = paths.root.resolve()
    for link in (path for name in SOURCES for path in _links(paths.root / name)):
        target = link.resolve()
        if not target.is_relative_to(home) or link.parent.resolve().is_relative_to(target):
            where = link.relative_to(paths.root)
            raise ProjectError(f"{where} is a link to {target}.", str(where), "put the file or folder itself there")


def _links(root: Path) -> Iterator[Path]:
    if root.is_symlink():
        yield root
        return
    made = MADE if (root / "dbt_project.yml").is_file() else set()
    for path in root.iterdir() if root.is_dir() else ():
        if path.name not in made:
            yield from _links(path)


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    # What Python and a dbt run by hand leave beside the sources is none.
    made = MADE if (root / "dbt_project.yml").is_file() else set()
    for path in root.iterdir() if root.is_dir() else ():
        if path.name not in made | {"__pycache__"}:
            yield from _files(path)


def is_current(paths: Paths, environment: str) -> bool:
    """Say whether build/<environment> is there and nothing has changed since."""
    try:
        return bool(read_record(paths.build(environment))["sources"] == fingerprint(paths))
    except ProjectError:
        return False

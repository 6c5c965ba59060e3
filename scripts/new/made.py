"""What a command has made so far: taken away again if it ends otherwise than well."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from scripts.paths import Paths


@contextmanager
def undone() -> Iterator[list[Path]]:
    """Yield a list for paths that are new; on an error or Ctrl-C they are removed, the last first."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in reversed(made):
            remove(path)
        raise


@contextmanager
def workplace(paths: Paths) -> Iterator[Path]:
    """Yield an empty folder on the project's own disk, so that what is ready is moved out of it by one rename."""
    paths.state.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=paths.state, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def refuse_existing(root: Path, path: Path, fix: str) -> None:
    """Raise ProjectError if a path is taken: what is there is never written over."""
    if path.exists() or path.is_symlink():
        name = path.relative_to(root).as_posix()
        raise ProjectError(f"There is {name} already; it was left as it is.", name, fix)

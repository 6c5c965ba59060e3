"""A copy of a dbt project that follows its sources: dbt writes there, and never beside them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from scripts.projects import LEFT_OUT, LOCK, MADE, DbtProject

type Stamp = tuple[int, int]


class Mirror:
    """Copies what has changed since its last look; what dbt has made in the copy (packages, target, logs) stays."""

    def __init__(self, source: DbtProject, target: Path) -> None:
        self._source, self._target = source, target
        self._seen: dict[str, Stamp] = {}

    def follow(self) -> list[str]:
        """Bring the copy up to the source and return the files that differed; the first look copies all."""
        there = dict(_files(self._source.folder))
        changed = [name for name, stamp in there.items() if self._seen.get(name) != stamp and self._copy(name)]
        gone = sorted(self._seen.keys() - there.keys()) if self._seen else self._strangers(there)
        for name in gone:
            (self._target / name).unlink(missing_ok=True)
        self._seen = there
        return sorted([*changed, *gone])

    def _copy(self, name: str) -> bool:
        (self._target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(self._source.folder / name, self._target / name)
        except FileNotFoundError:
            return False  # an editor's, gone meanwhile
        return True

    def _strangers(self, wanted: dict[str, Stamp]) -> list[str]:
        """Return what an earlier copy still has, and the source has no more."""
        packages = self._source.packages.relative_to(self._source.folder)
        left = [name for name, _ in _files(self._target) if name not in wanted]
        return [name for name in left if name != LOCK and not Path(name).is_relative_to(packages)]


def _files(root: Path) -> Iterator[tuple[str, Stamp]]:
    for folder, folders, files in os.walk(root):
        left = LEFT_OUT | (MADE if Path(folder) == root else set())
        folders[:] = [name for name in folders if name not in left]
        for path in (Path(folder, name) for name in files if name not in left and not name.startswith(".")):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue  # an editor's, gone meanwhile
            yield path.relative_to(root).as_posix(), (about.st_size, about.st_mtime_ns)

"""One task's nodes, out of a project of any size: a line of a sorted file, found by halving."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

FILE = Path("target", "slices")


def find(folder: Path, name: str) -> list[dict[str, Any]]:
    r"""Return the slices of a name, each a slim manifest of one node and its tests; none if there is no such name.

    A few reads of the file, whatever its size: scripts/slices.py has sorted its lines, `<name>\t<JSON>`.

    Args:
        folder: the unpacked project.
        name: as in task ids: a node's name, a version's dot made an underscore.
    """
    path, wanted = folder / FILE, f"{name}\t".encode()
    if not path.is_file():
        return []
    with path.open("rb") as file:
        low, high = 0, path.stat().st_size
        while low < high:
            middle = (low + high) // 2
            # The line that begins at or after the middle.
            file.seek(max(middle - 1, 0))
            if middle:
                file.readline()
            line = file.readline()
            if line and line[: len(wanted)] < wanted:
                low = file.tell()
            else:
                high = middle
        return list(_lines(file, low, wanted))


def _lines(file: BinaryIO, start: int, wanted: bytes) -> Iterator[dict[str, Any]]:
    file.seek(start)
    while (line := file.readline()).startswith(wanted):
        yield json.loads(line[len(wanted) :])

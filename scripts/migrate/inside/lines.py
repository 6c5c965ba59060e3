"""Rows as they are kept: compressed JSON lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

ROWS = 5000  # of a part


def packed(rows: Iterable[Any]) -> bytes:
    """Return rows as compressed JSON lines, the same bytes for the same rows."""
    return gzip.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode(), 6, mtime=0)


def unpacked(data: bytes) -> list[Any]:
    """Return the rows of compressed JSON lines."""
    return [json.loads(line) for line in gzip.decompress(data).decode().split("\n") if line]

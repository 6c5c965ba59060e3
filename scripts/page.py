"""Pages for a browser: one file that asks nobody for anything."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: Path, text: str) -> int:
    """Write a page whole or not at all, and return its size in bytes."""
    content, file = text.encode(), file.resolve()
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return len(content)

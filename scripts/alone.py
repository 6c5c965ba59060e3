"""One command at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mwaa_dbt.errors import ProjectError


@contextmanager
def alone(file: Path, refused: ProjectError) -> Iterator[None]:
    """Hold a lock; the kernel frees that of a command that was killed.

    Raises:
        ProjectError: the given one, if another command holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refused from None
        yield

"""On what a measurement was made."""

from __future__ import annotations

import ensurepip
import os
import platform
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

NAMED = ("apache-airflow", "astronomer-cosmos", "dbt-core", "dbt-snowflake", "uv")


def machine(root: Path) -> str:
    """Return one sentence: date, cores, memory, and the versions that the project pins."""
    memory = psutil.virtual_memory().total / 2**30
    where = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"
    found = dict(_pins(root))
    versions = [f"Python {platform.python_version()}", f"pip {ensurepip.version()}"]
    versions += [f"{name} {found[name]}" for name in NAMED if name in found]
    return f"Measured on {datetime.now(UTC):%Y-%m-%d}: {where}; {', '.join(versions)}."


def _pins(root: Path) -> Iterator[tuple[str, str]]:
    for name in ("requirements.txt", "dbt/requirements.txt", "startup.sh"):
        for pin in re.finditer(r"\b([\w-]+)==([\w.]+)", (root / name).read_text()):
            yield pin[1], pin[2]

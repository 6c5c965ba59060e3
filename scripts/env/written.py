"""A new environment written into settings.toml, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Settings, load


def as_text(name: str, tables: Mapping[str, Any]) -> str:
    """Return the tables of an environment as TOML, each kind under a header of its own."""
    document = tomlkit.document()
    environments = tomlkit.table(is_super_table=True)
    environments.add(name, _table(tables))
    document.add("environments", environments)
    return tomlkit.dumps(document)


def _table(tables: Mapping[str, Any]) -> Any:
    made = tomlkit.table()
    # Values first: what stands below a header belongs to it.
    for key, value in sorted(tables.items(), key=lambda item: isinstance(item[1], Mapping)):
        made.add(key, _table(value) if isinstance(value, Mapping) else value)
    return made


def read_back(path: Path, text: str) -> Settings:
    """Return what settings.toml would say with these lines at its end.

    Raises:
        ProjectError: if it would not be valid with them.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, path.name)
        whole.write_text(_joined(path, text))
        try:
            return load(whole)
        except ProjectError as error:
            raise ProjectError(f"The copy is no valid environment: {error.what}", error.where, error.fix) from None


def append(path: Path, text: str) -> None:
    """Add lines to the end of settings.toml; whoever reads meanwhile sees the old file or the new one, whole."""
    partial = path.with_suffix(".part")
    partial.write_text(_joined(path, text))
    os.chmod(partial, path.stat().st_mode)  # noqa: PTH101 - as it was
    partial.rename(path)


def _joined(path: Path, text: str) -> str:
    return f"{path.read_text().rstrip()}\n\n{text}"

"""What a DAG file asks of its dbt group."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mwaa_dbt.sizing import Execution

Tests = Literal["build", "after_each", "after_all", "none"]
Folders = Literal["folder", "layer"]


class Wish(NamedTuple):
    """The arguments of dbt_group; see there."""

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tests: Tests = "build"
    execution: Execution = "watcher"
    freshness: bool = False
    folders: Folders | None = None

    @property
    def excluded(self) -> str | None:
        """The excluded nodes as Cosmos' operators take them."""
        return " ".join(self.exclude) or None

"""What the versions of Airflow that MWAA offers mean for an environment that is made or brought to another one."""

from __future__ import annotations

from mwaa_dbt.errors import ProjectError
from scripts.versions import not_offered, not_upgraded, offered

JUMP = "up to 2 hours; the UI is away, running tasks are ended; MWAA takes a snapshot and goes back if it fails"


def check_offered(version: str, where: str) -> None:
    """Raise ProjectError for a version that a new environment cannot have."""
    if reason := not_offered(version):
        fix = f"use one of: {', '.join(offered())}; docs/locks.md says what else a version needs"
        raise ProjectError(reason, where, fix)


def check_jump(before: str, after: str, where: str) -> None:
    """Raise ProjectError for a change of version that MWAA does not do in place."""
    if reason := not_upgraded(before, after):
        raise ProjectError(reason, where, "go that way, or make a new environment of it: `mwaa env clone`")

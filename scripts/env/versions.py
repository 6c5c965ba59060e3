"""The versions of Airflow that MWAA offers, and how an environment gets from one to another."""

from __future__ import annotations

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion

# MWAA user guide, airflow-versions (2026-09). The API's own model has free text here, so nothing else knows it.
OFFERED = ("3.3.1", "3.2.1", "3.0.6", "2.11.2", "2.11.0", "2.10.3", "2.10.1", "2.9.2", "2.8.1", "2.7.2")
# Between the majors environments go through this minor only, up and down (MWAA user guide, upgrading-environment).
BRIDGE = (2, 11)
BOTH_WAYS = (3, 2)  # the first with PUBLIC_AND_PRIVATE
JUMP = "up to 2 hours; the UI is away, running tasks are ended; MWAA takes a snapshot and goes back if it fails"


def number(version: str) -> tuple[int, ...]:
    """Return a version in a form that compares."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def check_offered(version: str, where: str) -> None:
    """Raise ProjectError for a version that MWAA has not."""
    if version not in OFFERED:
        raise ProjectError(
            f"MWAA has no Airflow {version}.{suggestion(version, list(OFFERED))}",
            where,
            f"use one of: {', '.join(OFFERED)}; docs/locks.md says what else a version needs",
        )


def check_jump(before: str, after: str, where: str) -> None:
    """Raise ProjectError for a change of version that MWAA does not do in place."""
    low, high = sorted((number(before), number(after)))
    if low[:1] == high[:1] or low[:2] == BRIDGE:
        return
    bridge = next(one for one in OFFERED if number(one)[:2] == BRIDGE)
    raise ProjectError(
        f"MWAA does not take an environment from Airflow {before} to {after} in place.",
        where,
        f"go by way of {bridge}, or make a new environment of it: `mwaa env clone`",
    )

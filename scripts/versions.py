"""The versions of Airflow that MWAA offers, and to which of them an environment can be brought in place.

Source: MWAA user guide, airflow-versions and upgrading-environment, of autumn 2026. The API has no list of its own:
it takes any text and refuses what it does not offer.
"""

from __future__ import annotations

from typing import NamedTuple

from mwaa_dbt.tables import suggestion

PAGE = "https://docs.aws.amazon.com/mwaa/latest/userguide/airflow-versions.html"


class Version(NamedTuple):
    """A version of Airflow on MWAA: its Python, and since when no new environment gets it (empty: still offered)."""

    python: str
    ended: str = ""

    @property
    def offered(self) -> bool:
        """Whether a new environment gets it."""
        return not self.ended


# Newest first.
VERSIONS = {
    "3.3.1": Version("3.12"),
    "3.2.1": Version("3.12"),
    "3.0.6": Version("3.12"),
    "2.11.2": Version("3.12"),
    "2.11.0": Version("3.12"),
    "2.10.3": Version("3.11"),
    "2.10.1": Version("3.11"),
    "2.9.2": Version("3.11"),
    "2.8.1": Version("3.11"),
    "2.7.2": Version("3.11"),
    "2.6.3": Version("3.10", "2025-12-30"),
    "2.5.1": Version("3.10", "2025-12-30"),
    "2.4.3": Version("3.10", "2025-12-30"),
}
LATEST = next(iter(VERSIONS))
# The only 2.x from which a major version can be crossed, in both directions.
BRIDGE = (2, 11)


def number(version: str) -> tuple[int, ...]:
    """Return a version in a form that compares."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def known(version: str) -> Version | None:
    """Return what is known of a version; None if MWAA never had it."""
    return VERSIONS.get(version)


def offered() -> list[str]:
    """Return the versions that a new environment gets, newest first."""
    return [name for name, version in VERSIONS.items() if version.offered]


def not_offered(version: str) -> str | None:
    """Return why a new environment cannot have a version; None if it can."""
    found = known(version)
    if found is None:
        return f"MWAA does not offer Airflow {version!r}.{suggestion(version, offered())}"
    return None if found.offered else f"MWAA's support of Airflow {version} ended on {found.ended}."


def not_upgraded(before: str, after: str) -> str | None:
    """Return why an environment cannot be brought from one version to another in place; None if it can.

    A version may also be an older one: MWAA goes back within a major version, and from 3.x to 2.11.x.
    """
    if before == after:
        return None
    if reason := not_offered(after):
        return reason
    low, high = sorted((number(before), number(after)))
    if low[:1] == high[:1] or low[:2] == BRIDGE:
        return None
    bridge = next(name for name in VERSIONS if number(name)[:2] == BRIDGE)
    return f"MWAA goes from {before} to {after} only by way of {bridge}; or a new environment is made."

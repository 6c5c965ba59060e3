"""What MWAA's pip holds requirements.txt to: the constraint files of its image, or else the lock made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from packaging.utils import canonicalize_name

from mwaa_dbt.errors import ProjectError
from scripts.doctor.case import Case
from scripts.paths import Paths
from scripts.release import pins
from scripts.venvs import LOCKS, airflow_lock

# Where AWS publishes its images (docs/locks.md).
IMAGES = "https://raw.githubusercontent.com/aws/amazon-mwaa-docker-images/main/images/airflow"
FULL, ESSENTIAL = "airflow_constraints.txt", "mwaa_essential_constraints.txt"
PATIENCE = (2.0, 4.0)  # seconds to connect, and between two parts of the answer
# What MWAA holds to its own version even where requirements.txt brings constraints of its own (image 3.3.1,
# mwaa_essential_constraints.txt). A lock does not tell these from the others.
HELD = re.compile(
    r"apache-airflow|flask(-.+)?|gunicorn|billiard|celery|gevent|greenlet|kombu|vine|sqlalchemy(-utils)?|statsd"
    r"|watchtower|fluent-logger"
)


@dataclass(frozen=True)
class Constraints:
    """Package → version, where they are from, and which of them requirements.txt cannot change by any means.

    `whole` says whether these are all of MWAA's constraints; a lock has only what was installed under them.
    """

    versions: Mapping[str, str]
    source: str
    essential: frozenset[str]
    whole: bool


def constraints(case: Case, images: str | None = IMAGES) -> Constraints:
    """Return the constraints of the project's Airflow; the image's if they can be had, else the lock.

    Args:
        case: the project.
        images: where the images' folders are; None asks nobody.

    Raises:
        ProjectError: if there is no lock either.
    """
    return constraints_of(case.paths, case.airflow, images)


def constraints_of(paths: Paths, airflow: str, images: str | None = IMAGES) -> Constraints:
    """Return the constraints of a version of Airflow; the rest is as of `constraints`."""
    published = images and _published(f"{images}/{airflow}/etc")
    return published or _locked(paths, airflow, " (MWAA's own constraints could not be fetched)" if images else "")


def _published(folder: str) -> Constraints | None:
    try:
        full, essential = (named(_fetched(f"{folder}/{name}")) for name in (FULL, ESSENTIAL))
    except requests.RequestException:
        return None
    return Constraints({**full, **essential}, f"MWAA's image ({folder})", frozenset(essential), whole=True)


def _fetched(url: str) -> str:
    answer = requests.get(url, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.text


def _locked(paths: Paths, airflow: str, reason: str) -> Constraints:
    lock = airflow_lock(paths, airflow)
    if not lock.is_file():
        what = f"There is no lock for Airflow {airflow}."
        raise ProjectError(what, str(lock), "resolve it (docs/locks.md)")
    versions = named(lock.read_text())
    essential = frozenset(name for name in versions if HELD.fullmatch(name))
    return Constraints(versions, f"{LOCKS}/{lock.name}{reason}", essential, whole=False)


def named(text: str) -> dict[str, str]:
    """Return package, in its canonical form → version of the pins of a requirements or constraint file."""
    return {str(canonicalize_name(name)): version for name, version in pins(text).items()}

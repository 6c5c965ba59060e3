"""Versions: Airflow's on MWAA, requirements.txt under MWAA's constraints, dbt's own pins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scripts.doctor.case import Case
from scripts.doctor.constraints import IMAGES, Constraints, constraints, named
from scripts.doctor.finding import Finding, error, ok, warning
from scripts.secrets.adapter import check_adapter
from scripts.venvs import LOCKS, airflow_lock
from scripts.versions import PAGE, known, not_offered, offered

# DAG files and helpers are written for it, and so is the dbt virtualenv.
PYTHON = "3.12"
# As MWAA's container looks for it: as text, also in a comment (image 3.3.1, user_requirements.py).
OPTED_OUT = re.compile(r"-c |--constraint ")
# A requirement's name and what follows; `#` begins a comment only at the line's beginning or after a blank.
COMMENT = re.compile(r"(^|\s)#.*")
DBT = "dbt/requirements"
RENEW = f"renew {DBT}.txt (docs/locks.md)"


def _version(case: Case) -> Iterator[Finding]:
    version, reason = known(case.airflow), not_offered(case.airflow)
    where = "airflow_version in settings.toml"
    if reason or version is None:
        yield error(f"{reason} ({where})", f"write one of {', '.join(offered())} ({PAGE})")
    elif version.python != PYTHON:
        what = f"Airflow {case.airflow} has Python {version.python} on MWAA, this project is written for {PYTHON}"
        yield error(what, f"write a later {where}")
    else:
        yield ok(f"Airflow {case.airflow}, which MWAA offers with Python {version.python}")


def _constraint(case: Case) -> Iterator[Finding]:
    for number, line in enumerate(_requirements(case).splitlines(), 1):
        if OPTED_OUT.search(line):
            what = f"requirements.txt, line {number}, names constraints: MWAA leaves out its own, even for a comment"
            yield warning(what, "take the line out, unless constraints of your own are meant")


def check(case: Case, images: str | None) -> Iterator[Finding]:
    """Yield what pip would find of requirements.txt on MWAA, where nobody hears it."""
    if not_offered(case.airflow):
        return
    held, faults = constraints(case, images), 0
    wanted = list(_wanted(_requirements(case)))
    for one in wanted:
        if isinstance(one, str):
            yield warning(f"requirements.txt: {one!r} was not looked at", "MWAA's pip has to make sense of it")
        elif fault := _fault(one, held):
            faults += 1
            yield fault
    if not faults:
        yield ok(f"requirements.txt fits {held.source}")
    if held.whole:
        yield from _lock(case, held)


def _fault(one: Requirement, held: Constraints) -> Finding | None:
    name = str(canonicalize_name(one.name))
    version = held.versions.get(name)
    if version is None:
        what = f"{one} is not in {held.source}"
        return None if held.whole else error(what, "renew the lock (docs/locks.md)")
    if one.specifier.contains(version, prereleases=True):
        return None
    whose = "MWAA lets nobody change it" if name in held.essential else f"{held.source} has {version}"
    what = f"requirements.txt asks for {one}, {whose}: pip installs nothing at all then, and MWAA reports no error"
    return error(what, f"write {one.name}=={version}, then renew the lock (docs/locks.md)")


def _lock(case: Case, held: Constraints) -> Iterator[Finding]:
    lock = airflow_lock(case.paths, case.airflow)
    locked = named(lock.read_text()) if lock.is_file() else {}
    others = sorted(name for name in locked if held.versions.get(name, locked[name]) != locked[name])
    if others:
        shown = ", ".join(f"{name} {locked[name]} (now {held.versions[name]})" for name in others[:3])
        what = f"{LOCKS}/{lock.name} is older than MWAA's constraints: {shown}{' …' if len(others) > 3 else ''}"  # noqa: PLR2004
        yield warning(what, "renew it (docs/locks.md), so that the rehearsal has what MWAA has")


def _dbt(case: Case) -> Iterator[Finding]:
    check_adapter(case.paths.root, case.environment.snowflake)
    folder = case.paths.root
    wishes = [one for one in _wanted((folder / f"{DBT}.in").read_text()) if isinstance(one, Requirement)]
    found = named((folder / f"{DBT}.txt").read_text())
    stale = [one for one in wishes if not _fits(one, found)]
    for one in stale:
        has = found.get(canonicalize_name(one.name), "nothing of it")
        yield error(f"{DBT}.in asks for {one}, {DBT}.txt has {has}", RENEW)
    if not stale:
        told = ", ".join(f"{one.name} {found[canonicalize_name(one.name)]}" for one in wishes)
        yield ok(f"{DBT}.txt fits {Path(DBT).name}.in: {told}")


def _fits(wish: Requirement, found: dict[str, str]) -> bool:
    version = found.get(canonicalize_name(wish.name))
    return version is not None and wish.specifier.contains(version, prereleases=True)


def _requirements(case: Case) -> str:
    return (case.paths.root / "requirements.txt").read_text()


def _wanted(text: str) -> Iterator[Requirement | str]:
    """Yield what a requirements file asks for; as text what is none of the simple kind."""
    for line in text.splitlines():
        wish = COMMENT.sub("", line).strip()
        if wish and not wish.startswith("-"):
            try:
                yield Requirement(wish)
            except InvalidRequirement:
                yield wish


def _published(case: Case) -> Iterator[Finding]:
    yield from check(case, IMAGES)


def _locked(case: Case) -> Iterator[Finding]:
    yield from check(case, None)


CHECKS = (_version, _constraint, _published, _dbt)
OFFLINE = (_version, _constraint, _locked, _dbt)

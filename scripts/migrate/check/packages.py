"""requirements.txt under MWAA's constraints of both versions, resolved as its pip would."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mwaa_dbt.sizing import is_2
from scripts.doctor.constraints import Constraints, named
from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.wanted import PYTHON, Wanted
from scripts.paths import Paths
from scripts.venvs import LOCKS

PIN = Rule("requirement", "breaks", "a requirement that contradicts MWAA's constraints")
UNSOLVED = Rule("requirements", "breaks", "requirements that cannot be had together")
UNASKED = Rule("index", "unknown", "requirements that could not be resolved, for want of a package index")
MAJOR = Rule("requirement-major", "changes", "a package that comes in another major version")
DROPPED = Rule("requirement-free", "changes", "a package that MWAA's constraints no longer name")
GONE = Rule("requirement-gone", "breaks", "a package that is for an older Airflow only")
UNREACHED = re.compile(r"(?i)failed to fetch|error sending request|dns error|connect|network|timed out|offline")
# What neither constraints nor the index tell: it installs, and then does harm or nothing.
OLD = {
    "apache-airflow-upgrade-check": "leave it out; it was for Airflow 1.10",
    "apache-airflow-providers-snowpark": "write apache-airflow-providers-snowflake",
}
BACKPORT = "apache-airflow-backport-providers-"


@dataclass(frozen=True)
class Side:
    """A version of Airflow, MWAA's constraints of it, and what the requirements resolve to; None if they do not."""

    version: str
    held: Constraints
    pins: Mapping[str, str] | None = None
    text: str = ""


def check(file: str, wanted: Wanted, sides: tuple[Side | None, Side]) -> Iterator[Finding]:
    """Yield what is wrong with single requirements at the new version.

    Args:
        file: how the requirements file is called.
        wanted: what it asks for.
        sides: the old version, if MWAA's constraints of it are known, and the new one.
    """
    before, after = sides
    for line, one in wanted.requirements:
        name = str(canonicalize_name(one.name))
        version = after.held.versions.get(name)
        if name in OLD or name.startswith(BACKPORT):
            fix = OLD.get(name, f"write apache-airflow-providers-{name.removeprefix(BACKPORT)}")
            yield Finding(file, line, GONE.name, GONE.severity, f"{one} is not for Airflow {after.version}", fix)
        elif version and not _fits(one, version):
            yield Finding(
                file, line, PIN.name, PIN.severity, _contradiction(one, name, before, after), _fix(one, version)
            )
        else:
            yield from _compared(file, line, one, before, after)


def _fits(one: Requirement, version: str) -> bool:
    return one.specifier.contains(version, prereleases=True)


def _fix(one: Requirement, version: str) -> str:
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    return f"write {one.name}{extras}=={version}"


def _contradiction(one: Requirement, name: str, before: Side | None, after: Side) -> str:
    has = f"{one}: MWAA's constraints of {after.version} have {after.held.versions[name]}"
    if name in after.held.essential:
        has += ", and let nobody change it"
    old = before.held.versions.get(name) if before else None
    if before and old and not _fits(one, old):
        has += f" ({before.version}'s, {old}, contradict it, too)"
    return f"{has}; pip installs nothing at all then"


def _compared(file: str, line: int, one: Requirement, before: Side | None, after: Side) -> Iterator[Finding]:
    name = str(canonicalize_name(one.name))
    if not before:
        return
    if name in before.held.versions and name not in after.held.versions and after.held.whole:
        what = f"{one}: MWAA's constraints of {after.version} no longer name it, so pip takes what it finds"
        yield Finding(
            file, line, DROPPED.name, DROPPED.severity, what, f"pin it: {one.name}=={_now(name, after) or '…'}"
        )
    old, new = _now(name, before), _now(name, after)
    if old and new and old.split(".")[0] != new.split(".")[0]:
        what = f"{one}: {new} is installed, it was {old}"
        yield Finding(file, line, MAJOR.name, MAJOR.severity, what, "read its changelog, and run what uses it")


def _now(name: str, side: Side) -> str | None:
    return (side.pins or {}).get(name)


def resolve(paths: Paths, folder: Path, wanted: Wanted, side: Side) -> tuple[Side, list[Finding]]:
    """Return a side with what pip would install there, as the text of a lock, and why it would not.

    A requirement that contradicts a constraint counts as its name alone: it is told as such already. So do all of
    them, if there is no solution else.
    """
    found = list[Finding]()
    for loose in (False, True):
        done = _compile(paths, folder, [_eased(one, side, loose) for _, one in wanted.requirements], side)
        if done.returncode == 0:
            return Side(side.version, side.held, named(done.stdout), done.stdout), found
        found = found or [_unsolved(done.stderr, side.version)]
    return side, found


def _compile(paths: Paths, folder: Path, wanted: list[str], side: Side) -> subprocess.CompletedProcess[str]:
    constraints, asked = folder / f"constraints-{side.version}.txt", folder / f"asked-{side.version}.in"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in sorted(side.held.versions.items())))
    asked.write_text("\n".join([f"apache-airflow=={side.version}", *wanted]))
    image = paths.root / LOCKS / ("mwaa-image-2.in" if is_2(side.version) else "mwaa-image.in")
    options = ["--quiet", "--no-header", "--no-annotate", "--python-version", PYTHON, "-c", constraints, image, asked]
    command = [Path(sys.executable).with_name("uv"), "pip", "compile", *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def _unsolved(said: str, version: str) -> Finding:
    text = " ".join(re.sub("[\u00d7╰─▶│├]", " ", said).split())
    rule = UNASKED if UNREACHED.search(text) and "No solution" not in text else UNSOLVED
    fix = "mend what uv names (index, proxy)" if rule is UNASKED else "take other versions of what uv names"
    what = f"for Airflow {version} uv says: {text[-600:]}"
    return Finding("requirements.txt", 0, rule.name, rule.severity, what, fix)


def _eased(one: Requirement, side: Side, loose: bool) -> str:
    name = str(canonicalize_name(one.name))
    version = side.held.versions.get(name)
    if name in OLD or name.startswith(BACKPORT):
        return f"# {name}"
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    marker = f" ; {one.marker}" if one.marker else ""
    return f"{one.name}{extras}{marker}" if loose or (version and not _fits(one, version)) else str(one)

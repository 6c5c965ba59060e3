"""requirements.txt under MWAA's constraints of both versions, resolved as its pip would."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.doctor.constraints import Constraints
from scripts.doctor.pins import PYTHON
from scripts.migrate.check.finding import Finding, Rule
from scripts.paths import Paths
from scripts.venvs import image_packages

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
AIRFLOW = "apache-airflow"
BACKPORT = "apache-airflow-backport-providers-"


@dataclass(frozen=True)
class Side:
    """A version of Airflow, and MWAA's constraints of it."""

    version: str
    held: Constraints


def check(wanted: list[tuple[int, Requirement]], before: Side | None, after: Side) -> Iterator[Finding]:
    """Yield what is wrong with single requirements at the new version.

    Args:
        wanted: the lines and requirements.
        before: the old version, if it is another one and MWAA's constraints of it are known.
        after: the new version.
    """
    for line, one in wanted:
        name = str(canonicalize_name(one.name))
        version = after.held.versions.get(name)
        if name in OLD or name.startswith(BACKPORT):
            fix = OLD.get(name, f"write apache-airflow-providers-{name.removeprefix(BACKPORT)}")
            yield _found(line, GONE, f"{one} is not for Airflow {after.version}", fix)
        elif version and not _fits(one, version):
            yield _found(line, PIN, _contradiction(one, name, before, after), _fix(one, version))
        elif before:
            yield from _compared(line, one, before, after)


def _found(line: int, rule: Rule, what: str, fix: str) -> Finding:
    return rule.at("requirements.txt", line, what, fix)


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


def _compared(line: int, one: Requirement, before: Side, after: Side) -> Iterator[Finding]:
    name = str(canonicalize_name(one.name))
    old, new = (side.held.versions.get(name) for side in (before, after))
    if old and not new and after.held.whole:
        what = f"{one}: MWAA's constraints of {after.version} no longer name it, so pip takes what it finds"
        yield _found(line, DROPPED, what, f"pin it; {before.version} has {old}")
    if name != AIRFLOW and old and new and old.split(".")[0] != new.split(".")[0]:
        what = f"{one}: {new} is installed, it was {old}"
        yield _found(line, MAJOR, what, "read its changelog, and run what uses it")


@dataclass(frozen=True)
class Resolver:
    """Resolves requirements as MWAA's pip does, on top of what its image has; `folder` is for its files."""

    paths: Paths
    folder: Path
    wanted: list[tuple[int, Requirement]]

    def __call__(self, side: Side, eased: bool = True) -> tuple[str | None, Finding | None]:
        """Return what would be installed, as the text of a lock, and why not.

        A requirement that contradicts a constraint counts as its name alone: it is told as such already. So do all
        of them, if there is no solution else and `eased` allows it.
        """
        fault = None
        for loose in (False, True) if eased else (False,):
            done = self._compile([_eased(one, side, loose) for _, one in self.wanted], side)
            if done.returncode == 0:
                return done.stdout, fault
            fault = fault or _unsolved(done.stderr, side.version)
            if fault.rule == UNASKED.name:
                break
        return None, fault

    def _compile(self, wanted: list[str], side: Side) -> subprocess.CompletedProcess[str]:
        constraints, asked = (self.folder / f"{name}-{side.version}.txt" for name in ("constraints", "asked"))
        pins = sorted(side.held.versions.items())
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins))
        asked.write_text("\n".join([f"{AIRFLOW}=={side.version}", *wanted]))
        image = image_packages(self.paths.root, side.version)
        options = ["--quiet", "--no-header", "--no-annotate", "--python-version", PYTHON]
        command = [Path(sys.executable).with_name("uv"), "pip", "compile", *options, "-c", constraints, image, asked]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def _unsolved(said: str, version: str) -> Finding:
    text = " ".join(re.sub("[\u00d7╰─▶│├]", " ", said).split())
    rule = UNASKED if UNREACHED.search(text) and "No solution" not in text else UNSOLVED
    fix = "mend what uv names (index, proxy)" if rule is UNASKED else "take other versions of what uv names"
    return _found(0, rule, f"for Airflow {version} uv says: {text[-600:]}", fix)


def _eased(one: Requirement, side: Side, loose: bool) -> str:
    name = str(canonicalize_name(one.name))
    version = side.held.versions.get(name)
    if name in OLD or name.startswith(BACKPORT):
        return f"# {name}"
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    marker = f" ; {one.marker}" if one.marker else ""
    return f"{one.name}{extras}{marker}" if loose or (version and not _fits(one, version)) else str(one)

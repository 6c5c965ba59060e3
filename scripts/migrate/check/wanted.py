"""The lines of an old requirements.txt, as MWAA's pip reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement

from mwaa_dbt.errors import ProjectError
from scripts.doctor.pins import PYTHON
from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move

LINE = Rule("requirement-line", "unknown", "a line of requirements.txt that cannot be resolved here")
CONSTRAINT = Rule("constraint-line", "breaks", "a constraint file of another version of Airflow")
COMMENT = re.compile(r"(^|\s)#.*")
HASHES = re.compile(r"\s--hash[= ]\S+")
OPTION = re.compile(r"(-c|--constraint|-r|--requirement|-e|--editable|--?[\w-]+)(?:[= ]\s*|$)(.*)")
URL = re.compile(r"constraints-(?P<airflow>\d[\w.]*)/constraints(?:-\w+)*-(?P<python>3\.\d+)\.txt")


class Wanted(NamedTuple):
    """What is asked for: requirements with their lines, and what is to say of the other lines."""

    requirements: list[tuple[int, Requirement]]
    findings: list[Finding]


def read_wanted(file: Path, move: Move) -> Wanted:
    """Return what a requirements file asks for.

    Raises:
        ProjectError: if it cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProjectError(f"There is no file {file}.", "--requirements", "name the old requirements.txt") from None
    except UnicodeDecodeError as error:
        raise ProjectError(f"It is no UTF-8 text: {error}", str(file), "save it as UTF-8, as pip wants it") from None
    wanted = Wanted([], [])
    for number, line in _lines(text):
        hashless = HASHES.sub("", line)
        if hashless != line:
            what = "its hashes fit one version: another one needs others"
            wanted.findings.append(
                _unread(file, number, what, "make them anew (pip hash, uv pip compile --generate-hashes)")
            )
        if option := OPTION.match(hashless):
            wanted.findings.extend(_option(file, number, option, move))
            continue
        try:
            one = Requirement(hashless)
        except InvalidRequirement:
            wanted.findings.append(
                _unread(file, number, f"{hashless} is no name of a package", "see that it fits Python 3.12")
            )
            continue
        if one.url:
            what = f"{one.name} comes from {one.url}"
            wanted.findings.append(
                _unread(file, number, what, f"see that it fits Airflow {move.after} and Python {PYTHON}")
            )
        else:
            wanted.requirements.append((number, one))
    return wanted


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield whole lines without comments, and the numbers of their beginnings."""
    held, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or number
        held += COMMENT.sub("", line).rstrip()
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        if held.strip():
            yield begun, held.strip()
        held, begun = "", 0


def _unread(file: Path, number: int, what: str, fix: str) -> Finding:
    return LINE.at(file.name, number, what, fix)


def _option(file: Path, number: int, option: re.Match[str], move: Move) -> Iterator[Finding]:
    name, value = option.groups()
    if name in ("-c", "--constraint"):
        yield _constraint(file, number, value, move)
    elif name in ("-r", "--requirement"):
        yield _unread(file, number, f"{value} was not looked at", "give it as --requirements, too")
    elif name in ("-e", "--editable"):
        yield _unread(file, number, f"{value} is a folder", "see that it fits Airflow " + move.after)
    elif name in ("--find-links", "-f", "--no-index"):
        what = f"{name} {value}".strip() + ": the wheels in plugins.zip are those of the old versions"
        yield _unread(file, number, what, f"download them anew, for Airflow {move.after} and Python {PYTHON}")


def _constraint(file: Path, number: int, value: str, move: Move) -> Finding:
    found = URL.search(value)
    if not found:
        return _unread(file, number, f"{value} was not looked at", f"see that it is for Airflow {move.after}")
    if (found["airflow"], found["python"]) == (move.after, PYTHON):
        return _unread(
            file, number, f"{value} takes the place of MWAA's own constraints", "leave it out, unless it is meant"
        )
    what = f"constraints of Airflow {found['airflow']} and Python {found['python']}: pip installs nothing at all then"
    new = value.replace(found[0], f"constraints-{move.after}/constraints-{PYTHON}.txt")
    return CONSTRAINT.at(file.name, number, what, f"leave it out, or write {new}")

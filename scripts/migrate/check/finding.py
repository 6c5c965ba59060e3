"""What the check found: where, what breaks, and what mends it."""

from __future__ import annotations

from typing import Literal, NamedTuple

# Worst first. "unknown" was not looked at, and why.
type Severity = Literal["breaks", "changes", "deprecated", "unknown"]
SEVERITIES: dict[Severity, str] = {
    "breaks": "does not work any more",
    "changes": "works, and does something else",
    "deprecated": "works until a later version",
    "unknown": "could not be looked at",
}


class Rule(NamedTuple):
    """A kind of finding: its name, how bad it is, and what it is about, for a table of them all."""

    name: str
    severity: Severity
    title: str

    def at(self, file: str, line: int, what: str, fix: str, proved: bool = False) -> Finding:
        """Return a finding of this kind."""
        return Finding(file, line, self.name, self.severity, what, fix, proved)


class Finding(NamedTuple):
    """One place that a later Airflow understands otherwise.

    `line` is 0 where a whole file is meant; `proved` says that a real import under that Airflow failed there.
    """

    file: str
    line: int
    rule: str
    severity: Severity
    what: str
    fix: str
    proved: bool = False

    @property
    def place(self) -> str:
        """Where it is, as an editor opens it."""
        return f"{self.file}:{self.line}" if self.line else self.file


def in_order(findings: list[Finding]) -> list[Finding]:
    """Return findings by file and line; what breaks stands first in its line."""
    return sorted(set(findings), key=lambda one: (one.file, one.line, rank(one.severity), one.rule, one.what))


def rank(severity: Severity) -> int:
    """Return a severity's place among all; the worst comes first."""
    return list(SEVERITIES).index(severity)

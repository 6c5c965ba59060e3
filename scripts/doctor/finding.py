"""What a check found."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mwaa_dbt.errors import ProjectError
from scripts.aws import DeniedError

type State = Literal["ok", "warning", "error", "skipped"]


class Finding(NamedTuple):
    """What a check found, and what mends it; a warning may be meant so, an error cannot, skipped was not looked at."""

    state: State
    what: str
    fix: str = ""


def ok(what: str) -> Finding:
    """Return what is as it should be."""
    return Finding("ok", what)


def warning(what: str, fix: str) -> Finding:
    """Return what may be meant so, or may not be looked at."""
    return Finding("warning", what, fix)


def error(what: str, fix: str) -> Finding:
    """Return what cannot work."""
    return Finding("error", what, fix)


def skipped(what: str) -> Finding:
    """Return what is not looked at, and why."""
    return Finding("skipped", what)


def failed(problem: ProjectError) -> Finding:
    """Return what a check ended with; what it may not look at is no fault of what is looked at."""
    what = f"{problem.what.rstrip('.')} ({problem.where})"
    return (
        warning(f"not looked at: {what}", problem.fix) if isinstance(problem, DeniedError) else error(what, problem.fix)
    )

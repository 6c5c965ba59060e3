"""What one round of `mwaa dev` came to: nodes, tests, rows, and why something failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.problems import Files, explain
from mwaa_dbt.states import FAILED
from mwaa_dbt.tables import suggestion
from scripts.dbt import Done, refuse_unknown_keys
from scripts.dev.session import Answer
from scripts.projects import DbtProject

TESTS = ("test", "unit_test")


@dataclass(frozen=True)
class Ended:
    """A node that was built or tested; `of` is what a test belongs to, `rows` what dbt says it wrote."""

    node: str
    name: str
    kind: str
    status: str
    seconds: float
    rows: int | None
    failures: int | None
    materialized: str
    of: str | None = None


@dataclass(frozen=True)
class Preview:
    """A few rows of a node, or those that failed a test."""

    node: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """One round: its files, the nodes that had changed, all that ended, rows, errors, and its seconds."""

    files: list[str]
    changed: list[str] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)
    errors: list[ProjectError] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing failed."""
        return not self.errors


def outcome(staged: DbtProject, answer: Answer, files: list[str]) -> Outcome:
    """Return what an answer says, errors with file and line in this repository."""
    seconds = float(answer["seconds"])
    if "failed" in answer:
        return Outcome(files, errors=[_failed(staged, answer["failed"])], seconds=seconds)
    if "outside" in answer:
        return Outcome(files, errors=[_outside(staged, answer["outside"])], seconds=seconds)
    if "nothing" in answer:
        return Outcome(files, errors=[_nothing(staged, answer["nothing"], answer["known"])], seconds=seconds)
    problems = Files(staged.folder, staged.name, "dev")
    bad = [one for one in answer["results"] if one["status"] in FAILED]
    errors = [explain(problems, one["node"], one["status"], one["message"], one["sql"]).error for one in bad]
    try:
        refuse_unknown_keys(staged, answer["events"])
    except ProjectError as error:
        errors.append(error)
    return Outcome(
        files,
        answer["changed"],
        [_ended(one) for one in answer["results"]],
        [Preview(**one) for one in answer["previews"]],
        [_again(error) for error in errors],
        seconds,
    )


def _ended(one: dict[str, Any]) -> Ended:
    names = ("node", "name", "kind", "status", "seconds", "rows", "failures", "materialized", "of")
    return Ended(**{name: one[name] for name in names})


def _again(error: ProjectError) -> ProjectError:
    # What repeats a task is no advice here.
    return ProjectError(error.what, error.where, "mend it and save" if error.fix.startswith("mend it") else error.fix)


def _failed(staged: DbtProject, text: str) -> ProjectError:
    error = Done(staged, "parse", 1, text).error
    if isinstance(error, ProjectError):
        return ProjectError(error.what, error.where, "mend it and save")
    raise error


def _nothing(staged: DbtProject, select: list[str], known: list[str]) -> ProjectError:
    hint = suggestion(select[0].strip("+"), known)
    return ProjectError(
        f"The selection {' '.join(select)!r} names no node of {staged.name}.{hint}",
        "--select",
        "name nodes in dbt's syntax: stg_orders+, tag:finance, path:models/staging",
    )


def _outside(staged: DbtProject, about: dict[str, str]) -> ProjectError:
    return ProjectError(
        f"{about['node']} would be written to schema {about['schema']}, outside of the one for development. "
        "Nothing was run.",
        f"dbt/{staged.name}/{about['file']}",
        "let every schema begin with target.schema where target.name is 'dev' (macro generate_schema_name)",
    )

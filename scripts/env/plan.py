"""What would happen to each stack, by CloudFormation's own word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.markup import escape
from rich.table import Table

from mwaa_dbt.errors import ProjectError
from scripts.aws.stacks import Change, Wish
from scripts.console import step, wide
from scripts.env.site import Kind, Site
from scripts.env.versions import JUMP

ENVIRONMENT, BUCKET = "AWS::MWAA::Environment", "AWS::S3::Bucket"
# To replace one is to lose it, or what stands on it.
KEPT = (ENVIRONMENT, BUCKET, "AWS::EC2::VPC", "AWS::EC2::Subnet")
# `mwaa deploy` changes these without CloudFormation, so they differ from the stack's; a strategy is no change.
DEPLOYED = {
    "RequirementsS3ObjectVersion",
    "PluginsS3ObjectVersion",
    "StartupScriptS3ObjectVersion",
    "WorkerReplacementStrategy",
}
VERSION, UPDATE = "AirflowVersion", "10 to 30 minutes; containers are replaced"


@dataclass(frozen=True)
class Part:
    """What happens to one stack; without changes there is nothing to do."""

    kind: Kind
    stack: str
    changes: tuple[Change, ...]

    def same(self, other: Part) -> bool:
        """Whether another plan does the same to the same resources."""
        return {one[:4] for one in self.changes} == {one[:4] for one in other.changes}


def look(site: Site, kind: Kind, wish: Wish) -> Part:
    """Return what CloudFormation would do to a stack; nothing stays of the question.

    Raises:
        ProjectError: if it finds a mistake, or would replace what must not be.
    """
    with step(f"plan of stack {wish.name}, by CloudFormation") as notes:
        made = site.stacks.plan(wish)
        site.stacks.discard(made)
        part = Part(kind, wish.name, effective(made.changes))
        notes.append(f"{len(part.changes)} change{'s' * (len(part.changes) != 1)}")
    refuse_replacement(part)
    return part


def effective(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the changes but for one that only brings the environment to files which it runs already."""
    return tuple(
        one
        for one in changes
        if not (one.kind == ENVIRONMENT and one.action == "Modify" and one.properties and {*one.properties} <= DEPLOYED)
    )


def refuse_replacement(part: Part) -> None:
    """Raise ProjectError if a plan replaces or removes an environment, a bucket or a network.

    There is no option to do it all the same: CloudFormation itself replaces nothing that has a name of its own, and
    nothing in a network that is in use.
    """
    for one in part.changes:
        if one.kind in KEPT and (one.replacement == "True" or one.action == "Remove"):
            verb = "remove" if one.action == "Remove" else "replace"
            why = f", for {', '.join(one.properties)}" if one.properties else ""
            raise ProjectError(
                f"This would {verb} {one.resource} ({one.kind}){why}.",
                f"stack {part.stack}",
                "take that change back in settings.toml or infra/; or make another environment: `mwaa env clone`",
            )


def cost(part: Part, described: Mapping[str, Any] | None, wanted: str) -> str | None:
    """Say how long a change of the environment takes and what it does meanwhile; None if it does not change."""
    touched = [one for one in part.changes if one.kind == ENVIRONMENT]
    if not touched:
        return None
    if touched[0].action in ("Add", "Import"):
        return "20 to 40 minutes"
    running = str((described or {}).get("AirflowVersion"))
    return f"Airflow {running} to {wanted}: {JUMP}" if running != wanted else UPDATE


def as_table(parts: list[Part]) -> dict[str, Any]:
    """Return a plan for a machine."""
    return {"stacks": [{**asdict(part), "changes": [one._asdict() for one in part.changes]} for part in parts]}


def show(parts: list[Part]) -> None:
    """Print a line for each resource that changes."""
    rows = [(part.stack, *_row(one)) for part in parts for one in part.changes]
    heads = ("stack", "action", "resource", "type", "replaced", "properties")
    shown = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    table = Table(*(heads[index] for index in shown))
    for row in rows:
        table.add_row(*(escape(row[index]) for index in shown))
    if rows:
        wide(table)


def _row(change: Change) -> tuple[str, ...]:
    return change.action, change.resource, change.kind, _replaced(change), ", ".join(change.properties)


def _replaced(change: Change) -> str:
    return {"True": "yes", "Conditional": "perhaps"}.get(change.replacement, "")

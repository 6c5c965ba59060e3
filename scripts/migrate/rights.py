"""Whether an environment's execution role may do what the maintenance DAG does, asked of IAM before it is run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.aws import DeniedError
from scripts.aws.policies import judge
from scripts.secrets.policy import partition

ANY = "/any"  # an object or secret in a folder: IAM decides of one, a statement is for all


class Need(NamedTuple):
    """Actions on a resource, which for a folder ends in ANY, and the condition keys that have to be so."""

    actions: tuple[str, ...]
    resource: str
    when: Mapping[str, str] | None = None


def statement(need: Need) -> dict[str, Any]:
    """Return what allows it."""
    condition = {"Condition": {"StringEquals": dict(need.when)}} if need.when else {}
    resource = need.resource.removesuffix(ANY) + "/*" * need.resource.endswith(ANY)
    return {"Effect": "Allow", "Action": list(need.actions), "Resource": resource, **condition}


def folder_need(side: Environment, bucket: str, root: str) -> Need:
    """Return what it takes to read and write a folder of a bucket."""
    return Need(("s3:GetObject", "s3:PutObject"), f"arn:{partition(side.aws.region)}:s3:::{bucket}/{root}{ANY}")


def check_role(side: Environment, needs: Sequence[Need]) -> None:
    """Refuse a role that lacks a right; if nobody tells, the task itself will.

    Raises:
        ProjectError: with the statement to add.
    """
    # The rehearsal's servers ask nobody for permissions.
    if side.aws.endpoint:
        return
    arn = str(side.described["ExecutionRoleArn"])
    try:
        may, _ = judge(side.aws.iam, arn)
        lacking = [need for need in needs if not all(may(action, need.resource, {}).allowed for action in need.actions)]
    except DeniedError:
        return
    if lacking:
        text = ", ".join(json.dumps(statement(need)) for need in lacking)
        raise ProjectError(
            f"The execution role of {side.mwaa.name} may not do what the maintenance DAG does.",
            arn,
            f"add to its policies until the migration is done: {text}; then run the same command",
        )

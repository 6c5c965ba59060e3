"""Policies that are kept: what the command prints is enough, and what is denied is told with what allows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.secrets.conftest import REGION, TOKEN, Project
from tests.secrets.gate import ACCOUNT, Gate, running


@pytest.fixture
def gate(project: Project) -> Iterator[Gate]:
    """Put a gate between the project's commands and its Secrets Manager."""
    with running(project.endpoint) as made:
        project.endpoint = made.url
        yield made


def test_own_policies_are_enough(project: Project, gate: Gate, key: str) -> None:
    """With what `policy --push` prints, push and diff work, and with what `policy` prints, MWAA's role can read."""
    gate.statements = project.secrets("policy", "--push", "--account", ACCOUNT).json["Statement"]
    project.full(key)
    done = project.secrets("diff")
    assert (done.code, "these credentials may not list" in done.out) == (0, True), done.seen
    gate.statements = project.secrets("policy", "--account", ACCOUNT).json["Statement"]
    done = project.secrets("check")
    assert done.code == 0, done.seen
    assert {*gate.calls} == {"CreateSecret", "DescribeSecret", "GetSecretValue", "ListSecrets"}


def test_no_statement_is_too_many(project: Project, gate: Gate, key: str) -> None:
    """Without any one of its actions a push or an update fails: the policy for it is the least there is."""
    (whole,) = project.secrets("policy", "--push", "--account", ACCOUNT).json["Statement"]
    for action in whole["Action"]:
        gate.statements = [{**whole, "Action": [one for one in whole["Action"] if one != action]}]
        done = project.secrets("push", "snowflake_default", "--from", "-", stdin=key)
        if done.code == 0:
            project.edit('"WH"', '"OTHER"')
            done = project.secrets("push", "snowflake_default")
        assert (done.code, f"There is no permission for {action}" in done.err) == (1, True), (
            action,
            done.seen,
        )
        gate.statements = [whole]
        assert project.secrets("push", "snowflake_default", "--from", "-", stdin=key).code == 0


def test_denied_names_the_statement(project: Project, gate: Gate) -> None:
    """Whoever may not push is told what to add; check says the same of reading."""
    secret = f"arn:aws:secretsmanager:{REGION}:ACCOUNT:secret:{project.name('slack_default')}-??????"
    done = project.secrets("push", "slack_default", "--from", "-", stdin=TOKEN)
    assert done.code == 1
    assert f'"Action": "secretsmanager:DescribeSecret", "Resource": "{secret}"' in done.err
    done = project.secrets("check", "slack_default")
    assert done.code == 1
    assert f'"Action": "secretsmanager:GetSecretValue", "Resource": "{secret}"' in done.out
    gate.text = "Access to KMS is not allowed"
    done = project.secrets("check", "slack_default")
    assert (done.code, "no permission for the KMS key" in done.out, '"kms:Decrypt"' in done.out) == (1, True, True)

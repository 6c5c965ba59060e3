"""What counts as a secret, what the maintenance DAG's file is, and what its role must be allowed."""

from __future__ import annotations

import ast
import json

import boto3
import pytest

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.aws import Aws
from scripts.migrate.inside.rule import secret_value, secret_variable
from scripts.migrate.maintenance import FILES, OURS, Job, source
from scripts.migrate.objects import Kind, Record, same
from scripts.migrate.rights import check_role, folder_need
from tests.doctor import gate

ROLE = "arn:aws:iam::123456789012:role/tasks"


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://u:hunter2@db:5432/x",
        "https://hooks.slack.com/services/T0/B0/abc",
        "-----BEGIN PRIVATE KEY-----\nMII",
        "xoxb-1234567890-abc",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrst0123",
        "https://x.example.com/?sig=abc",
        "q7Rk2mXv9TzW4bNc8LpD",
        '{"db": {"password": "x"}}',
        '[{"name": "a", "api_key": "x"}]',
        '{"password": broken',
        "***",
    ],
)
def test_secret_values(value: str) -> None:
    """A value that looks like a secret, or has one in it, is one."""
    assert secret_value(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ch",
        "1.10",
        "s3://bucket/a/path",
        "Zürich ✓",
        '{"country": "ch", "password": ""}',
        "0 5 * * *",
        "2026-01-31T05:00:00",
    ],
)
def test_plain_values(value: str) -> None:
    """Ordinary values are none."""
    assert not secret_value(value)


@pytest.mark.parametrize("key", ["api_token", "SNOWFLAKE-PASSWORD", "ssh_key", "dsn", "client_secret"])
def test_secret_names(key: str) -> None:
    """Whatever it holds: what is called so is a secret."""
    assert secret_variable(key, "x")
    assert not secret_variable("country", "x")


@pytest.mark.parametrize("job", list(FILES))
def test_file_stands_alone(job: Job) -> None:
    """The DAG's file is one Python text that needs nothing of this project, and says whose it is."""
    text = source(job, "mwaa_migrate_x")
    assert text.startswith(OURS)
    tree = ast.parse(text)
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [name for name in modules if str(name).startswith(("scripts", "mwaa_dbt"))]
    assert text.rstrip().endswith(f"dag = make_dag({job}, 'mwaa_migrate_x')")


@pytest.mark.parametrize(
    ("one", "other", "kind", "equal"),
    [
        ({"value": '{"a": 1}'}, {"value": '{ "a":1 }'}, "variables", True),
        ({"value": "a"}, {"value": "b"}, "variables", False),
        ({"slots": 4, "description": None}, {"slots": 4, "description": ""}, "pools", True),
        ({"extra": {"a": 1}, "secret": ["extra.b"]}, {"extra": {"a": 1, "b": 2}}, "connections", True),
        ({"extra": {"a": 1}}, {"extra": {"a": 2}}, "connections", False),
    ],
)
def test_same(one: Record, other: Record, kind: Kind, equal: bool) -> None:
    """Records are compared by what both show: JSON as JSON, nothing as an empty text, no secret part."""
    assert same(one, other, kind) is equal


def side(monkeypatch: pytest.MonkeyPatch, url: str) -> Environment:
    """Return an environment in an AWS that is another server, though nobody is told so."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    aws = Aws("eu-central-1")
    return Environment("prod", aws, aws.environment("old"), {"ExecutionRoleArn": ROLE})


def test_role_lacks_a_right(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the role may not do is said before anything is run, as a statement to paste."""
    with gate.running(cloud) as iam:
        old = side(monkeypatch, iam.url)
        need = folder_need(old, "new", "migrate/old")
        check_role(old, [need])
        assert ("s3:PutObject", "arn:aws:s3:::new/migrate/old/any") in iam.simulated
        iam.impossible = ["s3:PutObject"]
        with pytest.raises(ProjectError) as error:
            check_role(old, [need])
    statement = {"Effect": "Allow", "Action": list(need.actions), "Resource": "arn:aws:s3:::new/migrate/old/*"}
    assert json.dumps(statement) in error.value.fix


def test_nobody_may_simulate(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without IAM's simulation the policies' text is read; without that either, the task itself will tell."""
    with gate.running(cloud) as iam:
        old = side(monkeypatch, iam.url)
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        boto3.client("iam", "eu-central-1", endpoint_url=cloud).create_role(
            RoleName="tasks", AssumeRolePolicyDocument=trust
        )
        iam.denied = ["SimulatePrincipalPolicy"]
        with pytest.raises(ProjectError, match="may not do what the maintenance DAG does"):
            check_role(old, [folder_need(old, "new", "migrate/old")])
        iam.denied.append("ListRolePolicies")
        check_role(old, [folder_need(old, "new", "migrate/old")])

"""What the environment's execution role may do, deployed to moto; test_policies.py looks at all roles of infra/."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from tests.infra.environment import GIVEN, KEY, NAME, SECRET
from tests.infra.templates import ACCOUNT, REGION, Template

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
SELF = f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{NAME}"


@pytest.fixture
def role(made: Any) -> dict[str, Any]:
    """Return the execution role as IAM has it."""
    stack = {"StackName": f"{NAME}-environment", "LogicalResourceId": "ExecutionRole"}
    found = made("cloudformation").describe_stack_resource(**stack)["StackResourceDetail"]
    return dict(made("iam").get_role(RoleName=found["PhysicalResourceId"])["Role"])


def statements(made: Any, role: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all statements of a role's policies."""
    iam, found = made("iam"), []
    for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
        # moto keeps it as Python shows it, with None for what is left out.
        table = ast.literal_eval(document) if isinstance(document, str) else document
        found += [one for one in table["Statement"] if one]
    return found


def policies(**parameters: str) -> dict[str, dict[str, Any]]:
    """Return the statements of the role that these parameters make, by their names."""
    role = Template("environment.yaml", **GIVEN, **parameters).resources("AWS::IAM::Role")["ExecutionRole"]
    return {one["Sid"]: one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]}


def listed(value: Any) -> list[Any]:
    """Return a value as a list."""
    return list(value) if isinstance(value, list) else [value]


def test_only_mwaa_takes_the_role_for_this_environment(role: dict[str, Any]) -> None:
    """Both of MWAA's principals may, and only for this environment of this account."""
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": SELF},
    }


def test_role_may_what_mwaa_wants(made: Any, role: dict[str, Any]) -> None:
    """Each thing that MWAA's user guide names (mwaa-create-role) is allowed on its own resource."""
    allowed = {
        (action, resource)
        for one in statements(made, role)
        if one["Effect"] == "Allow" and "Resource" in one
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    }
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:airflow-{NAME}-*"
    assert {
        ("airflow:PublishMetrics", SELF),
        ("s3:GetObject", "arn:aws:s3:::shop/*"),
        ("s3:GetObjectVersion", "arn:aws:s3:::shop/*"),
        ("s3:ListBucket", "arn:aws:s3:::shop"),
        ("s3:GetBucketPublicAccessBlock", "arn:aws:s3:::shop"),
        ("s3:GetAccountPublicAccessBlock", "*"),
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
        ("cloudwatch:PutMetricData", "*"),
        ("sqs:SendMessage", f"arn:aws:sqs:{REGION}:*:airflow-celery-*"),
        ("secretsmanager:GetSecretValue", SECRET),
        ("s3:PutObject", "arn:aws:s3:::shop/archive/*"),
    } <= allowed


def test_tasks_write_nothing_but_the_archive(made: Any, role: dict[str, Any]) -> None:
    """No task may change a release, delete anything, or write a secret."""
    writes = {
        (action, str(one.get("Resource")))
        for one in statements(made, role)
        if one["Effect"] == "Allow"
        for action in listed(one["Action"])
        if re.match(r"(s3|secretsmanager):(Put|Delete|Create|Update|Restore)", action)
    }
    assert writes == {("s3:PutObject", "arn:aws:s3:::shop/archive/*")}


@pytest.mark.parametrize(("key", "sid"), [("", "QueueKey"), (KEY, "OwnKey")])
def test_keys(key: str, sid: str) -> None:
    """With a key of one's own that and no other is used, by S3 and SQS; else AWS's own for SQS, none of the account."""
    using = [one for one in policies(KmsKey=key).values() if any("kms:" in action for action in listed(one["Action"]))]
    (statement,) = using
    services = listed(statement["Condition"]["StringEquals"]["kms:ViaService"])
    assert statement["Sid"] == sid
    if key:
        assert (statement["Resource"], services) == (KEY, [f"{one}.{REGION}.amazonaws.com" for one in ("sqs", "s3")])
    else:
        assert statement["NotResource"] == f"arn:aws:kms:*:{ACCOUNT}:key/*"
        assert services == [f"sqs.{REGION}.amazonaws.com"]


def test_secrets_key_is_used_by_secrets_manager_alone() -> None:
    """The key of the secrets decrypts for Secrets Manager and nobody else."""
    statement = policies(SecretsKey=KEY)["SecretsKey"]
    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", KEY)
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}

"""What the environment's execution role may do, deployed to moto, and what no role of infra/ may."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from tests.env.template import ACCOUNT, REGION, Resolved
from tests.infra.environment import GIVEN, KEY, ROOT, SECRET, TEMPLATE

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
SELF = f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/shop"
# AWS knows no resource for these actions, or MWAA asks for the whole account (service authorization reference).
WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "logs:DescribeLogGroups",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
}


@pytest.fixture
def role(made: Any) -> dict[str, Any]:
    """Return the execution role as IAM has it."""
    (found,) = [one for one in made("iam").list_roles()["Roles"] if "ExecutionRole" in one["RoleName"]]
    return dict(found)


def statements(made: Any, role: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all statements of a role's policies."""
    iam, found = made("iam"), []
    for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
        # moto keeps it as Python shows it, with None for what is left out.
        table = ast.literal_eval(document) if isinstance(document, str) else document
        found += [one for one in table["Statement"] if one]
    return found


def every_policy() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every statement of every role in infra/, with the template's name, whatever its conditions say."""
    for file in sorted((ROOT / "infra").glob("*.yaml")):
        for resource in cfn_yaml.load(file)["Resources"].values():
            if resource["Type"].startswith("AWS::IAM::"):
                yield from ((file.name, dict(one)) for one in found(resource["Properties"]))


def found(node: Any) -> Iterator[Any]:
    """Yield whatever has an effect, in any depth."""
    if isinstance(node, dict) and "Effect" in node:
        yield node
    elif isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from found(one)


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
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:airflow-shop-*"
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
    policies = Resolved(TEMPLATE, {**GIVEN, "KmsKey": key}).properties("ExecutionRole")["Policies"]
    using = [one for one in found(policies) if any("kms:" in action for action in listed(one["Action"]))]
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
    policies = Resolved(TEMPLATE, {**GIVEN, "SecretsKey": KEY}).properties("ExecutionRole")["Policies"]
    (statement,) = [one for one in found(policies) if one["Sid"] == "SecretsKey"]
    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", KEY)
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}


def test_no_action_is_starred() -> None:
    """In no template of infra/ a role may do a kind of things; each action is named."""
    policies = list(every_policy())
    assert any(file == "environment.yaml" for file, _ in policies)
    assert [(file, one) for file, one in policies if any("*" in action for action in listed(one["Action"]))] == []


def test_starred_resources_are_those_that_aws_allows_no_other_for() -> None:
    """An action on every resource is one that knows no resource."""
    starred = [one for file, one in every_policy() if file == "environment.yaml" and "*" in listed(one.get("Resource"))]
    assert {action for one in starred for action in listed(one["Action"])} == WITHOUT_RESOURCE

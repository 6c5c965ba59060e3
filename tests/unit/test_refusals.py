"""What AWS refuses, told with the statement that allows it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mwaa_dbt.errors import ProjectError
from scripts.aws.errors import Told

WHO = "User: arn:aws:sts::123456789012:assumed-role/deploy/me"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0d1c3f5e"


def refused(action: str, resource: str, text: str = "", code: str = "AccessDenied") -> ProjectError:
    """Return what is told of a call that AWS has refused with a text."""
    answer: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {}}
    with pytest.raises(ProjectError) as told, Told("eu-central-1")(action, resource):
        raise ClientError(answer, action.split(":")[1])
    return told.value


def statement(error: ProjectError) -> tuple[str, str]:
    """Return action and resource of the statement to add."""
    found = re.search(r"allow it: (\{.*?\});", error.fix)
    assert found, error.fix
    table = json.loads(found[1])
    return table["Action"], table["Resource"]


@pytest.mark.parametrize(
    ("action", "resource", "arn"),
    [
        ("s3:GetObject", "shop/dags/a.py", "arn:aws:s3:::shop/dags/a.py"),
        ("airflow:GetEnvironment", "shop", "arn:aws:airflow:REGION:ACCOUNT:environment/shop"),
        ("airflow:InvokeRestApi", "shop", "arn:aws:airflow:REGION:ACCOUNT:role/shop/User"),
        ("sqs:CreateQueue", "tasks", "arn:aws:sqs:REGION:ACCOUNT:tasks"),
    ],
)
def test_statement_is_told(action: str, resource: str, arn: str) -> None:
    """Where AWS gives no reason, as for a HEAD, the call's own action and resource stand in the statement."""
    error = refused(action, resource, "Forbidden", "403")
    assert error.what == f"There is no permission for {action}."
    assert statement(error) == (action, arn)


@pytest.mark.parametrize(
    ("missing", "arn"),
    [("kms:Decrypt", KEY), ("s3:ListBucket", "arn:aws:s3:::shop"), ("s3:GetObject", "arn:aws:s3:::shop/x")],
)
@pytest.mark.parametrize("quote", ['"', ""])
def test_aws_has_the_last_word(missing: str, arn: str, quote: str) -> None:
    """S3 refuses a read also for the sake of a key, or of an object that is missing: what it names is told."""
    text = f"{WHO} is not authorized to perform: {missing} on resource: {quote}{arn}{quote} because no identity-based"
    error = refused("s3:GetObject", "shop/x", f"{text} policy allows the {missing} action")
    assert error.what == f"There is no permission for {missing}."
    assert error.where == "s3:GetObject on shop/x"
    assert statement(error) == (missing, arn)


def test_role_that_is_not_given_is_told() -> None:
    """A pipeline that may not take its role hears of that, and not of the call that would have come next."""
    error = refused("s3:ListBucket", "shop", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert "does not let this job take its role" in error.what
    assert "ci/README.md" in error.fix

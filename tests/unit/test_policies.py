"""What a role's policies allow, by their text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scripts.aws.policies import allows

BUCKET = "arn:aws:s3:::shop"
ALLOW = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": [BUCKET, f"{BUCKET}/*"]}
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET}/archive/*"}
TLS = DENY | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def document(*statements: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "allowed"),
    [
        ([ALLOW], "s3:GetObject", f"{BUCKET}/archive/x", True),
        ([ALLOW], "s3:ListBucket", BUCKET, True),
        ([ALLOW], "S3:getobject", f"{BUCKET}/archive/x", True),
        ([ALLOW], "s3:PutObject", f"{BUCKET}/archive/x", False),
        ([ALLOW], "s3:GetObject", f"{BUCKET}2/archive/x", False),
        ([ALLOW, DENY], "s3:GetObject", f"{BUCKET}/archive/x", False),
        ([ALLOW, TLS], "s3:GetObject", f"{BUCKET}/archive/x", True),
        ([ALLOW | {"Condition": {"StringEquals": {"aws:x": "y"}}}], "s3:GetObject", f"{BUCKET}/x", True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "s3:GetObject", f"{BUCKET}/x", True),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "s3:GetObject", f"{BUCKET}/x", False),
        ([{"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/*"}], "s3:GetObject", f"{BUCKET}/x", False),
        (
            [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/[x]"}],
            "s3:GetObject",
            f"{BUCKET}/x",
            False,
        ),
        ([], "s3:GetObject", f"{BUCKET}/x", False),
    ],
)
def test_statements(statements: list[Mapping[str, Any]], action: str, resource: str, allowed: bool) -> None:
    """A statement that allows is needed, and one that denies without a condition wins."""
    assert allows([document(one) for one in statements], action, resource) is allowed
    assert allows([document(*statements)], action, resource) is allowed


def test_one_statement_without_a_list() -> None:
    """IAM takes a single statement as it is."""
    assert allows([{"Statement": ALLOW}], "s3:GetObject", f"{BUCKET}/x")

"""Every IAM policy of infra/: no action and no resource is starred, but for what is listed here with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.templates import FOLDER, Template

TEMPLATES = sorted(path.name for path in FOLDER.glob("*.yaml"))
DOCUMENTS = ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument")
# Of a key's own policy the resource is the key.
KEYS = "AWS::KMS::Key"
# Actions that AWS knows no resource for (Service Authorization Reference), by template.
UNNAMED = {
    "monitoring.yaml": {"cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage"},
    # MWAA's documents have the same three in an execution role.
    "environment.yaml": {"cloudwatch:PutMetricData", "logs:DescribeLogGroups", "s3:GetAccountPublicAccessBlock"},
}
# The queue's key is AWS's own, in an account that AWS does not name: any but this account's (MWAA user guide,
# mwaa-create-role).
ALL_BUT = {"environment.yaml": {"QueueKey"}}


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements of all policies inside of a resource's properties, and of a policy that is text."""
    if isinstance(value, list):
        for one in value:
            yield from statements(one)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in DOCUMENTS:
                document = json.loads(inner) if isinstance(inner, str) else inner
                yield from document["Statement"]
            else:
                yield from statements(inner)


def allowed(template: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each statement that allows something, with the type of its resource; conditions are passed over."""
    filled = Template(template, Name="shop", Bucket="shop", Repository="acme/shop")
    for one in filled.table["Resources"].values():
        for statement in statements(filled.resolve(one.get("Properties", {}))):
            if statement["Effect"] == "Allow":
                yield one["Type"], statement


def listed(value: Any) -> list[str]:
    """Return IAM's one-or-many as a list."""
    return list(value) if isinstance(value, list) else [value]


def test_policies_are_found() -> None:
    """The walk finds the policies it is for."""
    found = [statement for name in TEMPLATES for _, statement in allowed(name)]
    actions = {action for one in found for action in listed(one["Action"])}
    assert {"s3:GetObject", "sns:Publish", "kms:Decrypt", "sts:AssumeRoleWithWebIdentity"} <= actions


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_action_is_starred(template: str) -> None:
    """What is allowed is said action by action."""
    assert [one for _, one in allowed(template) if any("*" in action for action in listed(one["Action"]))] == []
    turned = {one.get("Sid") for _, one in allowed(template) if "NotAction" in one or "NotResource" in one}
    assert turned <= ALL_BUT.get(template, set())


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_resource_is_starred(template: str) -> None:
    """Nothing is allowed on everything, but for actions that know no resource."""
    found = [
        action
        for kind, one in allowed(template)
        if kind != KEYS and "*" in listed(one.get("Resource", "none"))
        for action in listed(one["Action"])
    ]
    assert set(found) <= UNNAMED.get(template, set())


@pytest.mark.parametrize("template", TEMPLATES)
def test_nobody_is_everybody(template: str) -> None:
    """No policy lets in whoever comes."""
    assert [one for _, one in allowed(template) if one.get("Principal") in ("*", {"AWS": "*"})] == []

"""CloudFormation's answers as plans: told, idle, refused."""

from __future__ import annotations

from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws.stacks import Change, change
from scripts.env.plan import Part, cost, effective, refuse_replacement
from scripts.env.versions import check_jump, check_offered
from scripts.versions import offered


def answer(kind: str, *properties: str, action: str = "Modify", replacement: str = "False") -> dict[str, Any]:
    """Return a ResourceChange as DescribeChangeSet has it (CloudFormation API reference, ResourceChangeDetail)."""
    details = [
        {
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"},
            "Evaluation": "Static",
            "ChangeSource": "ParameterReference",
            "CausingEntity": name,
        }
        for name in properties
    ]
    return {
        "Action": action,
        "LogicalResourceId": "It",
        "ResourceType": kind,
        "Replacement": replacement,
        "Scope": ["Properties"],
        "Details": details,
    }


def environment(*properties: str) -> Change:
    """Return a change of the environment's properties."""
    return change(answer("AWS::MWAA::Environment", *properties))


def test_properties_are_read() -> None:
    """A change names its properties, and Tags or the like by what they are."""
    item = answer("AWS::EC2::VPC", "CidrBlock")
    item["Details"] += [{"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}}]
    assert change(item) == Change("Modify", "It", "AWS::EC2::VPC", "False", ("CidrBlock", "Tags"))


@pytest.mark.parametrize(
    ("properties", "counts"),
    [
        (("RequirementsS3ObjectVersion", "StartupScriptS3ObjectVersion", "PluginsS3ObjectVersion"), False),
        (("WorkerReplacementStrategy",), False),
        (("RequirementsS3ObjectVersion", "MaxWorkers"), True),
        (("Tags",), True),
        ((), True),
    ],
)
def test_files_that_a_deploy_has_changed_are_no_work(properties: tuple[str, ...], counts: bool) -> None:
    """The stack's own object versions are older than those that run: to say so to MWAA again would change nothing."""
    assert bool(effective((environment(*properties),))) is counts


@pytest.mark.parametrize(
    ("kind", "action", "replacement", "refused"),
    [
        ("AWS::MWAA::Environment", "Modify", "True", True),
        ("AWS::MWAA::Environment", "Modify", "Conditional", False),
        ("AWS::MWAA::Environment", "Remove", "False", True),
        ("AWS::MWAA::Environment", "Add", "", False),
        ("AWS::S3::Bucket", "Modify", "True", True),
        ("AWS::EC2::Subnet", "Modify", "True", True),
        ("AWS::EC2::NatGateway", "Modify", "True", False),
        ("AWS::IAM::Role", "Remove", "False", False),
    ],
)
def test_what_may_not_be_replaced(kind: str, action: str, replacement: str, refused: bool) -> None:
    """Environment, bucket and network are neither replaced nor removed; the rest may be."""
    item = answer(kind, "Name", action=action, replacement=replacement)
    part = Part("environment", "shop-environment", (change(item),))
    if not refused:
        return refuse_replacement(part)
    with pytest.raises(ProjectError) as caught:
        refuse_replacement(part)
    assert kind in caught.value.what
    assert "for Name" in caught.value.what
    return None


def test_costs() -> None:
    """A jump of versions takes hours, another change minutes, a change elsewhere nothing."""
    part = Part("environment", "s", (environment("AirflowVersion"),))
    assert "up to 2 hours" in str(cost(part, {"AirflowVersion": "2.11.2"}, "3.3.1"))
    assert "10 to 30 minutes" in str(cost(part, {"AirflowVersion": "3.3.1"}, "3.3.1"))
    assert cost(Part("network", "s", (change(answer("AWS::EC2::EIP")),)), {}, "3.3.1") is None


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("2.10.3", "3.3.1", False),
        ("2.9.2", "3.0.6", False),
        ("2.10.3", "2.11.2", True),
        ("2.11.0", "3.3.1", True),
        ("3.0.6", "3.3.1", True),
        ("3.3.1", "3.0.6", True),
        ("3.3.1", "2.11.2", True),
        ("3.3.1", "2.10.3", False),
        ("2.11.2", "2.10.3", True),
        ("3.3.1", "3.3.1", True),
    ],
)
def test_jumps(before: str, after: str, allowed: bool) -> None:
    """Between the majors an environment goes through 2.11 only, up and down."""
    if allowed:
        return check_jump(before, after, "settings.toml")
    with pytest.raises(ProjectError, match=r"only by way of 2\.11"):
        check_jump(before, after, "settings.toml")
    return None


@pytest.mark.parametrize("version", ["3.1.6", "3.3.2", "2.6.3", "latest", ""])
def test_versions_that_mwaa_has_not(version: str) -> None:
    """A version that only Airflow has, or that MWAA has given up, is refused with those that it has."""
    with pytest.raises(ProjectError) as caught:
        check_offered(version, "settings.toml")
    assert ", ".join(offered()) in caught.value.fix

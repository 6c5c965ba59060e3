"""CloudFormation as moto serves it, for the templates of infra/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests import serving
from tests.infra.environment import GIVEN, NAME, SECRET, TEMPLATE

REGION = "eu-central-1"
type Deploy = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Give a function that makes clients of AWS as moto serves it on a free loopback port."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    with serving.moto() as url:
        yield lambda service: boto3.client(service, endpoint_url=url, **keys)


@pytest.fixture(scope="module")
def deploy(session: Any) -> Deploy:
    """Give a function that makes a stack of a template and parameters, and returns its outputs."""
    cloudformation = session("cloudformation")

    def deploy(stack: str, template: str, **parameters: str) -> dict[str, str]:
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        made = {"StackName": stack, "TemplateBody": template, "Parameters": given}
        cloudformation.create_stack(**made, Capabilities=["CAPABILITY_NAMED_IAM"])
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE"
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    return deploy


@pytest.fixture(scope="module")
def made(session: Any) -> Any:
    """Return a function that makes clients, after a stack with own secrets was made."""
    cloudformation, stack = session("cloudformation"), f"{NAME}-environment"
    # All servers of a process have the same AWS behind them.
    if stack in [one["StackName"] for one in cloudformation.list_stacks()["StackSummaries"]]:
        return session
    vpc = session("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    values = {**GIVEN, "VpcId": vpc, "Secrets": SECRET, "LogsRetention": "30"}
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    wish = {"StackName": stack, "TemplateBody": TEMPLATE, "Parameters": given}
    # By a change set, of which moto makes no outputs: that of the environment is not there.
    plan = cloudformation.create_change_set(
        **wish, ChangeSetName="all", ChangeSetType="CREATE", Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.execute_change_set(ChangeSetName=plan["Id"])
    return session

"""The environment that a template makes, with what its parameters and other resources are put in."""

from __future__ import annotations

from typing import Any

import botocore.session

from scripts.aws.shapes import Shapes
from tests.infra.templates import ACCOUNT, Template

CREATE = "CreateEnvironment"
# What the environment asks of other resources.
MADE = {"ExecutionRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/made", "SecurityGroup.GroupId": "sg-0123456789abcdef0"}


def environment(text: str | None, **parameters: str) -> dict[str, Any]:
    """Return the properties of the environment of a template, infra/environment.yaml unless another is given."""
    found = Template("environment.yaml", text, **MADE, **parameters).resources("AWS::MWAA::Environment")
    return dict(found["Environment"])


def members(operation: str = CREATE) -> list[str]:
    """Return the names of the fields that a call of MWAA's takes."""
    return list(_model().operation_model(operation).input_shape.members)


def described() -> list[str]:
    """Return the names of the fields that GetEnvironment answers with."""
    return list(_model().operation_model("GetEnvironment").output_shape.members["Environment"].members)


def wrong(properties: dict[str, Any]) -> list[str]:
    """Return what CreateEnvironment would not take, of the fields that it has."""
    return Shapes().request(CREATE, {key: value for key, value in properties.items() if key in members()})


def _model() -> Any:
    return botocore.session.get_session().get_service_model("mwaa")

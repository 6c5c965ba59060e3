"""A template with its parameters put in, as CloudFormation does: the functions that infra/environment.yaml calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

REGION, ACCOUNT = "eu-central-1", "123456789012"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()
# Functions of values alone.
PLAIN: dict[str, Callable[..., Any]] = {
    "Equals": lambda one, other: one == other,
    "Not": lambda one: not one,
    "Join": lambda between, parts: between.join(parts),
    "Select": lambda index, parts: parts[int(index)],
}


class Resolved:
    """A template with parameters; `properties` are those of one resource."""

    def __init__(self, template: str, parameters: Mapping[str, str]) -> None:
        self.template = cfn_yaml.loads(template)
        self.values: dict[str, Any] = dict(PSEUDO)
        for name, table in self.template["Parameters"].items():
            value = parameters.get(name, table.get("Default"))
            assert value is not None, f"nothing says what {name} is"
            self.values[name] = self._typed(str(value), table["Type"])

    def _typed(self, value: str, kind: str) -> Any:
        if kind == "CommaDelimitedList":
            return value.split(",") if value else []
        return int(value) if kind == "Number" else value

    def holds(self, condition: str) -> bool:
        """Say whether a condition holds."""
        return bool(self.value(self.template["Conditions"][condition]))

    def properties(self, resource: str) -> dict[str, Any]:
        """Return the properties of a resource."""
        return dict(self.value(self.template["Resources"][resource]["Properties"]))

    def value(self, node: Any) -> Any:
        """Return what a part of the template means."""
        if isinstance(node, dict):
            if len(node) == 1 and (key := next(iter(node))) and (key == "Ref" or key.startswith("Fn::")):
                return self._called(key.removeprefix("Fn::"), node[key])
            found = {key: self.value(one) for key, one in node.items()}
            return {key: one for key, one in found.items() if one is not NOTHING}
        if isinstance(node, list):
            return [one for one in map(self.value, node) if one is not NOTHING]
        return node

    def _called(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return NOTHING if argument == "AWS::NoValue" else self.values.get(argument, f"the {argument}")
        if name == "GetAtt":
            return self._made(".".join(argument) if isinstance(argument, list) else argument)
        if name == "If":
            return self.value(argument[1 if self.holds(argument[0]) else 2])
        if name == "Sub":
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(self.values[found[1]]), argument)
        return PLAIN[name](*self.value(argument))

    def _made(self, attribute: str) -> str:
        known = {
            "ExecutionRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/made",
            "SecurityGroup.GroupId": "sg-0123456789abcdef0",
            "Environment.Arn": f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{self.values['Name']}",
        }
        return known[attribute]

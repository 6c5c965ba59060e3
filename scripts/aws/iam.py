"""IAM's roles: whom they trust and what they may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scripts.aws.errors import Told

type Document = Mapping[str, Any]


class Decision(NamedTuple):
    """Whether a role may do something, and on which condition keys, unknown beforehand, that depends."""

    allowed: bool
    depends: tuple[str, ...] = ()


class Iam:
    """The roles of an account. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, told: Told) -> None:
        self._client, self._told = client, told

    def trust(self, role: str) -> Document:
        """Return a role's trust policy: who may take the role."""
        with self._told("iam:GetRole", role):
            return dict(self._client.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])

    def simulate(self, arn: str, action: str, resource: str, context: Mapping[str, str]) -> Decision:
        """Return whether a role may do something, as IAM itself decides by the role's policies and boundary.

        Args:
            arn: the role's.
            action: such as "s3:GetObject".
            resource: an ARN.
            context: condition keys and their values in such a call.
        """
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ]
        with self._told("iam:SimulatePrincipalPolicy", arn):
            found = self._client.simulate_principal_policy(
                PolicySourceArn=arn, ActionNames=[action], ResourceArns=[resource], ContextEntries=entries
            )["EvaluationResults"]
        missing = {key for one in found for key in one.get("MissingContextValues", [])}
        return Decision(all(one["EvalDecision"] == "allowed" for one in found), tuple(sorted(missing)))

    def policies(self, role: str) -> list[Document]:
        """Return the policies of a role: those within it, then those attached to it."""
        return [*self._inline(role), *self._attached(role)]

    def _inline(self, role: str) -> Iterator[Document]:
        with self._told("iam:ListRolePolicies", role):
            names = self._all("list_role_policies", "PolicyNames", RoleName=role)
        for name in names:
            with self._told("iam:GetRolePolicy", role):
                yield self._client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    def _attached(self, role: str) -> Iterator[Document]:
        with self._told("iam:ListAttachedRolePolicies", role):
            attached = self._all("list_attached_role_policies", "AttachedPolicies", RoleName=role)
        for arn in (one["PolicyArn"] for one in attached):
            with self._told("iam:GetPolicy", arn):
                version = self._client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            with self._told("iam:GetPolicyVersion", arn):
                found = self._client.get_policy_version(PolicyArn=arn, VersionId=version)
            yield found["PolicyVersion"]["Document"]

    def _all(self, call: str, field: str, **wanted: str) -> Sequence[Any]:
        return [item for page in self._client.get_paginator(call).paginate(**wanted) for item in page[field]]

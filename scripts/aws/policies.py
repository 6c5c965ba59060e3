"""What IAM policies allow, read from their text: where IAM's own simulation may not be asked.

Conditions are not weighed: an allowance under a condition counts, a denial under one does not. Permission boundaries
and policies of the organization are not in a role's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from scripts.aws.errors import DeniedError
from scripts.aws.iam import Decision, Iam

type Document = Mapping[str, Any]
type Judge = Callable[[str, str, Mapping[str, str]], Decision]  # of an action, a resource, and condition keys


def judge(iam: Iam, arn: str) -> tuple[Judge, str]:
    """Return what decides whether a role may do something, and how it does.

    IAM's own simulation, or the text of the role's policies where that may not be asked.

    Raises:
        DeniedError: if neither may be.
    """
    name = arn.rpartition("/")[2]
    try:
        iam.simulate(arn, "s3:GetObject", "arn:aws:s3:::any/any", {})
    except DeniedError:
        documents = iam.policies(name)
        return lambda action, resource, _: Decision(allows(documents, action, resource)), "by the text of its policies"
    return lambda action, resource, context: iam.simulate(arn, action, resource, context), "IAM's simulation"


def allows(documents: Iterable[Document], action: str, resource: str) -> bool:
    """Say whether policies allow an action on a resource: some statement does, and none denies it."""
    statements = [one for document in documents for one in listed(document["Statement"])]
    applying = [one for one in statements if _applies(one, action, resource)]
    denied = any(one["Effect"] == "Deny" and not one.get("Condition") for one in applying)
    return not denied and any(one["Effect"] == "Allow" for one in applying)


def _applies(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    return _chosen(statement, "Action", action) and _chosen(statement, "Resource", resource)


def _chosen(statement: Mapping[str, Any], field: str, value: str) -> bool:
    if f"Not{field}" in statement:
        return not matches(statement[f"Not{field}"], value)
    return matches(statement.get(field, []), value)


def matches(patterns: str | Iterable[str], value: str) -> bool:
    """Say whether one of some patterns with * and ? fits; of an action in any case, as IAM has it."""
    return any(_fits(pattern, value) for pattern in listed(patterns))


def _fits(pattern: str, value: str) -> bool:
    # In IAM's patterns a bracket is a bracket.
    plain = pattern.replace("[", "[[]")
    if value.startswith("arn:"):
        return fnmatchcase(value, plain)
    return fnmatchcase(value.lower(), plain.lower())


def sources(statements: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ARNs that statements want the asking resource to have (condition aws:SourceArn)."""
    tests = [test for one in statements for test in one.get("Condition", {}).values()]
    found = [value for test in tests for key, value in test.items() if key.lower() == "aws:sourcearn"]
    return [arn for value in found for arn in listed(value)]


def listed(found: Any) -> list[Any]:
    """Return what a policy has as one or as a list of them."""
    return list(found) if isinstance(found, list | tuple) else [found]

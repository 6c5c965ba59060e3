"""IAM's judgement over statements: action, resource and the conditions that this project writes."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

type Statement = Mapping[str, Any]


class Ask(NamedTuple):
    """What a request asks for: an action on an ARN, and the keys that a condition may look at."""

    action: str
    arn: str
    context: Mapping[str, str] = {}


def allowed(statements: Iterable[Statement], ask: Ask) -> bool:
    """Say whether statements allow what is asked; a Deny has the last word."""
    effects = {one["Effect"] for one in statements if _fits(one, ask)}
    return effects == {"Allow"}


def _fits(statement: Statement, ask: Ask) -> bool:
    actions, resources = listed(statement["Action"]), listed(statement.get("Resource", "*"))
    named = any(like(one, ask.action) for one in actions) and any(like(one, ask.arn) for one in resources)
    return named and holds(statement.get("Condition", {}), ask.context)


def holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Say whether all of a condition holds; a test that is not known here is an error."""
    return all(
        key in context and any(TESTS[test](wanted, context[key]) for wanted in listed(values))
        for test, keys in condition.items()
        for key, values in keys.items()
    )


def listed(value: Any) -> list[Any]:
    """Return IAM's one-or-many as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def like(pattern: str, text: str) -> bool:
    """Say whether a text fits a pattern of IAM's, in which * is any text and ? any character."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(escaped, text, re.DOTALL))


TESTS: dict[str, Callable[[str, str], bool]] = {"StringEquals": operator.eq, "StringLike": like}

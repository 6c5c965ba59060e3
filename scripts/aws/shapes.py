"""What MWAA's API takes, by botocore's own model of it: no rule of AWS's is copied."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session

CREATE = "CreateEnvironment"


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("mwaa")


def members(operation: str = CREATE) -> list[str]:
    """Return the names of the fields that a call takes."""
    return list(_model().operation_model(operation).input_shape.members)


def described() -> list[str]:
    """Return the names of the fields that GetEnvironment answers with."""
    return list(_model().operation_model("GetEnvironment").output_shape.members["Environment"].members)


def wrong(value: Any, *path: str) -> str | None:
    """Say what is wrong with a value of CreateEnvironment; None if MWAA would take it.

    Args:
        value: the value.
        path: the field's name; of a field within it, that one's behind it.
    """
    shape = _model().operation_model(CREATE).input_shape
    for name in path:
        shape = shape.members[name]
    return _wrong(value, shape)


def _wrong(value: Any, shape: Any) -> str | None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    measure = value if shape.type_name == "integer" else len(value)
    unit = {"integer": "", "string": " characters"}.get(shape.type_name, f" {_plural(shape)}")
    if (least is not None and measure < least) or (most is not None and measure > most):
        return f"MWAA takes {_range(least, most)}{unit}, not {measure}"
    if shape.type_name == "string":
        if (allowed := shape.metadata.get("enum")) and value not in allowed:
            return f"MWAA takes one of {', '.join(allowed)}"
        pattern = shape.metadata.get("pattern")
        return None if pattern is None or re.fullmatch(pattern, value) else f"MWAA takes what fits {pattern}"
    if shape.type_name == "list":
        return next((text for one in value if (text := _wrong(one, shape.member))), None)
    return None


def _plural(shape: Any) -> str:
    name = shape.member.name if shape.type_name == "list" else "entry"
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().removesuffix(" id")
    return f"{word}s"


def _range(least: int | None, most: int | None) -> str:
    if least == most:
        return f"exactly {least}"
    if most is None:
        return f"at least {least}"
    return f"at most {most}" if least is None else f"{least} to {most}"

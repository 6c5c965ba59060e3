"""What MWAA's API takes, by botocore's own model of it: no rule of AWS's is copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
        value: the value; all fields together, if no path is given.
        path: the field's name; of a field within it, that one's behind it.
    """
    shape = _model().operation_model(CREATE).input_shape
    for name in path:
        shape = shape.members[name]
    return next(_faults(value, shape), None)


def _faults(value: Any, shape: Any) -> Iterator[str]:
    kind, rules = shape.type_name, shape.metadata
    if kind == "structure":
        yield from (f"MWAA knows no {name}" for name in value if name not in shape.members)
        yield from (f"MWAA wants {name}, too" for name in shape.required_members if name not in value)
        for name in {*value} & {*shape.members}:
            yield from (f"{name}: {text}" for text in _faults(value[name], shape.members[name]))
    if kind in ("list", "map", "string", "integer"):
        least, most, size = rules.get("min"), rules.get("max"), value if kind == "integer" else len(value)
        if (least is not None and size < least) or (most is not None and size > most):
            unit = {"integer": "", "string": " characters"}.get(kind, f" {_plural(shape)}")
            yield f"MWAA takes {_range(least, most)}{unit}, not {size}"
    if kind == "list":
        yield from (text for one in value for text in _faults(one, shape.member))
    elif kind == "map":
        yield from (text for key in value for text in _faults(key, shape.key))
        yield from (text for one in value.values() for text in _faults(one, shape.value))
    elif kind == "string":
        if (allowed := shape.enum) and value not in allowed:
            yield f"MWAA takes one of {', '.join(allowed)}"
        # Some of AWS's patterns have classes that Python has not, such as \\p{L}.
        elif (pattern := rules.get("pattern")) and "\\p{" not in pattern and not re.fullmatch(pattern, value):
            yield f"MWAA takes what fits {pattern}"


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

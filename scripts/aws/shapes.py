"""MWAA's API as botocore's own model describes it: its operations, and what is wrong with a request or an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

SERVICE = "mwaa"
# JSON's types, and what the model calls them; a time is a number of seconds.
TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "double": (int, float),
    "timestamp": (int, float),
}
# Python's `re` has no classes of Unicode.
UNICODE = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


class Route(NamedTuple):
    """How an operation is asked for: method, path with {Names}, and member of the query → type."""

    method: str
    path: str
    query: Mapping[str, str]


class Shapes:
    """The model of one service's API."""

    def __init__(self, service: str = SERVICE) -> None:
        self._service = service

    @cached_property
    def _model(self) -> ServiceModel:
        return ServiceModel(Loader().load_service_model(self._service, "service-2"), self._service)

    @property
    def operations(self) -> list[str]:
        """The names of all operations."""
        return list(self._model.operation_names)

    def route(self, operation: str) -> Route:
        """Return how an operation is asked for."""
        model = self._operation(operation)
        members = model.input_shape.members if model.input_shape else {}
        asked = {name: one for name, one in members.items() if one.serialization.get("location") == "querystring"}
        query = {str(one.serialization.get("name", name)): str(one.type_name) for name, one in asked.items()}
        return Route(str(model.http["method"]), str(model.http["requestUri"]), query)

    def errors(self, operation: str) -> dict[str, int]:
        """Return the errors that an operation declares, with their HTTP status."""
        return {shape.name: int(shape.metadata["error"]["httpStatusCode"]) for shape in self._errors(operation)}

    def request(self, operation: str, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with a request, in AWS's words; `values` are all its members, wherever they stood."""
        return list(_faults(self._operation(operation).input_shape, dict(values), ""))

    def answer(self, operation: str, body: Any) -> list[str]:
        """Return what is wrong with the body of an answer."""
        return list(_faults(self._operation(operation).output_shape, body, ""))

    def error(self, operation: str, name: str, body: Any) -> list[str]:
        """Return what is wrong with the body of an error that an operation declares."""
        (shape,) = [shape for shape in self._errors(operation) if shape.name == name]
        return list(_faults(shape, body, ""))

    def _operation(self, name: str) -> OperationModel:
        return self._model.operation_model(name)

    def _errors(self, operation: str) -> list[Shape]:
        return list(self._operation(operation).error_shapes)


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"Value at '{path or shape.name}' failed to satisfy constraint: Member must be of type {kind}"
        return
    shown = "Value" if shape.metadata.get("sensitive") else f"Value '{value}'"
    for rule in _broken(shape, value):
        yield f"{shown} at '{path}' failed to satisfy constraint: Member must {rule}"
    yield from _inside(shape, value, path)


def _inside(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _members(shape, value, path)
    elif shape.type_name == "map":
        for key, one in value.items():
            yield from _faults(shape.key, key, f"{path}.key")
            yield from _faults(shape.value, one, f"{path}.{key}")
    elif shape.type_name == "list":
        for number, one in enumerate(value, 1):
            yield from _faults(shape.member, one, f"{path}.{number}")


def _members(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    start = f"{path}." if path else ""
    for name in shape.metadata.get("required", ()):
        if name not in value:
            yield f"Value at '{start}{name}' failed to satisfy constraint: Member must not be null"
    for name, one in value.items():
        if name in shape.members:
            yield from _faults(shape.members[name], one, start + name)
        else:
            yield f"Value at '{start}{name}' failed to satisfy constraint: Member is not known"


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    rules, sized = shape.metadata, isinstance(value, str | list | dict)
    size, what = (len(value), "length") if sized else (value, "value")
    if "min" in rules and size < rules["min"]:
        yield f"have {what} greater than or equal to {rules['min']}"
    if "max" in rules and size > rules["max"]:
        yield f"have {what} less than or equal to {rules['max']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    if "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(value):
        yield f"satisfy regular expression pattern: {rules['pattern']}"


def _pattern(text: str) -> re.Pattern[str]:
    for ours, theirs in UNICODE.items():
        text = text.replace(ours, theirs)
    return re.compile(text, re.DOTALL)

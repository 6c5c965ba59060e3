"""Templates of infra/ as CloudFormation reads them, with parameters filled in as far as a test needs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

FOLDER = Path(__file__).parents[2] / "infra"
REGION, ACCOUNT = "eu-central-1", "123456789012"
PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
NONE = object()


class Template:
    """A template with values for its parameters; what is asked of a resource is `<name>` or `<name>.<attribute>`.

    `given` may have other values for that, by those names; `text` is another template than the file's.
    """

    def __init__(self, name: str, text: str | None = None, **given: str) -> None:
        self.text = text or (FOLDER / name).read_text()
        self.table: dict[str, Any] = cfn_yaml.loads(self.text)
        known = {key: str(one["Default"]) for key, one in self.table["Parameters"].items() if "Default" in one} | given
        self.values: dict[str, Any] = PSEUDO | {key: self._typed(key, value) for key, value in known.items()}

    def _typed(self, name: str, value: str) -> Any:
        kind = self.table["Parameters"].get(name, {}).get("Type")
        if kind == "CommaDelimitedList":
            return value.split(",") if value else []
        return int(value) if kind == "Number" else value

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the resources of a kind that are made, by name: their properties, resolved."""
        return {
            name: self.resolve(one.get("Properties", {}))
            for name, one in self.table["Resources"].items()
            if one["Type"] == kind and self._holds(one.get("Condition"))
        }

    def _holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.resolve(self.table["Conditions"][condition]))

    def resolve(self, value: Any) -> Any:
        """Return a value with its functions called."""
        if isinstance(value, list):
            return [found for one in value if (found := self.resolve(one)) is not NONE]
        if not isinstance(value, dict):
            return value
        ((key, inner),) = value.items() if len(value) == 1 else (("", None),)
        if key in ("Ref", "Condition") and isinstance(inner, str):
            return self._named(inner) if key == "Ref" else self._holds(inner)
        if key.startswith("Fn::"):
            return getattr(self, f"_{key[4:].lower()}")(inner)
        found = {name: self.resolve(one) for name, one in value.items()}
        return {name: one for name, one in found.items() if one is not NONE}

    def _named(self, name: str) -> Any:
        return NONE if name == "AWS::NoValue" else self.values.get(name, name)

    def _sub(self, value: Any) -> str:
        text, given = value if isinstance(value, list) else (value, {})
        more = {name: str(self.resolve(one)) for name, one in given.items()}
        return re.sub(r"\$\{([\w:.]+)\}", lambda found: more.get(found[1]) or str(self._named(found[1])), text)

    def _join(self, value: list[Any]) -> str:
        return str(value[0]).join(map(str, self.resolve(value[1])))

    def _split(self, value: list[Any]) -> list[str]:
        return str(self.resolve(value[1])).split(value[0])

    def _select(self, value: list[Any]) -> Any:
        return self.resolve(value[1])[int(value[0])]

    def _if(self, value: list[Any]) -> Any:
        return self.resolve(value[1] if self._holds(value[0]) else value[2])

    def _getatt(self, value: list[str]) -> str:
        name = ".".join(value)
        return str(self.values.get(name, name))

    def _equals(self, value: list[Any]) -> bool:
        return bool(self.resolve(value[0]) == self.resolve(value[1]))

    def _not(self, value: list[Any]) -> bool:
        return not self.resolve(value[0])

    def _and(self, value: list[Any]) -> bool:
        return all(self.resolve(one) for one in value)

    def _or(self, value: list[Any]) -> bool:
        return any(self.resolve(one) for one in value)

    def _getazs(self, _: Any) -> list[str]:
        return [f"{REGION}{zone}" for zone in "abc"]

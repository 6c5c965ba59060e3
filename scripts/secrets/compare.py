"""How a stored secret differs from settings.toml; no value of a secret part is ever shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.secrets.declared import Item
from scripts.secrets.stored import OLD, View, parts

TOP = ("conn_type", "host", "login", "schema", "port")
# Where secret parts live; whatever else is stored may be one, too, so only declared fields show their old value.
HIDDEN = ("private_key_content",)


@dataclass(frozen=True)
class Change:
    """A field that differs; None: not there. `shown` is False where the old value may be a secret."""

    field: str
    old: Any
    new: Any
    shown: bool = True

    def __str__(self) -> str:
        old = _text(self.old) if self.shown else "(not shown)"
        return f"{self.field}: {old} → {_text(self.new)}"


def _text(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def changes(item: Item, view: View) -> list[Change]:
    """Return which fields that are no secret differ between what is stored and the settings."""
    wanted = dict(item.fields)
    extra = dict(wanted.pop("extra", {}))
    found = _changes("", {key: wanted.get(key) for key in TOP}, _plain(view.fields))
    return found + _changes("extra.", extra, {key.removeprefix(OLD): value for key, value in view.extra.items()})


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    port = fields.get("port")
    # Airflow reads a number out of a text.
    number = int(port) if isinstance(port, str) and port.isdigit() else port
    return {**{key: value or None for key, value in fields.items() if key in TOP}, "port": number}


def _changes(prefix: str, wanted: dict[str, Any], stored: dict[str, Any]) -> list[Change]:
    keys = sorted({*wanted, *stored} - set(HIDDEN))
    return [
        Change(f"{prefix}{key}", stored.get(key), wanted.get(key), wanted.get(key) is not None)
        for key in keys
        if stored.get(key) != wanted.get(key)
    ]


def surplus(item: Item, view: View) -> list[str]:
    """Return secret parts that are stored although the settings name none such: they would be in the way."""
    found = []
    if "password" in view.fields and not {*item.parts} - {"key"}:
        found.append("a password is stored, and settings.toml declares none")
    if view.extra.get("private_key_content") and "key" not in item.parts:
        found.append("a private key is stored, and settings.toml declares none")
    return found


def missing(item: Item, view: View) -> list[str]:
    """Return the secret parts that are declared and not stored."""
    found = parts(view, item.parts)
    return [part for part in item.parts if part not in found]

"""What Airflow's Secrets Manager backend makes of a stored text, and what it drops or misreads."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from mwaa_dbt.tables import suggestion

# As in the backend (amazon provider 9, secrets_manager.py): the first key of a secret that is one of these counts.
ALIASES = {
    "login": ("login", "user", "username", "user_name"),
    "password": ("password", "pass", "key"),
    "host": ("host", "remote_host", "server"),
    "port": ("port",),
    "schema": ("database", "schema"),
    "conn_type": ("conn_type", "conn_id", "connection_type", "engine"),
    "extra": ("extra",),
}
KNOWN = [word for words in ALIASES.values() for word in words]
OLD = "extra__snowflake__"


@dataclass(frozen=True)
class View:
    """A stored connection as Airflow has it: `fields` without extra, `extra`, and what is wrong.

    `form` is json, uri, or none if Airflow can make nothing of the text.
    """

    form: str
    fields: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read(text: str) -> View:
    """Return what Airflow reads in a text; no fault ever names a value."""
    text = text.strip()
    if not text:
        return View("none", faults=("the secret is empty",))
    if text.startswith("{"):
        return _json(text)
    if re.match(r"[A-Za-z][A-Za-z0-9+._-]*://", text):
        return _uri(text)
    return View("none", faults=(_neither(text),))


def _neither(text: str) -> str:
    if text.startswith(("'", '"')):
        return "the secret is a text in quotes, not JSON: the quotes around it belong away"
    if text.startswith("["):
        return "the secret is a JSON list, not an object"
    return "the secret is neither a JSON object nor a URI (type://…)"


def _json(text: str) -> View:
    try:
        table = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return View("none", faults=(f"the secret is not valid JSON: {error.msg}, {where}",))
    found = {name: next((table[key] for key in table if key in words), None) for name, words in ALIASES.items()}
    extra, wrong = _extra(found.pop("extra"))
    faults = (*_doubles(table), *_dropped(table), *_types(found), *wrong)
    if isinstance(found["conn_type"], str):
        found["conn_type"] = _type(found["conn_type"])
    return View("json", {name: value for name, value in found.items() if value is not None}, extra, faults)


def _extra(value: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return {}, ("extra is a text that is not JSON; Airflow ignores it",)
    if value and not isinstance(value, dict):
        return {}, ("extra is no JSON object; Airflow cannot use it",)
    return dict(value or {}), ()


def _doubles(table: dict[str, Any]) -> list[str]:
    faults = []
    for name, words in ALIASES.items():
        first, *others = [key for key in table if key in words] or [name]
        if others:
            faults.append(f"{first!r} and {others[0]!r} both mean {name}; Airflow takes {first!r}, which comes first")
        elif first != name and first in ("conn_id", "database"):
            faults.append(f"{first!r} at the top level becomes {name}")
    return faults


def _dropped(table: dict[str, Any]) -> list[str]:
    return [
        f"{key!r} at the top level is dropped by Airflow: it belongs into extra{_or(key)}"
        for key in table
        if key not in KNOWN
    ]


def _or(key: str) -> str:
    hint = suggestion(key, KNOWN).strip()
    return f" ({hint})" if hint else ""


def _types(found: dict[str, Any]) -> list[str]:
    faults = [] if found["conn_type"] else ["there is no conn_type"]
    for name in ("conn_type", "login", "password", "host", "schema"):
        if found[name] is not None and not isinstance(found[name], str):
            faults.append(f"{name} is no text")
    try:
        int(found["port"] or 0)
    except (TypeError, ValueError):
        faults.append("port is no number, so Airflow cannot read the connection")
    return faults


def _uri(text: str) -> View:
    """Read a URI as Airflow's Connection does, without its errors: those show the whole text."""
    unusable = View("none", faults=("the URI cannot be read: one of its parts is not percent-encoded",))
    kind, rest = text.split("://", 1)
    protocol = ""
    if inner := re.match(r"([^:@/]+)://", rest):
        protocol, rest = f"{inner[1]}://", rest[inner.end() :]
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        return unusable
    if "://" in parts.netloc:
        return unusable
    host = unquote(parts.hostname or "")
    if "/" in host:
        host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
    found = {
        "conn_type": _type(kind),
        "host": f"{protocol}{host}" if host else None,
        "login": _unquoted(parts.username),
        "password": _unquoted(parts.password),
        "schema": _unquoted(parts.path[1:]),
        "port": port,
    }
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra, wrong = _extra(query["__extra__"]) if "__extra__" in query else (dict(query), ())
    return View("uri", {name: value for name, value in found.items() if value is not None}, extra, wrong)


def _type(text: str) -> str:
    return "postgres" if text == "postgresql" else text.replace("-", "_")


def _unquoted(text: str | None) -> str | None:
    return unquote(text) if text else None


def parts(view: View, wanted: tuple[str, ...]) -> dict[str, str]:
    """Return the secret parts that a stored connection has, of those that are wanted."""
    found = {part: _key(view) if part == "key" else _password(view, part) for part in wanted}
    return {part: value for part, value in found.items() if value}


def _password(view: View, part: str) -> str | None:
    password = view.fields.get("password")
    if not isinstance(password, str):
        return None
    if part != "url" or "://" in password:
        return password
    # As the provider's hook: the address in host (and its scheme in schema), the rest in the password.
    host = str(view.fields.get("host") or "hooks.slack.com/services")
    base = host if "://" in host else f"{view.fields.get('schema') or 'https'}://{host}"
    return f"{base.rstrip('/')}/{password.lstrip('/')}"


def _key(view: View) -> str | None:
    stored = view.extra.get("private_key_content") or view.extra.get(f"{OLD}private_key_content")
    if not isinstance(stored, str):
        return None
    if "-----BEGIN" in stored:
        return stored
    try:
        return base64.b64decode(stored, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return stored

"""Variables, pools, connections and DAGs of an environment, by its REST API, without what is secret of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

from mwaa_dbt.errors import ProjectError
from scripts.airflow import cli
from scripts.airflow.environment import Environment
from scripts.airflow.find import all_dags
from scripts.airflow.rest import pages
from scripts.migrate.inside.rule import MASK, PLAIN, secret_name, secret_value, secret_variable
from scripts.migrate.maintenance import NAME

type Record = dict[str, Any]
type Kind = Literal["variables", "pools", "connections", "dags"]
# Kind → the field that a record is known by.
IDS: dict[Kind, str] = {"variables": "key", "pools": "name", "connections": "connection_id", "dags": "dag_id"}
FIELDS: dict[Kind, tuple[str, ...]] = {
    "variables": ("value", "description"),
    "pools": ("slots", "description", "include_deferred"),
    "connections": ("conn_type", "description", "host", "login", "schema", "port", "extra"),
    "dags": ("paused",),
}
DEFAULT_POOL = "default_pool"
# Airflow 3 reads each value as JSON and writes it anew: 1.10 comes as 1.1 (core_api, VariableResponse, 3.0 to 3.3).
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
WHOLE = re.compile(r"-?\d+")


def read(side: Environment, kind: Kind) -> list[Record]:
    """Return all objects of a kind, by id.

    A record has the fields of FIELDS, and in `secret` the names of those that are left out, as `extra.token`.
    """
    kinds: dict[Kind, Callable[[Environment], Iterator[Record]]] = {
        "variables": _variables,
        "pools": _pools,
        "connections": _connections,
        "dags": _dags,
    }
    return sorted(kinds[kind](side), key=lambda record: str(record[IDS[kind]]))


def _listed(side: Environment, path: str) -> Iterator[Mapping[str, Any]]:
    """Yield what a listing has; from a page on that is too large for MWAA's call, of the web server itself."""
    large = False

    def ask(where: Mapping[str, int]) -> Any:
        nonlocal large
        if not large:
            try:
                return side.airflow.call("GET", path, params=where)
            except ProjectError:
                large = True
        return side.airflow.call("GET", path, params=where, large=True)

    return pages(ask, path)


def _variables(side: Environment) -> Iterator[Record]:
    for found in _listed(side, "variables"):
        key, value = str(found["key"]), str(found.get("value") or "")
        told = found.get("description")
        common = {"key": key, "description": None if secret_value(told) else told}
        if secret_variable(key, value):
            yield {**common, "secret": ["value"]}
        else:
            yield {**common, "value": value if side.is_2 else _exact(side, key, value)}


def _exact(side: Environment, key: str, value: str) -> str:
    if WHOLE.fullmatch(value) or not NUMBER.fullmatch(value):
        return value
    output = cli.run(side, ["variables", "get", key])
    lines = output.out.decode(errors="replace").splitlines()
    return lines[-1] if output.code == 0 and lines else value


def _pools(side: Environment) -> Iterator[Record]:
    for found in _listed(side, "pools"):
        # Before Airflow 2.7 deferred tasks never counted.
        named = {"name": str(found["name"]), "include_deferred": bool(found.get("include_deferred"))}
        yield {**named, "slots": int(found["slots"]), "description": found.get("description") or None}


def _connections(side: Environment) -> Iterator[Record]:
    for listed in _listed(side, "connections"):
        found = listed
        if "extra" not in listed:
            # In a listing of Airflow 2 there is none.
            found = side.airflow.call("GET", f"connections/{quote(str(listed['connection_id']), safe='')}") or listed
        yield _connection(found, side.is_2)


def _connection(found: Mapping[str, Any], is_2: bool) -> Record:
    made: Record = {"connection_id": str(found["connection_id"])}
    # Airflow 2 does not even say whether there is one.
    secret = ["password"] if is_2 or found.get("password") else []
    for name in FIELDS["connections"][:-1]:
        value = found.get(name)
        if secret_value(value):
            secret.append(name)
        else:
            made[name] = value if value != "" else None
    made["extra"], hidden = _extra(found.get("extra"))
    return {**made, "secret": [*secret, *hidden]}


def _extra(text: Any) -> tuple[Record | None, list[str]]:
    """Return what may be shown of a connection's extra, and the names of the rest."""
    try:
        table = json.loads(text or "{}")
    except ValueError:
        return None, ["extra"]
    if not isinstance(table, dict):
        return None, ["extra"]
    shown = {key: value for key, value in table.items() if _plain(key, value)}
    return shown or None, [f"extra.{key}" for key in table if key not in shown]


def _plain(key: str, value: Any) -> bool:
    # The old names of a provider's fields have its name before them: extra__snowflake__account.
    last = key.rpartition("__")[2]
    known = last in PLAIN or isinstance(value, bool) or value in (None, "")
    return known and not secret_name(last) and not secret_value(value) and value != MASK


def _dags(side: Environment) -> Iterator[Record]:
    for dag in all_dags(side.airflow):
        if not dag.dag.startswith(NAME):
            yield {"dag_id": dag.dag, "paused": dag.paused}


def same(one: Record, other: Record, kind: Kind) -> bool:
    """Say whether two records are equal in what both show."""
    hidden = {*one.get("secret", ()), *other.get("secret", ())}
    return all(_equal(one.get(name), other.get(name), hidden, name) for name in FIELDS[kind] if name not in hidden)


def _equal(one: Any, other: Any, hidden: set[str], name: str) -> bool:
    if name == "value" and isinstance(one, str) and isinstance(other, str):
        return one == other or (_json(one) is not None and _json(one) == _json(other))
    if name == "extra":
        keys = {*(one or {}), *(other or {})}
        return all((one or {}).get(key) == (other or {}).get(key) for key in keys if f"extra.{key}" not in hidden)
    return bool((one or None) == (other or None))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None

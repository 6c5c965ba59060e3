"""The secrets that settings.toml declares, and every field of them that is no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Settings, Slack
from mwaa_dbt.tables import suggestion
from scripts import connections
from scripts.connections import Kind
from scripts.local.state import ENVIRONMENT

# What both Airflow's ids and the names of Secrets Manager allow.
LEGAL = re.compile(r"[A-Za-z0-9_./-]{1,200}")
# MWAA gives aws_default itself; in variables of the other name Cosmos keeps a producer's state.
RESERVED = {"connections": ("aws_default",), "variables": ("cosmos_xcom_backup",)}
REHEARSAL_API = "http://slack.localhost/api/"


@dataclass(frozen=True)
class Item:
    """One connection or variable.

    `name` is the secret's, `parts` what is secret in it, `fields` the rest: of a connection as in its JSON, of a
    variable that is no secret its value.
    """

    id: str
    kind: Kind
    name: str
    setting: str
    parts: tuple[str, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    type: str = "variable"
    authentication: str | None = None

    def value(self, parts: Mapping[str, str]) -> dict[str, Any] | str:
        """Return the secret's value with its secret parts: a connection's JSON or a variable's text."""
        if self.kind == "variables":
            return parts["value"] if self.parts else str(self.fields["value"])
        return connections.with_parts(dict(self.fields), dict(parts))


def declared(name: str, environment: Environment) -> list[Item]:
    """Return what an environment's settings declare.

    Raises:
        ProjectError: if an id is taken twice, is reserved, or is no name of a secret.
    """
    found = [_snowflake(name, environment)]
    found += [_slack(name, environment, environment.slack)] if environment.slack else []
    for key, connection in environment.connections.items():
        parts = ("password",) if connection.secret else ()
        found.append(
            Item(
                key,
                "connections",
                connections.secret_name(environment, key),
                f"environments.{name}.connections.{key}",
                parts,
                connections.other_fields(connection),
                connection.type,
            )
        )
    for key, value in environment.variables.items():
        place = f"{connections.folder(environment, 'variables')}/{key}"
        parts, fields = ((), {"value": value}) if value else (("value",), {})
        found.append(Item(key, "variables", place, f"environments.{name}.variables.{key}", parts, fields))
    _check(found)
    return found


def _snowflake(name: str, environment: Environment) -> Item:
    facts = environment.snowflake
    return Item(
        facts.connection,
        "connections",
        connections.secret_name(environment, facts.connection),
        f"environments.{name}.snowflake",
        connections.snowflake_parts(facts),
        connections.snowflake_fields(facts),
        "snowflake",
        facts.authentication,
    )


def _slack(name: str, environment: Environment, facts: Slack) -> Item:
    api = REHEARSAL_API if name == ENVIRONMENT and facts.type == "slack" else None
    return Item(
        facts.connection,
        "connections",
        connections.secret_name(environment, facts.connection),
        f"environments.{name}.slack",
        ("token",) if facts.type == "slack" else ("url",),
        connections.slack_fields(facts.type, api),
        facts.type,
    )


def _check(items: list[Item]) -> None:
    seen: dict[str, Item] = {}
    for item in items:
        where = f"settings.toml, {item.setting}"
        if not LEGAL.fullmatch(item.id):
            raise ProjectError(
                f"{item.id!r} is no id that both Airflow and Secrets Manager take.",
                where,
                "use letters, digits, _ . / -",
            )
        if item.id.startswith(RESERVED[item.kind]):
            raise ProjectError(f"{item.id!r} is not yours to set: it has its own home.", where, "use another name")
        if other := seen.get(item.name):
            raise ProjectError(f"{item.id!r} is declared twice: by {other.setting}, too.", where, "rename one of them")
        seen[item.name] = item
        try:
            json.dumps(dict(item.fields))
        except TypeError as error:
            raise ProjectError(f"A value has no form in JSON: {error}.", where, "write it as a text") from None


def chosen(items: list[Item], names: list[str]) -> list[Item]:
    """Return the items of these ids; all for none.

    Raises:
        ProjectError: if settings.toml declares no such id, or two.
    """
    return [_one(items, name) for name in dict.fromkeys(names)] or items


def _one(items: list[Item], name: str) -> Item:
    found = [item for item in items if name in (item.id, f"{item.kind}/{item.id}", item.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ProjectError(
            f"{name!r} is a connection and a variable.", "NAME", f"name connections/{name} or variables/{name}"
        )
    known = [item.id for item in items]
    raise ProjectError(
        f"settings.toml declares no connection or variable {name!r}.{suggestion(name, known)}",
        "NAME",
        f"use one of: {', '.join(known)}, or declare it (docs/secrets.md)",
    )


def check_sharing(settings: Settings, name: str, items: list[Item]) -> None:
    """Make sure that no other environment wants something else of the same secret; equal wishes may share it.

    Raises:
        ProjectError: on the first field that differs.
    """
    for other in _neighbours(settings, name):
        theirs = {item.name: item for item in declared(other, settings.environments[other])}
        for item in items:
            if item.name in theirs and (differing := _difference(item, theirs[item.name])):
                raise _shared(item, name, other, differing)


def shared_names(settings: Settings, name: str) -> set[str]:
    """Return the names of the secrets that other environments of the same region declare."""
    others = _neighbours(settings, name)
    return {item.name for other in others for item in declared(other, settings.environments[other])}


def _neighbours(settings: Settings, name: str) -> list[str]:
    region = settings.environments[name].region
    # The rehearsal's Secrets Manager is its own.
    if name == ENVIRONMENT:
        return []
    return [
        key for key, one in settings.environments.items() if key not in (name, ENVIRONMENT) and one.region == region
    ]


def _difference(item: Item, other: Item) -> str | None:
    mine, theirs = _flat(item), _flat(other)
    return next((key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)), None)


def _flat(item: Item) -> dict[str, Any]:
    fields = {key: value for key, value in item.fields.items() if key != "extra"}
    return {**fields, **item.fields.get("extra", {}), "secret": item.parts}


def _shared(item: Item, name: str, other: str, differing: str) -> ProjectError:
    return ProjectError(
        f"Environments {name!r} and {other!r} share the secret {item.name}, but {differing!r} differs.",
        f"settings.toml, {item.setting}",
        f'part them: [environments.{name}.secrets] prefix = "…", or give them regions of their own',
    )

"""Airflow connections as the Secrets Manager backend of Airflow 3 reads them."""

from __future__ import annotations

import base64
from typing import Any, Literal

from mwaa_dbt.settings import Connection, Environment, Snowflake

# Stands for a secret where only the other fields matter, as in the build.
PLACEHOLDER = "placeholder"
KEY_PAIRS = ("key_pair", "encrypted_key_pair")
type Kind = Literal["connections", "variables"]


def folder(environment: Environment, kind: Kind = "connections") -> str:
    """Return below which name the backend looks for connections or variables."""
    return "/".join(filter(None, (environment.secrets.prefix.rstrip("/"), kind)))


def secret_name(environment: Environment, connection: str) -> str:
    """Return the name of a connection's secret."""
    return f"{folder(environment)}/{connection}"


def snowflake(environment: Environment, secret: str, passphrase: str = PLACEHOLDER) -> dict[str, Any]:
    """Return the Snowflake connection: what settings.toml knows, and the password, or the PEM key (and its passphrase).

    With workload_identity there is no secret, and what is given is left out.
    """
    facts = environment.snowflake
    known = {"password": secret} if facts.authentication == "password" else {"key": secret, "passphrase": passphrase}
    return with_parts(snowflake_fields(facts), {part: known[part] for part in snowflake_parts(facts)})


def snowflake_fields(facts: Snowflake) -> dict[str, Any]:
    """Return the Snowflake connection without its secret.

    The backend drops every key it does not know, so account and the like go into `extra`.
    """
    extra: dict[str, Any] = {name: getattr(facts, name) for name in ("account", "warehouse", "database", "role")}
    extra |= {name: value for name in ("host", "port", "query_tag") if (value := getattr(facts, name)) is not None}
    if facts.authentication == "workload_identity":
        extra |= {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"}
    return {"conn_type": "snowflake", "login": facts.user, "schema": "PUBLIC", "extra": extra}


def snowflake_parts(facts: Snowflake) -> tuple[str, ...]:
    """Return what is secret in the Snowflake connection."""
    parts: dict[str, tuple[str, ...]] = {
        "password": ("password",),
        "key_pair": ("key",),
        "encrypted_key_pair": ("key", "passphrase"),
        "workload_identity": (),
    }
    return parts[facts.authentication]


def slack_fields(kind: str = "slack", base_url: str | None = None) -> dict[str, Any]:
    """Return the Slack connection without token or URL; `base_url` leads to another API than Slack's own."""
    return {"conn_type": kind, "extra": {"base_url": base_url} if base_url else {}}


def slack(secret: str, base_url: str | None = None, kind: str = "slack") -> dict[str, Any]:
    """Return the Slack connection: a bot's token, or for `slackwebhook` the whole URL, is the password."""
    return with_parts(slack_fields(kind, base_url), {"token": secret})


def other_fields(connection: Connection) -> dict[str, Any]:
    """Return a further connection without its password."""
    fields = {name: getattr(connection, name) for name in ("host", "login", "schema", "port")}
    known = {name: value for name, value in fields.items() if value is not None}
    return {"conn_type": connection.type, **known, "extra": dict(connection.extra)}


def with_parts(fields: dict[str, Any], parts: dict[str, str]) -> dict[str, Any]:
    """Return a connection with its secret parts in place.

    The provider wants a key in base64 (providers-snowflake ≥ 6.3); all else that is secret is the password.
    """
    made = {**fields, "extra": dict(fields["extra"])}
    for part, value in parts.items():
        if part == "key":
            made["extra"]["private_key_content"] = base64.b64encode(value.encode()).decode()
        else:
            made["password"] = value
    return made

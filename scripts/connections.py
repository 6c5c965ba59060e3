"""Airflow connections as the Secrets Manager backend of Airflow 3 reads them."""

from __future__ import annotations

import base64
from typing import Any

from mwaa_dbt.settings import Environment

# Stands for a secret where only the other fields matter, as in the build.
PLACEHOLDER = "placeholder"
# Where the Secrets Manager backend looks for a connection id.
PREFIX = "airflow/connections"


def snowflake(environment: Environment, secret: str, passphrase: str = PLACEHOLDER) -> dict[str, Any]:
    """Return the Snowflake connection: what settings.toml knows, and the password, or the PEM key (and its passphrase).

    The backend drops every key it does not know, so account and the like go into `extra`, and the provider
    wants the key in base64 (providers-snowflake ≥ 6.3).
    """
    facts = environment.snowflake
    extra: dict[str, Any] = {name: getattr(facts, name) for name in ("account", "warehouse", "database", "role")}
    extra |= {name: value for name in ("host", "port", "query_tag") if (value := getattr(facts, name)) is not None}
    connection = {"conn_type": "snowflake", "login": facts.user, "schema": "PUBLIC", "extra": extra}
    if facts.authentication == "password":
        return {**connection, "password": secret}
    extra["private_key_content"] = base64.b64encode(secret.encode()).decode()
    return {**connection, "password": passphrase} if facts.authentication == "encrypted_key_pair" else connection


def slack(token: str, base_url: str | None = None) -> dict[str, Any]:
    """Return the Slack connection; `base_url` leads to another API than Slack's own."""
    return {"conn_type": "slack", "password": token, "extra": {"base_url": base_url} if base_url else {}}

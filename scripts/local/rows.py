"""How many rows the rehearsal's warehouse holds in each table of a dbt project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mwaa_dbt.settings import Environment
from scripts import connections
from scripts.aws import Aws
from scripts.local.state import Rehearsal


def count_rows(rehearsal: Rehearsal, environment: Environment, relations: Mapping[str, str]) -> dict[str, int]:
    """Return rows by name; a relation that is not there counts as absent, not as empty."""
    import snowflake.connector

    aws = Aws(rehearsal.region, rehearsal.url("aws"))
    stored = aws.secret(connections.secret_name(environment, environment.snowflake.connection))
    login = connect_arguments(stored, rehearsal)
    counts: dict[str, int] = {}
    with snowflake.connector.connect(**login) as connection, connection.cursor() as cursor:
        for name, relation in relations.items():
            try:
                cursor.execute(f"select count(*) from {relation}")  # noqa: S608 - names from dbt's manifest
                counts[name] = int(cursor.fetchall()[0][0])
            except snowflake.connector.errors.ProgrammingError:
                continue
    return counts


def connect_arguments(connection: dict[str, Any], rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the connector's arguments for a connection of the rehearsal."""
    extra = connection["extra"]
    return {
        "account": extra["account"],
        "user": connection["login"],
        "password": connection["password"],
        "database": extra["database"],
        "host": extra["host"],
        "port": extra["port"],
        "protocol": "http",
        "proxy_host": "127.0.0.1",
        "proxy_port": rehearsal.ports["outside"],
        "login_timeout": 10,
    }

"""How many rows the rehearsal's warehouse holds in each table of a dbt project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mwaa_dbt.settings import Environment
from scripts import connections
from scripts.aws import Aws
from scripts.local.state import Rehearsal

KEPT = ("table", "incremental", "snapshot", "seed")


def count_rows(rehearsal: Rehearsal, environment: Environment, relations: dict[str, str]) -> dict[str, int]:
    """Return rows by name; a relation that is not there counts as absent, not as empty."""
    import snowflake.connector

    aws = Aws(rehearsal.region, rehearsal.url("aws"))
    login = connect_arguments(aws.secret(f"{connections.PREFIX}/{environment.snowflake.connection}"), rehearsal)
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


def relations(build: Path) -> dict[str, str]:
    """Return <project>.<name> → relation of everything in a build that keeps rows."""
    release = json.loads((build / "dags/dbt/current.json").read_text())["release"]
    found = {}
    for path in (build / "releases" / release).glob("*/manifest.json"):
        for node in json.loads(path.read_text())["nodes"].values():
            if node.get("relation_name") and node["config"].get("materialized") in KEPT:
                found[f"{path.parent.name}.{node['name']}"] = node["relation_name"]
    return found

"""What a warehouse holds: every table and view of a project, with all their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import snowflake.connector

from mwaa_dbt.settings import load
from scripts import connections
from scripts.aws import Aws
from scripts.local import state
from scripts.local.rows import connect_arguments
from tests.e2e.conftest import Project

# A snapshot that compares values notes when it ran; of these columns it only counts whether they are filled.
MOMENTS = {"CUSTOMERS_HISTORY": {"DBT_SCD_ID", "DBT_UPDATED_AT", "DBT_VALID_FROM", "DBT_VALID_TO"}}
# What dbt makes as temporary and leaves to the session's end; the rehearsal's front makes it plain, so it stays.
TEMPORARY = "__DBT_TMP"
# fakesnow lists no views among the tables.
CATALOGUE = """
select table_schema, table_name, table_type from ANALYTICS.information_schema.tables
union select table_schema, table_name, 'VIEW' from ANALYTICS.information_schema.views
"""

type Cursor = snowflake.connector.cursor.SnowflakeCursor


@dataclass(frozen=True)
class Relation:
    """A table or view: its kind, how many rows it has, and a digest of its columns and rows in any order."""

    kind: str
    rows: int
    digest: str


type Contents = dict[str, Relation]


def login(project: Project) -> dict[str, Any]:
    """Return what the connector needs to reach the rehearsal's Snowflake."""
    rehearsal = state.needed(project.paths)
    environment = load(project.paths.settings).environment("local")
    secret = connections.secret_name(environment, environment.snowflake.connection)
    return connect_arguments(Aws(rehearsal.region, rehearsal.url("aws")).secret(secret), rehearsal)


def read_contents(project: Project, prefix: str) -> Contents:
    """Return `schema.name` → relation, of the schemas whose names begin so."""
    with _cursor(project) as cursor:
        return {
            f"{schema}.{name}": _relation(cursor, schema, name, kind) for schema, name, kind in _all(cursor, prefix)
        }


def wipe(project: Project, prefix: str) -> None:
    """Drop the schemas whose names begin so."""
    with _cursor(project) as cursor:
        for schema in {schema for schema, _, _ in _all(cursor, prefix)}:
            cursor.execute(f'drop schema ANALYTICS."{schema}" cascade')


@contextmanager
def _cursor(project: Project) -> Iterator[Cursor]:
    with snowflake.connector.connect(**login(project)) as connection, connection.cursor() as cursor:
        yield cursor


def _all(cursor: Cursor, prefix: str) -> list[tuple[str, str, str]]:
    cursor.execute(CATALOGUE)
    found = [(str(schema), str(name), str(kind)) for schema, name, kind in cursor.fetchall()]
    return [row for row in found if row[0].lower().startswith(prefix) and not row[1].upper().endswith(TEMPORARY)]


def _relation(cursor: Cursor, schema: str, name: str, kind: str) -> Relation:
    cursor.execute(f'select * from ANALYTICS."{schema}"."{name}"')  # noqa: S608 - names from the catalogue
    columns = [str(column.name) for column in cursor.description or ()]
    rows = sorted(_shown(name, dict(zip(columns, row, strict=True))) for row in cursor.fetchall())
    digest = hashlib.sha256("\n".join((repr(columns), *rows)).encode()).hexdigest()
    return Relation(kind, len(rows), digest)


def _shown(name: str, row: dict[str, Any]) -> str:
    moments = MOMENTS.get(name, set[str]())
    return repr([value is None if column in moments else value for column, value in row.items()])

"""The rehearsal's Snowflake, asked by the real connector over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector.errors import DatabaseError, ProgrammingError

from scripts.local import snowflake_sql
from scripts.local.snowflake_sql import rewrite
from scripts.local.state import free_port

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse"
QUERY_COMMENT = '\n/* {"app": "dbt", "node_id": "model.shop.orders"} */'

type Row = tuple[Any, ...]


def wait_for(port: int, front: subprocess.Popen[bytes]) -> None:
    """Return once the front accepts connections."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and front.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the front did not start on port {port}")


def serve() -> Iterator[int]:
    """Run the front, with a password, as long as somebody asks for its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "scripts.local.outside:app", "--port", str(port)]
    environment = {**os.environ, "REHEARSAL_SNOWFLAKE_PASSWORD": PASSWORD}
    with subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT, env=environment) as front:
        try:
            wait_for(port, front)
            yield port
        finally:
            front.terminate()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the front and return its port."""
    yield from serve()


def connect(port: int, **changed: Any) -> snowflake.connector.SnowflakeConnection:
    """Connect as dbt does."""
    settings: dict[str, Any] = {
        "account": "rehearsal",
        "host": "snowflake.localhost",
        "port": 80,
        "proxy_host": "127.0.0.1",
        "proxy_port": port,
        "protocol": "http",
        "user": "dbt",
        "password": PASSWORD,
        "database": "analytics",
        "schema": "front",
        "login_timeout": 10,
        "network_timeout": 20,
        "platform_detection_timeout_seconds": 0,
    }
    return snowflake.connector.connect(**settings | changed)


def rows(connection: snowflake.connector.SnowflakeConnection, sql: str) -> list[Row]:
    """Run one statement and return its rows."""
    cursor = connection.cursor()
    cursor.execute(sql)
    return [tuple(row) for row in cursor.fetchall()]


@pytest.fixture
def ask(port: int) -> Iterator[Callable[[str], list[Row]]]:
    """Return a function that runs one statement and returns its rows."""
    with connect(port) as connection:

        def run(sql: str) -> list[Row]:
            return rows(connection, sql)

        yield run


def test_right_password_connects(port: int) -> None:
    """The expected password opens a session."""
    with connect(port) as connection:
        assert rows(connection, "select 1") == [(1,)]


def test_wrong_password_is_refused(port: int) -> None:
    """Any other password gets Snowflake's own message."""
    with pytest.raises(DatabaseError, match="Incorrect username or password"):
        connect(port, password="wrong")


def test_key_pair_connects(port: int) -> None:
    """A key pair opens a session without the password."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with connect(port, password=None, private_key=key, authenticator="SNOWFLAKE_JWT") as connection:
        assert rows(connection, "select 2") == [(2,)]


def test_environment_leads_to_front(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY alone leads a connection to the front, as in a task."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with connect(port, proxy_host=None, proxy_port=None) as connection:
        assert rows(connection, "select 3") == [(3,)]


def test_sessions_share_data(port: int, ask: Callable[[str], list[Row]]) -> None:
    """What one connection writes another one reads."""
    ask("create table shared as select 7 as n")
    with connect(port) as other:
        assert rows(other, "select n from shared") == [(7,)]


def test_merge_updates_and_inserts(ask: Callable[[str], list[Row]]) -> None:
    """The statements of an incremental model, transaction and temporary view included, merge by key."""
    ask("create table sales as select 1 as id, 'old' as state union all select 2, 'kept'")
    ask("create or replace temporary view sales__dbt_tmp as select 1 as id, 'new' as state union all select 3, 'added'")
    ask(f"-- back compat for old kwarg name\n begin{QUERY_COMMENT}")
    ask(
        """merge into sales as DBT_INTERNAL_DEST using sales__dbt_tmp as DBT_INTERNAL_SOURCE
        on (DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id)
        when matched then update set "ID" = DBT_INTERNAL_SOURCE."ID", "STATE" = DBT_INTERNAL_SOURCE."STATE"
        when not matched then insert ("ID", "STATE") values ("ID", "STATE")"""
    )
    ask(f"commit{QUERY_COMMENT};")
    assert ask("select id, state from sales order by id") == [(1, "new"), (2, "kept"), (3, "added")]


def test_failure_names_its_cause(ask: Callable[[str], list[Row]]) -> None:
    """A statement that crashes fakesnow fails at once, with the reason and the statement."""
    started = time.monotonic()
    with pytest.raises(ProgrammingError, match=r"(?s)000603.*Malformed JSON.*SQL: select parse_json"):
        ask("select parse_json('{x')")
    assert time.monotonic() - started < 5


def test_missing_table_fails(ask: Callable[[str], list[Row]]) -> None:
    """Snowflake's own error codes pass through."""
    with pytest.raises(ProgrammingError, match="002003"):
        ask("select * from nowhere")


def test_sums_stay_exact(ask: Callable[[str], list[Row]]) -> None:
    """The sum of amounts is a decimal number."""
    ask("create table amounts as select 0.10::number(16, 2) as amount union all select 0.20")
    assert ask("select sum(amount) as total from amounts") == [(Decimal("0.30"),)]


def test_null_timestamp_stays_null(ask: Callable[[str], list[Row]]) -> None:
    """A missing timestamp is None beside one that is there."""
    ask("create table times as select 1 as id, '2024-01-02'::timestamp_ntz as t union all select 2, null")
    assert ask("select t from times order by id") == [(datetime(2024, 1, 2),), (None,)]


@pytest.mark.parametrize("column", ["'2024-03-09'::date", "'2024-03-09 10:20:00'::timestamp_ntz"])
def test_time_is_formatted(ask: Callable[[str], list[Row]], column: str) -> None:
    """A column's format counts, also where the parser cannot know its type."""
    ask(f"create or replace table moments as select {column} as d")
    texts = ask("select to_char(d, 'YYYY-MM'), to_varchar(d, 'DD.MM.YY'), to_char(1.5) from moments")
    assert texts == [("2024-03", "09.03.24", "1.5")]


def test_duckdb_keywords_name_columns(ask: Callable[[str], list[Row]]) -> None:
    """What is a keyword to DuckDB alone may name a column."""
    ask("create table timed (at timestamp_ntz, show int, pivot int, semi int)")
    ask("insert into timed (at, show) select null, 1")
    assert ask("select t.at, show, pivot as lambda, semi from timed as t where t.show = 1") == [(None, 1, None, None)]


def test_session_has_a_warehouse(ask: Callable[[str], list[Row]]) -> None:
    """What dbt asks of a session before it makes a dynamic table has an answer."""
    assert ask("select current_warehouse(), current_account()") == [("REHEARSAL", "REHEARSAL")]


def test_contract_names_by_position(ask: Callable[[str], list[Row]]) -> None:
    """A column list in front of a query gives names and types."""
    ask("create transient table agreed (id int not null, price number(8, 2), primary key (id)) as (select 1, 2)")
    assert [row[:2] for row in ask("describe table agreed")] == [("ID", "NUMBER(38,0)"), ("PRICE", "NUMBER(8,2)")]


def test_comment_keeps_its_quote(ask: Callable[[str], list[Row]]) -> None:
    """A description with an apostrophe is stored as it is."""
    ask("create table described as select 1 as n")
    ask("comment on table described IS $$the store's rows$$")
    comments = ask("select comment from information_schema.tables where table_name = 'DESCRIBED'")
    assert comments == [("the store's rows",)]


def test_query_tag_has_a_row(ask: Callable[[str], list[Row]]) -> None:
    """A model with a query tag reads the first row's value and gets an empty tag."""
    assert ask("show parameters like 'query_tag' in session") == [("QUERY_TAG", "")]


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN",
        "begin;",
        "start transaction",
        "-- why\n/* who */ commit",
        f"commit{QUERY_COMMENT};",
        "rollback work -- done",
    ],
)
def test_transactions_are_skipped(sql: str) -> None:
    """Each spelling of a transaction's bounds becomes a statement without effect."""
    assert rewrite(sql) == "select 1"


@pytest.mark.parametrize(
    "sql",
    [
        "grant select on table a.b.c to role reader",
        "revoke select on view a.b.c from role reader",
        "alter session set query_tag = 'x'",
        "use warehouse large",
        "alter table a.b.c resume recluster",
        'alter table a.b.c alter "ID" COMMENT $$the id$$',
    ],
)
def test_administration_is_skipped(sql: str) -> None:
    """Statements about roles, sessions and comments become a statement without effect."""
    assert rewrite(sql).startswith("select ")


@pytest.mark.parametrize(
    ("sql", "plain"),
    [
        ("create or replace temporary view a as select 1", "create or replace view a as select 1"),
        ("create temp table a (n int)", "create table a (n int)"),
        ("-- note\ncreate local temporary table a (n int)", "-- note\ncreate table a (n int)"),
    ],
)
def test_temporary_becomes_plain(sql: str, plain: str) -> None:
    """The word goes, the rest and its comments stay."""
    assert rewrite(sql) == plain


def test_dynamic_table_is_dropped() -> None:
    """It was made as a plain table."""
    assert rewrite("/* x */ drop dynamic table if exists a.b") == "/* x */ drop table if exists a.b"


def test_grants_are_empty() -> None:
    """The answer has the three columns that dbt reads."""
    sql = rewrite("show grants on a.b.c")
    assert all(f'"{name}"' in sql for name in ("privilege", "granted_to", "grantee_name"))


def test_merge_qualifies_only_inserts() -> None:
    """Bare inserted columns get the source's name; qualified ones and literals stay."""
    merged = snowflake_sql.qualify_merge(
        "merge into t using s as src on t.id = src.id when not matched then insert (id, n, k) values (id, src.n, 1)"
    )
    assert merged.endswith("VALUES (src.id, src.n, 1)")


@pytest.mark.parametrize(
    "sql",
    [
        "select 'begin' as word",
        "select 1 as grant_count",
        "create table committed as select 1 as n",
        "create table a (n int)",
        "create view temporary_rows as select 1 as n",
        "insert into a values ('create temporary table b')",
        "merge into",
    ],
)
def test_other_statements_are_untouched(sql: str) -> None:
    """What fakesnow understands, or nobody does, goes on as it is."""
    assert rewrite(sql) == sql

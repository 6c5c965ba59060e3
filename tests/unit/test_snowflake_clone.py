"""What CI sends to a warehouse beyond a task, as the rehearsal's Snowflake understands it."""

from __future__ import annotations

import pytest

from scripts.local.snowflake_sql import rewrite


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("create or replace\n  transient\n  table a.b.c\n  clone a.d.c\n", "create or replace\n  table a.b.c as"),
        ("create table a.b.c clone a.d.c copy grants /* dbt */", "create table a.b.c as"),
    ],
)
def test_clone_is_a_copy(sql: str, answer: str) -> None:
    """A clone has the rows of its source."""
    assert rewrite(sql) == f"{answer} select * from a.d.c"  # noqa: S608


def test_other_statements_stay() -> None:
    """A column or a schema may be called so."""
    for sql in ("create table clone as select 1 as clone", "create table a (clone int)", "create schema a clone b"):
        assert "select * from" not in rewrite(sql)


def test_cancelling_is_answered() -> None:
    """What runs is cancelled when a node fails; fakesnow runs one statement at a time, so there is nothing."""
    assert rewrite("select system$cancel_all_queries(12)").startswith("select 'Statement executed")

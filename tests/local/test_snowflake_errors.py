"""The rehearsal's Snowflake, failing as Snowflake does: code, SQL state, words and place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from snowflake.connector.errors import DatabaseError

from scripts.local.snowflake_errors import in_own_words, translate
from scripts.local.snowflake_sql import rewrite
from scripts.local.snowflake_statement import Excerpt, Statement
from tests.local import test_snowflake_front as front

type Fail = Callable[[str], str]

TABLES = (
    "create schema if not exists analytics.errors",
    "use schema analytics.errors",
    "create table orders as select 1 as id, 'abc' as name, '2024-01-01'::date as d, 0 as zero",
    "create table strict (n int not null)",
)
MODEL = """/* orderedd_at */
create or replace view analytics.errors.stg_orders
  as (
    -- orderedd_at
with source as (select id, name as orderedd_at from orders), renamed as (
    select
        'orderedd_at' as text,
        id,
        o.orderedd_at::date as ordered_on
    from orders as o
)
select * from renamed
  )
/* {"app": "dbt", "node": "orderedd_at"} */;
"""
TWICE = """with
good as (select name as made, id from orders),
fine as (select made, id from good),
bad as (select zero, made, d from orders)
select * from bad"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the front and return its port."""
    yield from front.serve()


@pytest.fixture(scope="module")
def fail(port: int) -> Iterator[Fail]:
    """Return a function that runs a statement which must fail, and returns what the connector says."""
    with front.connect(port) as connection:
        for sql in TABLES:
            front.rows(connection, sql)

        def run(sql: str) -> str:
            with pytest.raises(DatabaseError) as caught:
                front.rows(connection, sql)
            return str(caught.value)

        yield run


def compilation(code: str, state: str, rest: str) -> str:
    """Return what the connector says of a statement that could not be compiled."""
    return f"{code} ({state}): SQL compilation error:{rest}"


def column(line: int, position: int, name: str) -> str:
    """Return what the connector says of an unknown column."""
    return compilation("000904", "42000", f" error line {line} at position {position}\ninvalid identifier '{name}'")


def syntax(line: int, position: int, word: str) -> str:
    """Return what the connector says of a statement that could not be read."""
    where = f"syntax error line {line} at position {position} unexpected '{word}'."
    return compilation("001003", "42000", f"\n{where}")


def missing(what: str, state: str = "42S02") -> str:
    """Return what the connector says of an object that is not there."""
    return compilation("002003", state, f"\n{what} does not exist or not authorized.")


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select orderedd_at from orders", column(1, 7, "ORDEREDD_AT")),
        ("select\n  id\n  , nme\nfrom orders", column(3, 4, "NME")),
        ('select id, "Weird one" from orders', column(1, 11, '"Weird one"')),
        ("select x.id from orders o", column(1, 7, "X.ID")),
        ("select id from orders order by nope", column(1, 31, "NOPE")),
        ("insert into orders (nope) values (1)", column(1, 20, "NOPE")),
        ("update orders set nope = 1", column(1, 18, "NOPE")),
        ("select * from orders join orders as o using (nope)", column(1, 45, "NOPE")),
        ("select nope_without_from", column(1, 7, "NOPE_WITHOUT_FROM")),
        (MODEL, column(9, 8, "O.ORDEREDD_AT")),
        (
            "merge into orders t using (select 1 as id) s on t.id = s.idd when matched then update set name = 'x'",
            column(1, 55, "S.IDD"),
        ),
    ],
)
def test_unknown_column(fail: Fail, sql: str, told: str) -> None:
    """It is named with its place in what was sent; comments, texts and aliases of that name are passed over."""
    assert fail(sql) == told


def test_occurrence_by_neighbours(fail: Fail) -> None:
    """Of two columns of one name it is the one that fails whose place is told."""
    told = fail(TWICE)
    assert told == column(4, 21, "MADE")


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select * from nowhere", missing("Object 'NOWHERE'")),
        ("select * from analytics.errors.nowhere -- x", missing("Object 'ANALYTICS.ERRORS.NOWHERE'")),
        ("create view v as select * from Errors.nowhere", missing("Object 'ERRORS.NOWHERE'")),
        ("drop table nowhere", missing("Table 'NOWHERE'")),
        ("alter table analytics.errors.nowhere rename to b", missing("Table 'ANALYTICS.ERRORS.NOWHERE'")),
        ("select * from analytics.nos.nowhere", missing("Schema 'ANALYTICS.NOS'", "02000")),
        ("create table analytics.nos.x as select 1 as a", missing("Schema 'ANALYTICS.NOS'", "02000")),
        ("drop schema analytics.nos", missing("Schema 'ANALYTICS.NOS'", "02000")),
        ("create table orders as select 1 as id", compilation("002002", "42710", "\nObject 'ORDERS' already exists.")),
    ],
)
def test_unknown_relation(fail: Fail, sql: str, told: str) -> None:
    """It is named in full, as it was written, by the kind that Snowflake says."""
    assert fail(sql) == told


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("selct id from orders", syntax(1, 0, "selct")),
        ("create view v as (\n  selct id\n  from orders\n)", syntax(2, 2, "selct")),
        ("create or replace temporary table v as (\n  select id id2 id3 from orders\n)", syntax(2, 16, "id3")),
        ("select (id from orders", syntax(1, 11, "from")),
        ("select id *\nfrom orders", syntax(2, 0, "from")),
        ("select case when id then 1 from orders", syntax(1, 27, "from")),
        ("select id,\n from orders where", syntax(2, 18, "<EOF>")),
        ("select id from orders group by", syntax(1, 30, "<EOF>")),
        ("select id from orders)", syntax(1, 21, ")")),
        ("select 'open", compilation("001003", "42000", "\nparse error line 1 at position 12 near '<EOF>'.")),
    ],
)
def test_syntax_error(fail: Fail, sql: str, told: str) -> None:
    """The word and the place that a reader stumbles over are told, of what was sent."""
    assert fail(sql) == told


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select name::int from orders", "100038 (22018): Numeric value 'abc' is not recognized"),
        ("select name::number(10, 2) from orders", "100038 (22018): Numeric value 'abc' is not recognized"),
        ("select name::float from orders", "100038 (22018): Numeric value 'abc' is not recognized"),
        ("select name::boolean from orders", "100037 (22018): Boolean value 'abc' is not recognized"),
        ("select name::date from orders", "100040 (22007): Date 'abc' is not recognized"),
        ("select '2024-13-01'::date", "100040 (22007): Date '2024-13-01' is not recognized"),
        ("select 'x'::timestamp_ntz", "100035 (22007): Timestamp 'x' is not recognized"),
        ("select id / zero from orders", "100051 (22012): Division by zero"),
        ("select id % zero from orders", "100051 (22012): Division by zero"),
        ("insert into strict values (null)", "100072 (22000): NULL result in a non-nullable column"),
    ],
)
def test_bad_value(fail: Fail, sql: str, told: str) -> None:
    """A value that cannot be used fails the statement with Snowflake's words."""
    assert fail(sql) == told


def test_ambiguous_column(fail: Fail) -> None:
    """A column of two tables, and one beside an aggregate, are told as Snowflake does."""
    told = fail("select id from orders a join orders b on a.id = b.id")
    assert told == compilation("002028", "42601", "\nambiguous column name 'ID'")
    told = fail("select id, count(*) from orders")
    assert told == compilation("000979", "42601", "\n[ID] is not a valid group by expression")


@pytest.mark.parametrize(
    "message",
    [
        "002003 (42S02): Catalog Error: Scalar Function with name nofunc does not exist!",
        "001003 (42000): The number of provided arguments (5) is greater than the maximum (4). Line 1, Col: 24.",
        "000603: The rehearsal's Snowflake cannot run this statement: AssertionError:",
    ],
)
def test_other_failures_keep_text(message: str) -> None:
    """What only fakesnow cannot do is not told as Snowflake's failure."""
    statement = Statement("select nofunc(id) from orders", "select nofunc(id) from orders")
    answer = {"success": False, "message": message, "code": "1"}
    assert (translate(message, statement), in_own_words(answer, statement)) == (None, answer)


def test_quoted_statement_is_no_error() -> None:
    """What stands in the statement behind an error is not taken for the error."""
    sql = "select 1 from t where x = 'Division by zero' -- Table with name \"U\" does not exist"
    statement = Statement(sql, sql)
    assert translate(f"The rehearsal's Snowflake cannot run this statement: Odd: x\nSQL: {sql}", statement) is None
    assert translate(f"Binder Error: odd\n\nLINE 1: {sql}\n        ^", statement) is None
    assert translate(f"The number of arguments is odd. Line 1, Col: 13.\n  {sql}", statement) is None
    syntax = translate(f"Invalid expression / Unexpected token. Line 1, Col: 13.\n  {sql}", statement)
    assert syntax
    assert syntax.text.endswith("syntax error line 1 at position 9 unexpected 'from'.")


def test_success_is_untouched() -> None:
    """An answer that is no failure goes on as it is, whatever stands in it."""
    answer = {"success": True, "message": "Division by zero", "data": {}}
    assert in_own_words(answer, Statement("select 1", "select 1")) is answer


def test_unreadable_statement_has_words() -> None:
    """Where the place cannot be found, the name is told without it."""
    sql = "select 'open"
    failure = translate('Binder Error: Referenced column "NOPE" not found in FROM clause!', Statement(sql, sql))
    assert failure and failure.text == "SQL compilation error:\ninvalid identifier 'NOPE'"


def test_place_survives_rewrites() -> None:
    """A word is found in what was sent though a rewrite has moved it."""
    sql = "create or replace temporary table t as select a b c from x"
    column = rewrite(sql).index("c from") + 1
    assert Statement(sql, rewrite(sql)).at_column(1, column) == ((1, sql.index("c from")), "c")


def test_excerpt_of_nothing() -> None:
    """A message without an excerpt has no neighbours."""
    assert Excerpt.of("Binder Error: x") == Excerpt()

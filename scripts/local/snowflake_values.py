"""Where fakesnow 0.12.1 returns other values than Snowflake, or none: its functions, corrected.

SQL sent to fakesnow cannot change these, since it decides them after parsing or while it answers.
"""

import re

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
from fakesnow import arrow, transforms
from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.generator import Generator
from sqlglot.generators.duckdb import DuckDBGenerator

_cast_aggregate = transforms.numeric_agg_implicit_cast
_timestamps = arrow.timestamp_to_sf_struct
# Formats of numbers have none of these: 9, 0, $, comma and point, and a few letters (B, E, G, L, S, X).
_TIME_FORMAT = re.compile(r"YY|MM|MON|DD|DY|HH|MI|SS|FF", re.IGNORECASE)


def exact_aggregate(expression: exp.Expr) -> exp.Expr:
    """Name an aggregate as Snowflake does and leave the type of its argument alone.

    fakesnow casts the argument of SUM, AVG and the like to DOUBLE, for the sake of strings. In
    Snowflake the sum of a NUMBER is exact; with floats, totals of money no longer compare equal.
    """
    argument = expression.args.get("this")
    named: exp.Expr = _cast_aggregate(expression)
    if isinstance(expression, exp.AggFunc):
        expression.set("this", argument)
    return named


def timestamps_with_nulls(ts: pa.ChunkedArray) -> pa.Array:
    """Encode timestamps as the connector reads them, and NULL as NULL.

    fakesnow marks only the parts of a timestamp as missing, which the connector reads as 1970.
    """
    encoded = _timestamps(ts)
    missing = ts.combine_chunks().is_null()
    return pa.StructArray.from_arrays(encoded.flatten(), fields=list(encoded.type), mask=missing)


def format_of_time(generator: Generator, expression: exp.ToChar) -> str:
    """Write TO_CHAR or TO_VARCHAR with a format as DuckDB's STRFTIME if the format is one of times.

    fakesnow's parser knows no column types, so it drops the format of all but literal dates: each day
    would come out in full where a model asks for its month.
    """
    given, value = expression.args.get("format"), generator.sql(expression, "this")
    if isinstance(given, exp.Literal) and _TIME_FORMAT.search(given.this):
        return f"STRFTIME({value}, {generator.sql(Snowflake().format_time(given))})"
    return f"CAST({value} AS TEXT)"


def words_to_quote() -> set[str]:
    """Return DuckDB's keywords that cannot name a column: fakesnow leaves AT, SHOW, PIVOT … bare."""
    sql = "select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
    return {word for (word,) in duckdb.execute(sql).fetchall()}


def correct_values() -> None:
    """Put the corrected functions in the place of fakesnow's."""
    transforms.numeric_agg_implicit_cast = exact_aggregate
    arrow.timestamp_to_sf_struct = timestamps_with_nulls
    DuckDBGenerator.TRANSFORMS[exp.ToChar] = format_of_time
    for kind in (exp.CurrentWarehouse, exp.CurrentAccount, exp.CurrentRegion):
        # A session has none of them here, and fakesnow no function that says so.
        DuckDBGenerator.TRANSFORMS[kind] = lambda *_: "'REHEARSAL'"
    DuckDBGenerator.RESERVED_KEYWORDS = DuckDBGenerator.RESERVED_KEYWORDS | words_to_quote()

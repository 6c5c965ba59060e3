"""Where fakesnow 0.12.1 returns other values than Snowflake: two of its functions, corrected.

SQL sent to fakesnow cannot change these, since it decides them after parsing or while it answers.
"""

import pyarrow as pa  # type: ignore[import-untyped]
from fakesnow import arrow, transforms
from sqlglot import exp

_cast_aggregate = transforms.numeric_agg_implicit_cast
_timestamps = arrow.timestamp_to_sf_struct


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


def correct_values() -> None:
    """Put the corrected functions in the place of fakesnow's."""
    transforms.numeric_agg_implicit_cast = exact_aggregate
    arrow.timestamp_to_sf_struct = timestamps_with_nulls

"""Where in SQL, models and YAML an error is."""

from __future__ import annotations

import pytest

from mwaa_dbt.lines import Place, excerpt, place, source_line, yaml_line

SQL = """
  create or replace view DB.S.orders
  as (
    with source as (
    select
        order_id,
        orderedd_at::date as ordered_on
    from DB.S.raw_orders
)
select * from source
  );
"""
AT = Place(5, 8)
MODEL = [
    "with source as (",
    "    select",
    "        order_id,",
    "        orderedd_at::date as ordered_on",
    "    from {{ ref('raw_orders') }}",
    ")",
    "select * from source",
]
YAML = """
sources:
  - name: till
    tables:
      - name: orders
        columns:
          - name: order_id
models:
  - name: orders
    columns:
      - name: order_id
        data_tests: [unique]
      - name: status
  - name: broken
"""


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("SQL compilation error: error line 6 at position 8\ninvalid identifier 'X'", AT),
        ("syntax error line 1 at position 0 unexpected 'selct'.", Place(0, 0)),
        ("error line 6 at position 999", Place(5, 39)),
        ("error line 99 at position 1", None),
        ("error line 0 at position 1", None),
        ("Division by zero", None),
    ],
)
def test_place(message: str, found: Place | None) -> None:
    """Lines count from 1, positions from 0, in the statement as it was sent; what cannot be is no place."""
    assert place(message, SQL) == found


def test_excerpt_has_caret() -> None:
    """The caret stands below the character that the database names."""
    shown = excerpt(SQL, AT)
    assert shown == (
        "5 |         order_id,",
        "6 |         orderedd_at::date as ordered_on",
        "  |         ^",
        "7 |     from DB.S.raw_orders",
    )


def test_excerpt_of_long_line() -> None:
    """A line that is too long is cut around the place."""
    sql = f"select {'a, ' * 200}wrong"
    at = Place(0, sql.index("wrong"))
    first, caret = excerpt(sql, at)
    assert len(first) < 170
    assert first[caret.index("^") :].startswith("wrong")


def test_source_line() -> None:
    """A line of the statement is found in the model, also where Jinja made it, and only if that is certain."""
    assert source_line(MODEL, SQL, AT) == 4
    assert source_line(MODEL, SQL, Place(6, 0)) == 5
    assert source_line(MODEL, SQL, Place(0, 0)) is None
    assert source_line([*MODEL, MODEL[3]], SQL, AT) is None


def test_twins_keep_their_order() -> None:
    """Of equal lines the second of the statement is the second of the model."""
    model = ["select", "  a,", "  a,", "from t"]
    assert source_line(model, "create view v as (\nselect\n  a,\n  a,\nfrom t\n)", Place(3, 2)) == 3


@pytest.mark.parametrize(
    ("name", "column", "line"),
    [
        ("orders", "order_id", 7),
        ("orders", None, 5),
        ("broken", None, 14),
        ("orders", "gone", 5),
        ("nobody", None, None),
    ],
)
def test_yaml_line(name: str, column: str | None, line: int | None) -> None:
    """A test's line is that of its column, else that of its node; a source's table is found below its source."""
    text = YAML if name != "orders" else YAML.replace("  - name: orders\n    columns", "  - name: other\n    columns")
    assert yaml_line(text, name, column) == line


def test_yaml_line_of_models() -> None:
    """A model's column is found in the list of models."""
    assert yaml_line(YAML.replace("      - name: orders\n", "      - name: other\n"), "orders", "status") == 13
    assert yaml_line("a: [", "orders", None) is None
    assert yaml_line("- just a list", "orders", None) is None

"""What a person is told of a node that failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mwaa_dbt.problems import Files, Problem, clean, explain, masked

SENT = "create or replace view DB.S.orders\nas (\n  select orderedd_at\n  from raw\n);"
MESSAGE = (
    "Database Error in model orders (models/orders.sql)\n"
    "  \x1b[31m000904\x1b[0m (42000): SQL compilation error: error line 3 at position 9\n"
    "  invalid identifier 'ORDEREDD_AT'\n"
    "  compiled code at target/run/shop/models/orders.sql"
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return a project as dbt leaves it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/orders.sql").write_text("\n  select orderedd_at\n  from {{ ref('raw') }}\n")
    (tmp_path / "models/shop.yml").write_text("models:\n  - name: orders\n    columns:\n      - name: id\n")
    nodes = {
        "model.shop.orders": {"original_file_path": "models/orders.sql", "package_name": "shop"},
        "model.tools.calendar": {"original_file_path": "models/calendar.sql", "package_name": "tools"},
        "test.shop.not_null_orders_id.1a2b": {
            "original_file_path": "models/shop.yml",
            "package_name": "shop",
            "attached_node": "model.shop.orders",
            "column_name": "id",
        },
    }
    (tmp_path / "target").mkdir()
    manifest = {"metadata": {"project_name": "shop"}, "nodes": nodes}
    (tmp_path / "target/manifest.json").write_text(json.dumps(manifest))
    return Files(tmp_path, "webshop", "daily")


def test_database_error(files: Files) -> None:
    """The error names file and line of the model, the database's words, the SQL with a caret, and what repeats it."""
    error = explain(files, "model.shop.orders", "error", MESSAGE, SENT).error
    assert str(error).splitlines() == [
        "model orders: Database Error 000904 (42000): SQL compilation error: error line 3 at position 9",
        "invalid identifier 'ORDEREDD_AT'",
        "2 | as (",
        "3 |   select orderedd_at",
        "  |          ^",
        "4 |   from raw",
        "  where: dbt/webshop/models/orders.sql:2",
        "  fix:   mend it; `mwaa local run daily --select orders` repeats it",
    ]


def test_failed_test(files: Files) -> None:
    """A test names the line of its column in the YAML file."""
    node = "test.shop.not_null_orders_id.1a2b"
    error = explain(files, node, "fail", "Got 3 results, configured to fail if != 0").error
    assert error.what == "test not_null_orders_id: Got 3 results, configured to fail if != 0"
    assert error.where == "dbt/webshop/models/shop.yml:4"
    assert "--select not_null_orders_id`" in error.fix


def test_unknown_node_and_no_manifest(tmp_path: Path) -> None:
    """Without a manifest the words are told all the same."""
    error = explain(Files(tmp_path, "webshop", "daily"), "model.shop.x", "error", "Runtime Error\n  boom").error
    assert (error.what, error.where) == ("model x: Runtime Error\nboom", "dbt/webshop/dbt_project.yml")


def test_package_node(files: Files) -> None:
    """A package's node is a file of the package."""
    problem = explain(
        files, "model.tools.calendar", "error", "Compilation Error in model calendar (models/calendar.sql)"
    )
    assert problem.file == "dbt/webshop/dbt_packages/tools/models/calendar.sql"


def test_clean() -> None:
    """No colours, no paths of a folder that is gone, no empty lines, and not without end."""
    assert clean(MESSAGE) == (
        "Database Error 000904 (42000): SQL compilation error: error line 3 at position 9",
        "invalid identifier 'ORDEREDD_AT'",
    )
    assert clean("") == ()
    assert len(clean("\n".join(map(str, range(100))))) == 12


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("invalid identifier 'ORDEREDD_AT'", "invalid identifier 'ORDEREDD_AT'"),
        ("invalid identifier 'T.GONE'", "invalid identifier 'T.GONE'"),
        ("Object 'DB.S.X' does not exist or not authorized.", "Object 'DB.S.X' does not exist or not authorized."),
        ("Numeric value 'Jane Doe' is not recognized", "Numeric value '…' is not recognized"),
        ("Date '1999-99-99' is not recognized", "Date '…' is not recognized"),
        ("Numeric value 'raw' is not recognized", "Numeric value 'raw' is not recognized"),
        ('Row Values: [12, "Jane Doe", "x@y.z"]', "Row Values: […]"),
        ('Failed to cast variant value {"name":"Jane"} to FIXED', "Failed to cast variant value … to FIXED"),
        ("String 'Jane' is too long and would be truncated", "String '…' is too long and would be truncated"),
    ],
)
def test_no_value_of_the_data(line: str, shown: str) -> None:
    """Names and code stay, values go: Snowflake quotes both alike."""
    problem = Problem("model.shop.orders", "error", "f.sql", message=("Database Error 100038 (22018): x", line))
    assert masked(problem, SENT).message[1] == shown


def test_unit_test_shows_no_table() -> None:
    """The table of actual and expected rows that dbt prints is for the log alone."""
    problem = Problem(
        "unit_test.shop.orders.adds", "fail", "f.yml", message=("actual differs from expected:", "| 1 | Jane |")
    )
    assert masked(problem).message == ("actual differs from expected:",)

"""A line of the index."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.history.model import Node, read_line
from scripts.history.text import line as one_line
from scripts.history.text import short
from tests.history.conftest import line, run


def test_line_is_read() -> None:
    """Every value arrives; times are UTC whatever the line says; what is unknown is passed over."""
    text = json.dumps({**line(at="2026-11-20T06:00:00.5+01:00", errors={"model.shop.orders": "no"}), "new": 1})
    found = read_line(text.encode())
    assert found.at == datetime(2026, 11, 20, 5, 0, 0, 500000, tzinfo=UTC)
    assert found.nodes == {"model.shop.orders": Node("success", 1.0, 5.0, 1)}
    assert found.errors == {"model.shop.orders": "no"}
    assert (found.key, found.git, found.failed) == (("shop", "r1", "shop"), None, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "yesterday"},
        {"at": 1.5},
        {"seconds": "10"},
        {"seconds": float("nan")},
        {"seconds": 10**400},
        {"state": None},
        {"dag": ["shop"]},
        {"nodes": ["model.shop.orders"]},
        {"nodes": {"model.shop.orders": ["success", 1.0]}},
        {"nodes": {"model.shop.orders": "success"}},
        {"nodes": {"model.shop.orders": ["success", "a", 1.0, 1]}},
        {"errors": {"model.shop.orders": 3}},
        {"errors": "none"},
    ],
    ids=str,
)
def test_wrong_values_are_damage(changes: dict[str, Any]) -> None:
    """A line with a value of another kind is damaged, and nothing else happens."""
    with pytest.raises(ValueError):
        run(**changes)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b"{}", b"[" * 100_000], ids=repr)
def test_other_texts_are_damage(text: bytes) -> None:
    """What is no JSON object of the right keys is damaged."""
    with pytest.raises(ValueError):
        read_line(text)


def test_null_is_never_begun() -> None:
    """A node that was not begun has no times."""
    found = run(nodes={"model.shop.orders": ["skipped", None, None, 0]})
    assert found.nodes["model.shop.orders"] == Node("skipped", 0.0, 0.0, 0)


def test_terminal_codes_are_removed() -> None:
    """An error cannot colour, move or rewrite what a terminal shows, nor turn its text around."""
    found = run(errors={"model.shop.\x1b[2Jorders": "\x1b[31mred\x1b[0m\n\x9b2Jtext\r\x07 \u202ereversed \ud800"})
    assert list(found.errors) == ["model.shop.orders"]
    assert found.errors["model.shop.orders"] == "red\n 2Jtext    reversed  "


def test_names_are_shortened() -> None:
    """A node is shown as dbt shows it; a test without its hash."""
    names = {
        "model.shop.orders": "orders",
        "model.shop.orders.v2": "orders.v2",
        "test.shop.not_null_orders_id.81cfe2fe64": "not_null_orders_id",
        "test.shop.paid_orders_balance": "paid_orders_balance",
        "unit_test.shop.orders.adds_up": "orders.adds_up",
        "source.shop.raw.orders": "raw.orders",
        "odd": "odd",
    }
    assert {name: short(name) for name in names} == names


def test_text_fits_one_line() -> None:
    """A cell's text has no more characters than its width."""
    assert one_line("a\n  b\tc", 10) == "a b c"
    assert one_line("abcdefghij", 10) == "abcdefghij"
    assert one_line("abcdefghijk", 10) == "abcdefghi…"


def test_what_failed_is_known() -> None:
    """All of dbt's words for a failure count, none of the others, in the order of their start."""
    words = ["success", "error", "skipped", "pass", "fail", "warn", "runtime error", "no-op", "partial success"]
    nodes = {f"model.shop.{word}": [word, -number, 1.0, 1] for number, word in enumerate(words)}
    found = run(nodes=nodes)
    assert [name.split(".")[2] for name in found.broken] == ["partial success", "runtime error", "fail", "error"]
    assert {name.split(".")[2] for name, node in found.nodes.items() if not node.ran} == {"skipped", "no-op"}

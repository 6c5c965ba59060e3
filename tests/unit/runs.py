"""DAG runs as their groups tell of them, and what a reader sees of a message."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mwaa_dbt.blocks import HEADER, SECTION
from mwaa_dbt.message import Message, Run

PROBLEM: dict[str, Any] = {
    "node": "model.jaffle_shop.stg_orders",
    "status": "error",
    "task": "jaffle_shop.stg_orders.run",
    "try": 2,
    "file": "dbt/jaffle_shop/models/staging/stg_orders.sql",
    "line": 14,
    "message": [
        "Database Error 000904 (42000): SQL compilation error: error line 21 at position 8",
        "invalid identifier 'ORDEREDD_AT'",
    ],
    "excerpt": ["20 |     ordered_at,", "21 |     orderedd_at::date", "   |     ^"],
    "command": "mwaa local run jaffle_shop --select stg_orders",
}
TESTED = PROBLEM | {
    "node": "test.jaffle_shop.not_null_orders_order_id.cf6c17daed",
    "status": "fail",
    "task": "jaffle_shop.orders.test",
    "try": 1,
    "file": "dbt/jaffle_shop/models/marts/orders.yml",
    "line": 7,
    "message": ["Got 3 results, configured to fail if != 0"],
    "excerpt": [],
    "command": "mwaa local run jaffle_shop --select not_null_orders_order_id",
}
WARNED = TESTED | {"status": "warn", "message": ["Got 3 results, configured to warn if != 0"]}
STALE = PROBLEM | {
    "node": "source.jaffle_shop.point_of_sale.orders",
    "file": "dbt/jaffle_shop/models/staging/sources.yml",
    "message": ["newest row 2026-11-19 05:00 UTC, older than 24 hours"],
}
SUMMARY: dict[str, Any] = {
    "dag": "jaffle_shop",
    "run": "scheduled__2026-11-21T05:00:00+00:00",
    "group": "jaffle_shop",
    "project": "jaffle_shop",
    "release": "a8b8faec1297",
    "git": "331b4c4d0d7d1c9d1a0a0f5b2a5f3f7f8d9e0a1b",
    "state": "failed",
    "counts": {"success": 28, "error": 1, "fail": 1, "skipped": 3},
    "failed": 2,
    "red": 0,
    "problems": [PROBLEM, TESTED],
    "warnings": [],
    "stale": [],
    "errors": [],
}
STATES = {
    "start": "success",
    "jaffle_shop.stg_orders.run": "failed",
    "jaffle_shop.orders.test": "failed",
    "jaffle_shop.orders.run": "upstream_failed",
    "jaffle_shop.dbt_finish": "success",
    "end": "upstream_failed",
}
FAILED = Run(
    dag="jaffle_shop",
    run="scheduled__2026-11-21T05:00:00+00:00",
    environment="prod",
    date="2026-11-21 05:00 UTC",
    reason="task_failure",
    base_url="https://airflow.example.com",
    mention="<!here>",
    mwaa="mwaa-dbt-prod",
    summaries=[SUMMARY],
    states=STATES,
)
GREEN = replace(FAILED, states={}, summaries=[SUMMARY | {"state": "success", "problems": [], "failed": 0, "red": 3}])
QUIET = replace(GREEN, summaries=[*GREEN.summaries, SUMMARY | {"problems": [], "warnings": [WARNED], "stale": [STALE]}])


def changed(**parts: Any) -> Run:
    """Return the failed run with another summary."""
    return replace(FAILED, summaries=[SUMMARY | parts], states=parts.pop("states", STATES))


def texts(message: Message) -> list[str]:
    """Return the texts of a message's blocks."""
    found = []
    for block in message["blocks"]:
        found += [block["text"]["text"]] if "text" in block else [one["text"] for one in block["elements"]]
    return found


def whole(message: Message) -> str:
    """Return all that a message says."""
    return "\n".join((message["text"], *texts(message)))


def seen(message: Message) -> str:
    """Return about what a reader sees: links without their addresses, Slack's entities as characters."""
    text = "\n\n".join(texts(message))
    text = re.sub(r"<https?://[^|>]+\|([^>]+)>", r"[\1]", text).replace("<!here>", "@here")
    return (
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("```\n", "").replace("\n```", "")
    )


def fits(message: Message) -> bool:
    """Tell whether Slack would take a message."""
    sizes = [(block["type"], text) for block, text in zip(message["blocks"], texts(message), strict=True)]
    right = all(0 < len(text) <= (HEADER if kind == "header" else SECTION) for kind, text in sizes)
    return right and 0 < len(message["blocks"]) <= 50 and 0 < len(message["text"]) < 4000


def many(count: int, **parts: Any) -> dict[str, Any]:
    """Return a summary of a run in which this many nodes failed; it tells twenty, as every summary."""
    told = [PROBLEM | {"node": f"model.shop.m{number}", **parts} for number in range(min(count, 20))]
    return SUMMARY | {"problems": told, "failed": count}

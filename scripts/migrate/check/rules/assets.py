"""Datasets, which are assets in Airflow 3: addresses that change, and events that are found otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.rules.context import CONTEXTS
from scripts.migrate.check.source import Move, Source, text_of

COSMOS = Rule("cosmos-uri", "changes", "the address of a dataset of Cosmos, which is another one in Airflow 3")
EVENTS = Rule("asset-events", "breaks", "events of a dataset, found by its address as a text")
STANDARD = "cosmos.use_dataset_airflow3_uri_standard"
# Warehouses, as Cosmos names them (OpenLineage's namespaces); a file's name has a dot, too.
WAREHOUSES = (
    "athena|bigquery|clickhouse|databricks|duckdb|mysql|postgres|redshift|snowflake|spark|sqlserver|teradata|trino"
)
TABLE = re.compile(rf"({WAREHOUSES})://([^/]+)/([\w-]+(?:\.[\w-]+){{1,2}})")


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield addresses and events that a later Airflow does not find."""
    if not move.crosses:
        return
    for call, _ in source.calls:
        named = source.dotted(call.func).split(".")[-1] in ("Dataset", "Asset") and not move.on(STANDARD)
        found = TABLE.fullmatch(text_of(call.args[0]) or "") if named and call.args else None
        if found:
            new = f"{found[1]}://{found[2]}/{found[3].replace('.', '/')}"
            what = f"{found[0]}: Cosmos calls this table {new} in Airflow 3, so nothing starts what waits for it"
            yield source.finding(call, COSMOS, what, f"write {new}, if Cosmos writes it")
    for node, _ in source.nodes:
        if isinstance(node, ast.Subscript) and text_of(node.slice) and _is_events(node.value):
            what = f"events are found by an Asset, not by the text {text_of(node.slice)!r}"
            yield source.finding(node, EVENTS, what, "write [Asset(…)] with the same name or address")


def _is_events(node: ast.expr) -> bool:
    names = ("outlet_events", "inlet_events")
    if isinstance(node, ast.Name):
        return node.id in names
    held = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in CONTEXTS
    return held and isinstance(node, ast.Subscript) and text_of(node.slice) in names

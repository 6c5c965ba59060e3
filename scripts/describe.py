"""What Airflow's UI shows of each node of a dbt project, written once, in the build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.slices import BUILT

# Of one node's text, in characters but for the columns: the whole of it is stored in Airflow's database.
LINE, DESCRIPTION, COLUMN, COLUMNS = 150, 600, 120, 20

type Node = Mapping[str, Any]


def descriptions(manifest: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return for each node that dbt builds a line and a longer text, both Markdown."""
    tests: dict[str, list[Node]] = defaultdict(list)
    for node in (*manifest["nodes"].values(), *manifest.get("unit_tests", {}).values()):
        for parent in _tested(node):
            tests[parent].append(node)
    return {
        name: _texts(node, tests[name], manifest)
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in BUILT
    }


def _tested(test: Node) -> list[str]:
    if test["resource_type"] == "unit_test":
        return [str(name) for name in test["depends_on"]["nodes"]]
    if test["resource_type"] != "test":
        return []
    # A test of references depends on both; it is the node's in whose YAML it stands.
    return [str(test["attached_node"])] if test.get("attached_node") else list(test["depends_on"]["nodes"])


def _texts(node: Node, tests: list[Node], manifest: Mapping[str, Any]) -> tuple[str, str]:
    words = " ".join(str(node.get("description") or "").split())
    facts = " · ".join(_facts(node, manifest))
    parts = (_cut(words, DESCRIPTION), facts, _columns(node, tests), _rest(tests))
    return _cut(words, LINE) or facts, "\n\n".join(part for part in parts if part)


def _facts(node: Node, manifest: Mapping[str, Any]) -> Iterator[str]:
    config = node.get("config", {})
    kind, how = node["resource_type"], config.get("materialized")
    yield kind if how in (None, kind) else f"{how} {kind}"
    if owner := _owner(node, manifest):
        yield f"owner {_cell(owner, COLUMN)}"
    if node.get("access") in ("public", "private"):
        yield str(node["access"])
    if tags := config.get("tags"):
        yield "tags " + _cut(", ".join(map(str, tags)), COLUMN)
    yield f"`{node['original_file_path']}`"


def _owner(node: Node, manifest: Mapping[str, Any]) -> str:
    own = (node.get("config", {}).get("meta") or {}).get("owner")
    owners: dict[str, Node] = {one["name"]: one["owner"] for one in manifest.get("groups", {}).values()}
    group = owners.get(str(node.get("group")), {})
    return str(own or group.get("name") or group.get("email") or "")


def _columns(node: Node, tests: list[Node]) -> str:
    columns = list((node.get("columns") or {}).values())
    if not columns:
        return ""
    tested: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        if test.get("column_name"):
            tested[str(test["column_name"]).lower()].append(_name(test))
    rows = [
        f"| `{column['name']}` | {_cell(column.get('description') or '', COLUMN)} "
        f"| {_cut(', '.join(sorted(tested[str(column['name']).lower()])), COLUMN)} |"
        for column in columns[:COLUMNS]
    ]
    more = [f"| and {len(columns) - COLUMNS} more | | |"] if len(columns) > COLUMNS else []
    return "\n".join(["| column | | tests |", "|---|---|---|", *rows, *more])


def _rest(tests: list[Node]) -> str:
    """Return the tests that are of no one column."""
    names = sorted(_name(test) for test in tests if not test.get("column_name"))
    return f"Tests: {_cut(', '.join(names), DESCRIPTION)}" if names else ""


def _name(test: Node) -> str:
    return str((test.get("test_metadata") or {}).get("name") or test["name"])


def _cell(text: str, most: int) -> str:
    return _cut(" ".join(text.split()), most).replace("|", "\\|")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0] + "…"

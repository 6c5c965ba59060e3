"""What Airflow itself says of options that have other names or none any more, read from its sources.

`python -m tests.env.airflows` writes scripts/env/options.json anew.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / "scripts" / "env" / "options.json"
VERSION = "3.3.1"
AIRFLOW = ROOT / ".mwaa" / f"airflow-{VERSION}" / "lib" / "python3.12" / "site-packages" / "airflow"
# Their values have another unit than those of what Airflow names instead.
OTHER_UNITS = {"webserver.session_lifetime_days", "webserver.force_log_out_after"}
CONDITIONAL = {"default_change", "is_invalid_if", "remove_if_equals"}


def read() -> dict[str, Any]:
    """Return what options.json is to be."""
    renamed: dict[str, list[str]] = {}
    removed, defaults = set[str](), {}
    for name, change in _changes():
        if "renamed_to" in change and name not in OTHER_UNITS:
            renamed[name] = [_name(change["renamed_to"]), "3.0"]
        elif "default_change" in change:
            defaults[name] = [ast.literal_eval(change[f"{age}_default"]) for age in ("old", "new")]
        elif not CONDITIONAL & {*change} and ast.unparse(change.get("was_removed", ast.Constant(True))) == "True":
            removed.add(name)
    for (section, option), (old_section, old_option, since) in _deprecated().items():
        renamed[f"{old_section}.{old_option}"] = [f"{section}.{option}", since]
    return {
        "renamed": dict(sorted(renamed.items())),
        "removed": sorted(removed),
        "defaults": {name: list(map(str, both)) for name, both in sorted(defaults.items()) if name != "core.executor"},
    }


def _changes() -> Iterator[tuple[str, dict[str, Any]]]:
    tree = ast.parse((AIRFLOW / "cli" / "commands" / "config_command.py").read_text())
    (table,) = [node.value for node in tree.body if isinstance(node, ast.Assign) and _target(node) == "CONFIGS_CHANGES"]
    assert isinstance(table, ast.List)
    for call in table.elts:
        assert isinstance(call, ast.Call)
        change: dict[str, Any] = {str(one.arg): one.value for one in call.keywords}
        if "." in (name := _name(change["config"])):
            yield name, change


def _target(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""


def _name(call: ast.Call) -> str:
    return ".".join(ast.literal_eval(one) for one in call.args)


def _deprecated() -> dict[tuple[str, str], tuple[str, str, str]]:
    tree = ast.parse((AIRFLOW / "_shared" / "configuration" / "parser.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "deprecated_options":
            assert node.value is not None
            return dict(ast.literal_eval(node.value))
    raise AssertionError("Airflow keeps its deprecated options elsewhere")


def written(table: dict[str, Any]) -> str:
    """Return the file's text, a line for each option."""
    parts = []
    for key, value in table.items():
        rows = (
            [f"    {json.dumps(name)}: {json.dumps(one)}" for name, one in value.items()]
            if isinstance(value, dict)
            else [f"    {json.dumps(one)}" for one in value]
        )
        ends = "{}" if isinstance(value, dict) else "[]"
        parts.append(f'  "{key}": {ends[0]}\n' + ",\n".join(rows) + f"\n  {ends[1]}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(written(read()))

"""dbt's documentation as one page per project, the same bytes for the same sources, made without a warehouse.

What `dbt docs generate --static --empty-catalog` makes, but of the manifest that the build has: that command would
parse the project a second time, and write the time of its run.
"""

from __future__ import annotations

import gzip
import html
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.archive import settled
from scripts.dbt import Dbt
from scripts.options import DOCS
from scripts.projects import DbtProject
from scripts.slices import BUILT

TEMPLATE = "lib/python3*/site-packages/dbt/task/docs/index.html"
# What dbt's page reads of a manifest; the rest is a third of it.
SHOWN = (
    *("docs", "exposures", "functions", "macros", "metadata", "metrics", "nodes", "parent_map", "saved_queries"),
    *("semantic_models", "sources", "unit_tests"),
)
# Columns come from the YAML: what a warehouse says of its tables is not to be had here.
CATALOG: dict[str, Any] = {"metadata": {}, "nodes": {}, "sources": {}, "errors": None}
LIST = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>dbt docs</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 40rem; margin: 3rem auto; padding: 0 1rem }} li {{ margin: .5rem 0 }} span {{ opacity: .7 }}
</style></head><body><h1>dbt docs</h1><ul>
{items}
</ul></body></html>
"""


def write_page(project: DbtProject, dbt: Dbt, out: Path) -> int:
    """Write a parsed project's page, gzipped, and return its size in bytes.

    Raises:
        ProjectError: if this dbt has no such page.
    """
    path = out / DOCS / project.name / "index.html.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(page(_template(dbt), settled(project)).encode(), mtime=0))
    return path.stat().st_size


def write_list(projects: list[DbtProject], out: Path) -> None:
    """Write the page that leads to those of the projects."""
    items = "\n".join(_item(project) for project in projects)
    (out / DOCS).mkdir(exist_ok=True)
    (out / DOCS / "index.html").write_text(LIST.format(items=items))


def _item(project: DbtProject) -> str:
    kinds = Counter(node["resource_type"] for node in project.manifest["nodes"].values())
    told = ", ".join(f"{kinds[kind]} {kind}{'s' * (kinds[kind] != 1)}" for kind in (*BUILT, "test") if kinds[kind])
    name = html.escape(project.name)
    return f'<li><a href="/dbt-docs/{name}">{name}</a> <span>{told}</span></li>'


def page(template: str, manifest: Mapping[str, Any]) -> str:
    """Return dbt's page with a manifest in it."""
    shown = {key: manifest[key] for key in SHOWN if key in manifest}
    # Else the page would tell dbt's makers who looks at it.
    shown["metadata"] = {**shown["metadata"], "send_anonymous_usage_stats": False}
    for name, table in (("MANIFEST", shown), ("CATALOG", CATALOG)):
        template = template.replace(f'"{name}.JSON INLINE DATA"', _inline(table), 1)
    return template


def _inline(table: Mapping[str, Any]) -> str:
    # A description may hold what would end the script that it is put into.
    return json.dumps(table, sort_keys=True, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\u0021--")


def _template(dbt: Dbt) -> str:
    venv = Path(dbt.executable).resolve().parents[1]
    if (found := next(venv.glob(TEMPLATE), None)) is None:
        raise ProjectError(
            "This dbt has no page for its documentation.",
            str(venv / TEMPLATE),
            "pin dbt-core as dbt/requirements.in has it",
        )
    return found.read_text()

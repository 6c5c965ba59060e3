"""Plugins with pages of Flask."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source

VIEWS = Rule("plugin-views", "changes", "a plugin's pages of Flask or Flask-AppBuilder")
MENUS = Rule("plugin-menus", "breaks", "a plugin's parts that are not read any more")
FLASK = ("appbuilder_views", "appbuilder_menu_items", "flask_blueprints")
GONE = ("admin_views", "menu_links")


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield what a plugin adds to the old web server."""
    for node, _ in source.nodes if move.crosses else ():
        if isinstance(node, ast.ClassDef) and any(source.dotted(one).endswith("AirflowPlugin") for one in node.bases):
            for name, place in _filled(node):
                if name in FLASK:
                    what = f"{name}: the FAB provider serves them, below /pluginsv2; the old UI around them is gone"
                    yield source.finding(place, VIEWS, what, "write it as fastapi_apps or external_views")
                elif name in GONE:
                    yield source.finding(place, MENUS, f"{name} is not read any more", "write it as external_views")


def _filled(plugin: ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    for one in plugin.body:
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        value = getattr(one, "value", None)
        empty = value is None or (isinstance(value, ast.List | ast.Tuple) and not value.elts)
        for target in targets:
            if isinstance(target, ast.Name) and not empty:
                yield target.id, one

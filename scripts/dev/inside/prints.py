"""What each node of a manifest is made of, as one digest: equal as long as a run would do the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

# What has a relation in the warehouse, or stands in other nodes' SQL.
RELATIONS = ("model", "seed", "snapshot", "function")
TESTS = ("test", "unit_test")


def kind(unique_id: str) -> str:
    """Return a node's kind."""
    return unique_id.split(".", 1)[0]


def parents(node: Any) -> list[str]:
    """Return what a node depends on; a seed has macros alone."""
    return list(getattr(node.depends_on, "nodes", ()))


class Prints:
    """Digests over a manifest's nodes."""

    def __init__(self, manifest: Any) -> None:
        self.manifest, self._macros = manifest, dict[str, str]()

    def all(self) -> dict[str, str]:
        """Return the digest of each node that a build would run."""
        nodes = {key: node for key, node in self.manifest.nodes.items() if kind(key) in (*RELATIONS, *TESTS)}
        others = {**getattr(self.manifest, "functions", {}), **self.manifest.unit_tests}
        return {key: self._digest(node) for key, node in {**nodes, **others}.items()}

    def _digest(self, node: Any) -> str:
        config = node.config.to_dict() if getattr(node, "config", None) else {}
        return _sha(
            [
                getattr(node, "raw_code", None) or "",
                getattr(getattr(node, "checksum", None), "checksum", None) or str(getattr(node, "checksum", "")),
                config,
                getattr(node, "relation_name", None),
                self._tested(node),
                self._described(node, config),
                [self._relation(parent) for parent in parents(node)],
                [self._macro(macro) for macro in node.depends_on.macros],
            ]
        )

    def _tested(self, node: Any) -> Any:
        about = getattr(node, "test_metadata", None)
        if about is not None:
            return [about.name, about.kwargs]
        given = getattr(node, "given", None)
        return [[one.to_dict() for one in given], node.expect.to_dict()] if given is not None else None

    def _described(self, node: Any, config: dict[str, Any]) -> Any:
        """Return descriptions and types where they reach the warehouse: comments, and contracts."""
        columns = getattr(node, "columns", {})
        comments = any((config.get("persist_docs") or {}).values())
        contract = (config.get("contract") or {}).get("enforced")
        return [
            [node.description, *(column.description for column in columns.values())] if comments else None,
            [column.to_dict() for column in columns.values()] if contract else None,
        ]

    def _relation(self, parent: str) -> str:
        node = self.manifest.nodes.get(parent) or self.manifest.sources.get(parent)
        # An ephemeral model stands in the SQL of its children.
        inlined = node is not None and getattr(node, "is_ephemeral_model", False)
        return f"{getattr(node, 'relation_name', parent)}{self._digest(node) if inlined else ''}"

    def _macro(self, name: str) -> str:
        if name not in self._macros:
            self._macros[name] = ""  # macros may call one another in a circle
            macro = self.manifest.macros.get(name)
            if macro is not None:
                called = [self._macro(one) for one in macro.depends_on.macros]
                self._macros[name] = _sha([macro.macro_sql, called])
        return self._macros[name]


def _sha(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()

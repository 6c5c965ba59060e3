"""The Jinja templates of a folder: texts in Python, and the files that operators read."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from scripts.migrate.check.source import Source, text_of

BEGINNINGS = ("{{", "{%")
# It only parses; nothing is rendered.
ENVIRONMENT = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)


class Template(NamedTuple):
    """A template, and the line that its first one is."""

    tree: nodes.Template
    begun: int

    def line(self, node: nodes.Node) -> int:
        """Return a node's line in its file."""
        return self.begun + node.lineno - 1

    @property
    def names(self) -> Iterator[nodes.Name]:
        """Names that the context has to know, since the template does not set them itself."""
        wanted = meta.find_undeclared_variables(self.tree)
        for node in self.tree.find_all(nodes.Name):
            if node.ctx == "load" and node.name in wanted:
                yield node


@functools.cache
def templates(source: Source) -> tuple[Template, ...]:
    """Return the templates of a file; what Jinja does not read is none."""
    texts = _texts(source) if source.tree else [(source.text, 1)]
    found = []
    for text, line in texts:
        if any(sign in text for sign in BEGINNINGS):
            try:
                found.append(Template(ENVIRONMENT.parse(text), line))
            except TemplateSyntaxError:
                continue
    return tuple(found)


def _texts(source: Source) -> Iterator[tuple[str, int]]:
    nodes = [node for node, _ in source.nodes]
    passed = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    # A text that stands alone documents something.
    passed |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    doubled = {
        id(node.func.value) for node, _ in source.calls if _formats(node) and isinstance(node.func, ast.Attribute)
    }
    for node in nodes:
        text = text_of(node)
        if text is not None and (id(node) not in passed or isinstance(node, ast.JoinedStr)):
            if id(node) in doubled:
                text = text.replace("{{", "{").replace("}}", "}")
            yield text, int(getattr(node, "lineno", 1))


def _formats(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "format"

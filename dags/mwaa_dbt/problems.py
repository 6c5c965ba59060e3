"""What dbt said of a node that failed, so that a person can mend it: file, line, words, SQL with a caret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.lines import excerpt, place, source_line, yaml_line

COLOUR = re.compile(r"\x1b\[[\d;]*m")
HEAD = re.compile(r"^([A-Z][\w ]+?) in [\w ]+ .*\(.*\)$")
NOISE = re.compile(r"^(compiled code at |\s*$|See test failures:|-{3,}$|select \* from \S+$)")
# What Snowflake names before a quoted name, and how it tells values without quotes.
NAMED = re.compile(r"(identifier|Object|Table|View|Schema|Database|Warehouse|Role|function|column) $", re.IGNORECASE)
VALUES = re.compile(r"(Row Values: \[|Failed to cast variant value ).*?(\]| to \w+$|$)")
LONGEST = 12  # lines of one message


@dataclass(frozen=True)
class Problem:
    """A node that failed or warned.

    `node` and `status` are dbt's; `file` is a path in this repository, `line` a line in it where that is known;
    `message` are dbt's words without paths and colours, `excerpt` the SQL that was sent, around the error.
    """

    node: str
    status: str
    file: str
    line: int | None = None
    message: tuple[str, ...] = ()
    excerpt: tuple[str, ...] = ()
    command: str = ""

    @property
    def name(self) -> str:
        """The node as people call it: kind and name."""
        return node_name(self.node)

    @property
    def error(self) -> ProjectError:
        """The problem in the shape that users know."""
        what = "\n".join(
            (f"{self.name}: {' '.join(self.message[:1]) or self.status}", *self.message[1:], *self.excerpt)
        )
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return ProjectError(what, where, f"mend it; `{self.command}` repeats it" if self.command else "mend it")


def node_name(node: str) -> str:
    """Return a node as people call it: kind and name, without package and hash."""
    kind, _, name = (*node.split(".", 2), "", "")[:3]
    return f"{kind} {name.split('.')[0] if kind == 'test' else name}" if name else node


@dataclass(frozen=True)
class Files:
    """A dbt project's folder after an invocation, and the names it goes by.

    Args:
        folder: the project's copy, with target/ in it.
        project: the folder's name in dbt/.
        dag: the DAG that runs it.
    """

    folder: Path
    project: str
    dag: str

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest that dbt has written; empty if it did not come so far."""
        try:
            return dict(json.loads((self.folder / "target" / "manifest.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    def node(self, name: str) -> Mapping[str, Any]:
        """Return what the manifest says of a node; empty if it does not know it."""
        kinds = ("nodes", "unit_tests", "sources")
        return next((self.manifest[kind][name] for kind in kinds if name in self.manifest.get(kind, {})), {})

    def path(self, about: Mapping[str, Any]) -> str:
        """Return a node's file as this repository has it; a package's is below dbt_packages/."""
        path, package = str(about.get("original_file_path", "dbt_project.yml")), about.get("package_name")
        own = self.manifest.get("metadata", {}).get("project_name")
        return (
            f"dbt/{self.project}/{path}"
            if package in (None, own)
            else f"dbt/{self.project}/dbt_packages/{package}/{path}"
        )

    def command(self, node: str) -> str:
        """Return what repeats a node on one machine; nothing for a hook, which is no node."""
        kind, _, name = node.split(".", 2)
        if kind == "operation":
            return ""
        selector = {"test": name.split(".")[0], "source": f"source:{name}+"}.get(kind, name)
        return f"mwaa local run {self.dag} --select {selector}"


def explain(files: Files, node: str, status: str, message: str, sql: str = "") -> Problem:
    """Return the problem of a node.

    Args:
        files: the project.
        node: its unique id.
        status: dbt's.
        message: dbt's, as in run_results.json.
        sql: the last statement that the node sent, exactly; empty if it is not known.
    """
    about = files.node(node)
    words = clean(message)
    found = place("\n".join(words), sql)
    base = Problem(node, status, files.path(about), message=words, command=files.command(node))
    if found is None:
        return replace(base, line=_declared(files, about))
    own = _read(files.folder / str(about.get("original_file_path", "")))
    return replace(base, line=source_line(own, sql, found) or _declared(files, about), excerpt=excerpt(sql, found))


def clean(message: str) -> tuple[str, ...]:
    """Return dbt's words line by line: no colours, no paths of a folder that is gone, no empty lines."""
    lines = [COLOUR.sub("", line).rstrip() for line in message.strip().splitlines()]
    if lines and (head := HEAD.match(lines[0])):
        rest = [line.strip() for line in lines[1:2]]
        lines = [" ".join((head[1], *rest)), *lines[2:]]
    return tuple(line for line in (line.strip() for line in lines) if not NOISE.match(line))[:LONGEST]


def _declared(files: Files, about: Mapping[str, Any]) -> int | None:
    """Return the line of the YAML entry that a test belongs to."""
    path = files.folder / str(about.get("original_file_path", ""))
    if path.suffix not in (".yml", ".yaml"):
        return None
    tested = str(about.get("attached_node") or about.get("model") or about.get("name") or "").split(".")[-1]
    return yaml_line(path.read_text(), tested, about.get("column_name")) if path.is_file() else None


def _read(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.is_file() and path.suffix == ".sql" else []


def masked(problem: Problem, sql: str = "") -> Problem:
    """Return a problem for those who may not see the data: what is quoted stays only if it is code.

    Snowflake quotes values (Numeric value 'x' is not recognized) as it quotes names. A name is in the statement, too.
    """
    words = problem.message[:1] if problem.node.startswith("unit_test.") else problem.message
    return replace(problem, message=tuple(_masked(line, sql.lower()) for line in words))


def _masked(line: str, sql: str) -> str:
    def shown(quoted: re.Match[str]) -> str:
        return quoted[0] if quoted[1].lower() in sql or NAMED.search(line[: quoted.start()]) else "'…'"

    return re.sub(r"'([^']*)'", shown, VALUES.sub(r"\1…\2", line))

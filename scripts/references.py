"""What one dbt project reads of another: public models only, where that builds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.projects import DbtProject
from scripts.slices import BUILT

type Node = Mapping[str, Any]
type Place = tuple[str, str, str]
PARTS = ("database", "schema", "identifier")


class Table(NamedTuple):
    """A table that a project builds."""

    project: str
    node: Node

    @property
    def is_public(self) -> bool:
        """Whether other projects may read it."""
        return self.node.get("access") == "public"


def check_references(projects: list[DbtProject]) -> None:
    """Check each source that is another project's table, or that is called as another project is.

    Raises:
        ProjectError: if that project does not build the table, builds it elsewhere, or has not made it public.
    """
    tables = {_place(table.node): table for table in _tables(projects)}
    names = {project.name for project in projects}
    for project in projects:
        for source in project.manifest["sources"].values():
            found = tables.get(_place(source))
            if found and found.project != project.name:
                _check_access(project, source, found)
            elif source["source_name"] in names - {project.name}:
                of = [table for table in tables.values() if table.project == source["source_name"]]
                raise _missing(project, source, of)


def _tables(projects: list[DbtProject]) -> Iterator[Table]:
    for project in projects:
        for node in project.manifest["nodes"].values():
            if node["resource_type"] in BUILT and node["config"].get("materialized") != "ephemeral":
                yield Table(project.name, node)


def _place(node: Node) -> Place:
    # As Snowflake compares names that are not quoted.
    table = node.get("identifier") or node.get("alias") or node["name"]
    return str(node.get("database")).lower(), str(node.get("schema")).lower(), str(table).lower()


def _check_access(project: DbtProject, source: Node, table: Table) -> None:
    if table.is_public:
        return
    kind, name = table.node["resource_type"], table.node["name"]
    place = f"dbt/{table.project}/{table.node.get('patch_path') or table.node['original_file_path']}"
    own = re.sub(r"/\w+://", "/", place)
    raise ProjectError(
        f"The {kind} {name!r} of dbt/{table.project} is not public, and dbt/{project.name} reads it as the source"
        f" {_called(source)}.",
        _where(project, source),
        f"say `access: public` in the config of {name!r} ({own}), or read a model that is public"
        if kind == "model"
        else "read a public model: dbt knows no access of seeds and snapshots",
    )


def _missing(project: DbtProject, source: Node, of: list[Table]) -> ProjectError:
    other, wanted = source["source_name"], str(source.get("identifier") or source["name"])
    like = next((one.node for one in of if wanted.lower() in (_place(one.node)[2], one.node["name"].lower())), None)
    if like is None:
        known = sorted(one.node["name"] for one in of if one.is_public)
        return ProjectError(
            f"The source {_called(source)} is called as dbt/{other} is, which builds no {wanted!r}."
            f"{suggestion(wanted, known)}",
            _where(project, source),
            f"name one of its public models: {', '.join(known) or 'it has none yet'}; or call the source otherwise",
        )
    right = dict(zip(PARTS, (like["database"], like["schema"], like.get("alias") or like["name"]), strict=True))
    reads = ".".join(str(source.get(part)) for part in PARTS)
    return ProjectError(
        f"The source {_called(source)} reads {reads}, but dbt/{other} builds {'.'.join(map(str, right.values()))}.",
        _where(project, source),
        "write " + ", ".join(f"{part}: {right[part]}" for part in PARTS if right[part] != source.get(part)),
    )


def _called(source: Node) -> str:
    return f"{source['source_name']}.{source['name']}"


def _where(project: DbtProject, source: Node) -> str:
    name = str(source["original_file_path"])
    file = project.folder / name
    lines = file.read_text().splitlines() if file.is_file() else []
    begin = _line(lines, source["source_name"], 0)
    line = _line(lines, source["name"], begin)
    return f"dbt/{project.name}/{name}" + (f", line {line}" if line else "")


def _line(lines: list[str], name: str, after: int) -> int:
    pattern = re.compile(rf"\s*-?\s*name:\s*[\"']?{re.escape(name)}[\"']?\s*(#.*)?$")
    return next((number for number, line in enumerate(lines, 1) if number > after and pattern.match(line)), 0)

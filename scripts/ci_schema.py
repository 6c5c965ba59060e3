"""The schema of a CI run: its name, what may be written into it, and what is dropped afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError

# What is dropped at the end must be known by its name as nobody's own.
PREFIXES = ("ci_", "pr_")
# Snowflake allows 255; dbt adds the name of a custom schema.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,127}")
LAST_PART = re.compile(r"\.(?:\"[^\"]*\"|[^.\"]+)$")
# The variables that GitHub Actions, GitLab and CodeBuild set for a pull request.
PULL_REQUEST = {
    "GITHUB_REF": re.compile(r"refs/pull/(\d+)/"),
    "CI_MERGE_REQUEST_IID": re.compile(r"(\d+)$"),
    "CODEBUILD_WEBHOOK_TRIGGER": re.compile(r"pr/(\d+)$"),
}
Manifest = Mapping[str, Any]


def schema_template(own: str, variables: Mapping[str, str], user: str) -> str:
    """Return the name for a CI run's schemas: `pr_<number>_` or `ci_<user>_` and the environment's own."""
    for name, pattern in PULL_REQUEST.items():
        if found := pattern.match(variables.get(name, "")):
            return f"pr_{found[1]}_{own}"
    return f"ci_{re.sub(r'[^a-z0-9]+', '_', user.lower())}_{own}"


def check_template(template: str) -> None:
    """Raise ProjectError if a name cannot be that of a schema which is dropped again."""
    name = template.replace("{project}", "project")
    if not IDENTIFIER.fullmatch(name):
        raise ProjectError(
            f"{template!r} cannot name a schema.",
            "--schema",
            "use letters, digits and _ (128 at most), and {project} for the dbt project's name",
        )
    if not name.lower().startswith(PREFIXES):
        raise ProjectError(
            f"{template!r} cannot be CI's: its schemas are dropped afterwards, so they must not look like others.",
            "--schema",
            "begin it with ci_ or pr_, e.g. ci_{project}",
        )


@dataclass(frozen=True)
class Isolation:
    """One project's CI schema, and the names of all schemas that production uses (upper case)."""

    project: str
    schema: str
    production: frozenset[str]

    def check(self, manifest: Manifest, selected: Iterable[str]) -> None:
        """Raise ProjectError if the schema is production's, or a selected node would be written outside of it."""
        if self.schema.upper() in self.production:
            raise ProjectError(
                f"Schema {self.schema} is in use by production; CI drops its schema afterwards.",
                "--schema",
                "name another, or leave --schema out",
            )
        for key in selected:
            node = _written(manifest).get(key)
            if node and not self._ours(node):
                raise ProjectError(
                    f"{key} would be written to schema {node['schema']}, outside of CI's {self.schema}.",
                    f"dbt/{self.project}/{node['original_file_path']}",
                    "let every schema begin with target.schema where target.name is 'ci' (macro generate_schema_name)",
                )

    def _ours(self, node: Mapping[str, Any]) -> bool:
        name = str(node["schema"]).upper()
        return name.startswith(self.schema.upper()) and name not in self.production

    def schemas(self, manifest: Manifest) -> list[str]:
        """Return the schemas that CI may have made, as SQL names; the target's own is the first."""
        found = {_schema_of(node): str(node["schema"]) for node in _written(manifest).values() if self._ours(node)}
        own = [name for name, schema in found.items() if schema.upper() == self.schema.upper()]
        return [*(own or [self.schema]), *sorted(set(found) - set(own))]

    def views(self, manifest: Manifest, real: Manifest, selected: Iterable[str]) -> dict[str, str]:
        """Return CI's relation → production's for the sources that moved with the target's schema.

        dbt defers no source; one with `schema: {{ target.schema }}` would be looked for where nothing is. What CI
        builds itself is left out.
        """
        chosen = set(selected)
        built = {node["relation_name"] for key, node in _written(manifest).items() if key in chosen}
        read = {parent for key in chosen for parent in _parents(manifest, key)}
        pairs = {
            source["relation_name"]: real["sources"][key]["relation_name"]
            for key, source in manifest["sources"].items()
            if key in read and key in real["sources"] and self._ours(source)
        }
        return {ours: theirs for ours, theirs in pairs.items() if ours not in built}


def production_schemas(*manifests: Manifest) -> Iterator[str]:
    """Yield every schema that manifests name, sources' too, in upper case."""
    for manifest in manifests:
        for kind in ("nodes", "sources", "functions"):
            for node in manifest.get(kind, {}).values():
                if node.get("schema"):
                    yield str(node["schema"]).upper()


def _written(manifest: Manifest) -> dict[str, Any]:
    nodes = {**manifest["nodes"], **manifest.get("functions", {})}
    return {key: node for key, node in nodes.items() if node.get("relation_name") or key.startswith("function.")}


def _parents(manifest: Manifest, key: str) -> list[str]:
    node = manifest["nodes"].get(key) or manifest.get("unit_tests", {}).get(key) or {}
    return list(node.get("depends_on", {}).get("nodes", []))


def _schema_of(node: Mapping[str, Any]) -> str:
    # dbt's own rendering, quoted where the project wants that.
    relation = node.get("relation_name")
    return LAST_PART.sub("", relation) if relation else f"{node['database']}.{node['schema']}"

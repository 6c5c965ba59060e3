"""`mwaa ci`: what a change touches, built in a schema of its own, with production to read the rest from."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from mwaa_dbt.settings import Settings, load
from scripts import connections
from scripts.build import build
from scripts.ci_job import Job, Outcome, run
from scripts.ci_schema import Isolation, check_template, production_schemas, schema_template
from scripts.console import step
from scripts.dbt import Dbt
from scripts.fingerprint import is_current
from scripts.local import state
from scripts.paths import Paths
from scripts.projects import DbtProject
from scripts.state import Node, Stored, changed, find_stored
from scripts.target import Target, find_target
from scripts.workshop import DbtOf, DbtTarget, Workshop, open_build

# Projects commonly ask target.name whether they are in production.
TARGET = "ci"
BUILT = ("model", "seed", "snapshot", "test", "unit_test", "function")


@dataclass(frozen=True)
class Request:
    """What is asked of CI; a schema of None is named after the pull request or the user."""

    environment: str
    state: str
    schema: str | None = None
    keep: bool = False


@dataclass(frozen=True)
class Report:
    """A finished CI run."""

    state: str
    nodes: list[Node]
    outcomes: list[Outcome]


def ci(paths: Paths, request: Request) -> Report:
    """Build what has changed since a stored release in CI's schema, and drop that again.

    Raises:
        ProjectError: if something is wrong before any node is built; a node's failure is in the report.
    """
    environment = (settings := load(paths.settings)).environment(request.environment)
    template = request.schema or schema_template(environment.snowflake.schema, os.environ, getpass.getuser())
    check_template(template)
    target = find_target(paths, request.environment)
    stored = find_stored(request.state, lambda: target.bucket)
    if not is_current(paths, request.environment):
        build(paths, request.environment)
    with open_build(paths, request.environment) as workshop:
        nodes = changed(workshop, stored)
        if not any(node.kind in BUILT for node in nodes):
            return Report(stored.release, nodes, [])
        dbt = workshop.dbt(_dbt_target(target, template), proxy(paths, request.environment))
        plan = _Plan(workshop, dbt, stored, _production(workshop, stored, settings), request.keep)
        return Report(stored.release, nodes, list(_outcomes(list(_jobs(plan, nodes)))))


def proxy(paths: Paths, environment: str) -> dict[str, str]:
    """Return what leads dbt to the rehearsal's Snowflake, if that is the environment's."""
    running = state.find(paths)
    return running.proxy() if running and running.environment == environment else {}


def _dbt_target(target: Target, template: str) -> DbtTarget:
    environment = target.settings
    with step("Airflow connection, from Secrets Manager"):
        secret = target.aws.secret(connections.secret_name(environment, environment.snowflake.connection))
    return DbtTarget(TARGET, environment._replace(snowflake=environment.snowflake._replace(schema=template)), secret)


@dataclass(frozen=True)
class _Plan:
    """What all projects of a run share; `production` are the schemas that CI may not touch."""

    workshop: Workshop
    dbt: DbtOf
    stored: Stored
    production: frozenset[str]
    keep: bool

    def job(self, project: DbtProject, nodes: list[str]) -> Job:
        """Parse a project for CI's target; nothing is asked of the warehouse before all are parsed and checked."""
        (dbt := self.dbt(project)).parse(project)
        manifest = json.loads((project.folder / "target/manifest.json").read_bytes())
        isolation = Isolation(project.name, _schema(dbt, project), self.production)
        isolation.check(manifest, nodes)
        kept = self.stored.manifests.get(project.name)
        return Job(
            dbt,
            project,
            nodes,
            isolation,
            manifest,
            self.workshop.keep_state(project, _without(manifest, nodes), "selection"),
            self.workshop.keep_state(project, kept) if kept else None,
            isolation.views(manifest, self.workshop.manifest(project), nodes),
            self.keep,
        )


def _jobs(plan: _Plan, nodes: list[Node]) -> Iterator[Job]:
    for project in plan.workshop.projects:
        own = [node for node in nodes if node.project == project.name]
        if any(node.kind in BUILT for node in own):
            with step(f"dbt project {project.name}: parsed for CI's schema"):
                yield plan.job(project, [node.id for node in own])


def _production(workshop: Workshop, stored: Stored, settings: Settings) -> frozenset[str]:
    everywhere = [json.loads(manifest) for manifest in stored.manifests.values()]
    used = production_schemas(*everywhere, *map(workshop.manifest, workshop.projects))
    names = [project.name.replace("-", "_") for project in workshop.projects]
    own = [one.snowflake.schema.replace("{project}", name) for one in settings.environments.values() for name in names]
    return frozenset([*used, *(schema.upper() for schema in own)])


def _outcomes(jobs: list[Job]) -> Iterator[Outcome]:
    for job in jobs:
        yield (outcome := run(job))
        if outcome.error:
            return


def _schema(dbt: Dbt, project: DbtProject) -> str:
    profile = yaml.safe_load((dbt.profiles / "profiles.yml").read_text())
    return str(profile[project.name]["outputs"][TARGET]["schema"])


def _without(manifest: dict[str, Any], nodes: list[str]) -> bytes:
    """Return a manifest that lacks nodes, so that `state:new` selects exactly these.

    Another schema is a change to dbt wherever a project reads `target`: with CI's profile, `state:modified` would
    select more than has changed.
    """
    chosen = set(nodes)
    tables = {
        name: {key: value for key, value in table.items() if key not in chosen} if isinstance(table, dict) else table
        for name, table in manifest.items()
    }
    return json.dumps(tables).encode()

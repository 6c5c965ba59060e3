"""`mwaa env create` and `update`: from settings.toml to an environment that runs, and from there to another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws.stacks import Stack
from scripts.console import out, step
from scripts.deploy import history, verbs
from scripts.deploy.apply import Source
from scripts.deploy.smoke import smoke
from scripts.deploy.update import LOST, STEADY
from scripts.env import plan
from scripts.env.checks import check_fixed, check_settings
from scripts.env.plan import ENVIRONMENT, Part
from scripts.env.site import KINDS, Kind, Site, running_versions
from scripts.env.watch import await_environment, await_stack, delete_stack, way_out

LOCK_WAIT = 0.0  # seconds for another deploy to end


@dataclass
class Work:
    """What is there, and what is to be done: plans of stacks, a build to send first."""

    site: Site
    verb: str
    stacks: dict[Kind, Stack | None]
    described: Mapping[str, Any] | None
    parts: list[Part] = field(default_factory=list)
    source: Source | None = None
    # Whether an update lets running tasks end first.
    graceful: bool = True

    @property
    def again(self) -> str:
        """The command that goes on after an interruption."""
        return f"mwaa env {self.verb} --env {self.site.name}"

    @property
    def under_way(self) -> dict[Kind, Stack]:
        """The stacks that CloudFormation works on."""
        return {kind: found for kind, found in self.stacks.items() if found and found.status.endswith("_IN_PROGRESS")}

    def facts(self, kind: Kind) -> dict[str, str]:
        """Return what settings.toml does not know of a stack's parameters: network, secrets, object versions.

        The files of an environment that runs stay what they are, whatever is in the bucket, unless a build goes there.
        """
        if kind != "environment":
            return {}
        found = {**self.site.place(self.stacks["network"]), **self.site.secrets}
        found |= running_versions(self.described) if self.described else {}
        return found if self.graceful else {**found, "WorkerReplacementStrategy": "FORCED"}


def begin(site: Site, verb: str, *, graceful: bool = True, stuck: bool = False) -> Work:
    """Return what is there.

    Args:
        site: where.
        verb: what for.
        graceful: whether an update lets running tasks end first.
        stuck: whether stacks are good that CloudFormation changes no more, but can delete.

    Raises:
        ProjectError: for an environment that no stack of ours has made, and for a stack that is stuck, with what gets
            it out of that.
    """
    with step("what is there") as notes:
        stacks: dict[Kind, Stack | None] = {kind: site.find(kind) for kind in KINDS}
        described = site.mwaa.find()
        notes.append(f"environment {site.wanted.name}: {described['Status'] if described else 'none'}")
    for found in stacks.values():
        if found and not stuck and (fix := way_out(site, found)):
            raise ProjectError(f"Stack {found.name} is {found.status}: {found.reason}", f"stack {found.name}", fix)
    if described and stacks["environment"] is None:
        raise ProjectError(
            f"The environment {site.wanted.name} is there, but not made by `mwaa env`.",
            site.where("mwaa", "name"),
            f"name another one; `mwaa env clone {site.wanted.name}` copies how it is made",
        )
    return Work(site, verb, stacks, described, graceful=graceful)


def plan_create(site: Site) -> Work:
    """Return what is lacking of an environment; reads only.

    Raises:
        ProjectError: for a mistake in settings.toml, and for a build that is missing or not that of the sources.
    """
    check_settings(site)
    work = begin(site, "create")
    _refuse_lost_bucket(work)
    lacking = [kind for kind in KINDS if work.stacks[kind] is None and _needed(work, kind)]
    if "environment" in lacking:
        work.source = verbs.built(site.paths, site.name)
    work.parts = [plan.look(site, kind, site.wish(kind, work.facts(kind))) for kind in lacking]
    return work


def _refuse_lost_bucket(work: Work) -> None:
    site, found = work.site, work.stacks["bucket"]
    if found and not found.status.endswith("_IN_PROGRESS") and not site.target.bucket.exists():
        raise ProjectError(
            f"Stack {found.name} has made the bucket {site.settings.bucket}, and it is gone.",
            f"stack {found.name}",
            f"run `{delete_stack(site, found)}`, then the same command makes it anew",
        )


def _needed(work: Work, kind: Kind) -> bool:
    site = work.site
    if kind == "bucket":
        return not site.target.bucket.exists()
    if kind == "network":
        return not (site.settings.network and site.settings.network.subnets)
    # Whoever wants no alarms deletes the template.
    return site.file(kind).is_file()


def plan_update(site: Site, graceful: bool) -> Work:
    """Return what settings.toml wants otherwise than the stacks have it; an update under way is awaited.

    Raises:
        ProjectError: as `plan_create`, and for what cannot be changed of an environment that is there.
    """
    check_settings(site)
    work = begin(site, "update", graceful=graceful)
    _finish(work)
    work.described = _steady(work)
    check_fixed(site, work.described)
    if work.described["AirflowVersion"] != site.project.airflow_version:
        # Its requirements.txt is for that version only.
        work.source = verbs.built(site.paths, site.name)
    kinds = [kind for kind in KINDS if work.stacks[kind] or kind == "monitoring"]
    kinds = [kind for kind in kinds if site.file(kind).is_file()]
    parts = [plan.look(site, kind, site.wish(kind, work.facts(kind))) for kind in kinds]
    work.parts = [part for part in parts if part.changes]
    if all(part.kind != "environment" for part in work.parts):
        work.source = None
    return work


def _steady(work: Work) -> Mapping[str, Any]:
    site, name = work.site, work.site.wanted.name
    described = site.mwaa.find()
    if described is None:
        raise ProjectError(
            f"There is no environment {name!r} in {site.settings.region}.",
            site.where("mwaa", "name"),
            f"make it: `mwaa env create --env {site.name}`",
        )
    if described["Status"] in LOST:
        raise ProjectError(
            f"Environment {name} is {described['Status']}.",
            f"environment {name}",
            f"nothing brings it back: `mwaa env delete --env {site.name}`, then `mwaa env create --env {site.name}`",
        )
    if described["Status"] not in STEADY:
        await_environment(site, work.again)
        described = site.mwaa.describe()
    return described


def _finish(work: Work) -> None:
    for kind in work.under_way:
        work.stacks[kind] = await_stack(work.site, kind, work.again)


def show(work: Work) -> None:
    """Print the plan, and how long it takes."""
    plan.show(work.parts)
    for part in work.parts:
        if told := plan.cost(part, work.described, work.site.project.airflow_version):
            out.print(f"environment {work.site.wanted.name}: {told}", markup=False)
    if work.source:
        out.print(f"release {work.source.record['release']} goes to {work.site.settings.bucket} first", markup=False)
    for found in work.under_way.values():
        out.print(f"stack {found.name}: {found.status}, to be awaited", markup=False)


def carry_out(work: Work) -> None:
    """Do what a plan says, in the order of the stacks, and prove the environment by a task in it.

    Raises:
        ProjectError: for what AWS refuses; the same command goes on from there.
    """
    _finish(work)
    planned = {part.kind: part for part in work.parts}
    for kind in KINDS:
        if kind == "environment" and work.source:
            _ship(work)
        if kind in planned:
            _make(work, planned[kind])
        if kind == "environment" and (kind in planned or work.verb == "create"):
            await_environment(work.site, work.again)
    if work.verb == "create" or any(one.kind == ENVIRONMENT for part in work.parts for one in part.changes):
        _prove(work.site)


def done(work: Work) -> str:
    """Say what is now, without claiming more than was looked at."""
    name, idle = work.site.wanted.name, not (work.parts or work.under_way)
    if work.verb == "update":
        return f"The stacks of {name} are as settings.toml says{'; nothing was to do' if idle else ''}."
    if not idle:
        return f"Environment {name} is there, and a task in it has run."
    later = f"`mwaa env update --env {work.site.name}` brings it to what settings.toml says now"
    return f"Environment {name} was there already; nothing was to do. {later}."


def _ship(work: Work) -> None:
    """Make the build live in the bucket, as a deploy does where there is no environment yet."""
    assert work.source is not None  # noqa: S101 - for mypy
    bucket_alone = replace(work.site.target, settings=work.site.settings._replace(mwaa=None))
    verbs.release(bucket_alone, work.source, "deploy", LOCK_WAIT)


def _make(work: Work, shown: Part) -> None:
    site, kind = work.site, shown.kind
    facts = work.facts(kind)
    if kind == "environment" and work.source:
        facts |= site.newest_versions()
    made = site.stacks.plan(site.wish(kind, facts))
    real = Part(kind, made.stack, plan.effective(made.changes))
    if not real.same(shown):
        site.stacks.discard(made)
        raise ProjectError(
            f"What would happen to stack {made.stack} is not what was shown: somebody else has changed it since.",
            f"stack {made.stack}",
            f"run `{work.again}` again, and look at the plan",
        )
    site.stacks.execute(made)
    work.stacks[kind] = await_stack(site, kind, work.again)


def _prove(site: Site) -> None:
    smoke(site.mwaa, history.live(site.target.bucket))

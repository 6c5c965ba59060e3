"""`mwaa env delete`: the stacks of an environment, but for what nobody could make again."""

from __future__ import annotations

from dataclasses import dataclass

from mwaa_dbt.errors import ProjectError
from scripts.aws.stacks import Change, Stack
from scripts.env.make import begin
from scripts.env.parameters import retained
from scripts.env.plan import Part
from scripts.env.site import Kind, Site
from scripts.env.watch import await_stack

# Against the order of their making. The bucket's stack stays, as the bucket does: a later `create` finds both.
ORDER: tuple[Kind, ...] = ("monitoring", "environment", "network")
ACTIVE = ["running", "queued"]


@dataclass(frozen=True)
class Farewell:
    """What goes, stack by stack, and what stays and may cost."""

    parts: list[Part]
    stays: list[str]


def plan_delete(site: Site, force: bool) -> Farewell:
    """Return what a deletion would do; reads only.

    Raises:
        ProjectError: if there is nothing to delete, it is not ours, or runs are active.
    """
    work = begin(site, "delete", stuck=True)
    there = {kind: found for kind in ORDER if (found := work.stacks[kind])}
    if not there:
        raise ProjectError(
            f"There is no stack of {site.wanted.name} to delete.",
            f"region {site.settings.region}",
            f"look at `mwaa env status --env {site.name}`",
        )
    if work.described and work.described["Status"] == "AVAILABLE" and not force:
        _refuse_active(site)
    return Farewell([_part(site, kind, found) for kind, found in there.items()], _stays(site))


def _part(site: Site, kind: Kind, found: Stack) -> Part:
    kept = retained(site.file(kind)) if site.file(kind).is_file() else set()
    rows = site.stacks.resources(found.name)
    changes = [Change("Keep" if name in kept else "Remove", name, type_, "", ()) for name, type_ in rows.items()]
    return Part(kind, found.name, tuple(changes))


def _refuse_active(site: Site) -> None:
    answer = site.mwaa.ask("GET", "/dags/~/dagRuns", {"state": ACTIVE, "limit": 1})
    if count := answer["total_entries"]:
        run = answer["dag_runs"][0]
        raise ProjectError(
            f"{count} DAG runs are active, as {run['dag_id']} {run['dag_run_id']}.",
            f"environment {site.wanted.name}",
            "let them end, or end them with the environment: --force",
        )


def _stays(site: Site) -> list[str]:
    wanted, network = site.wanted, site.settings.network
    stays = [
        f"bucket {site.settings.bucket}: releases, archive, old versions (S3 storage)",
        f"log groups airflow-{wanted.name}-*: until their retention has passed (CloudWatch storage)",
        f"secrets below {site.settings.secrets.prefix}/ (Secrets Manager, each by the month)",
    ]
    mine = [("role", wanted.role), ("KMS key", wanted.kms_key), ("subnets", network and ", ".join(network.subnets))]
    return stays + [f"{what} {which}: yours" for what, which in mine if which]


def delete(site: Site, farewell: Farewell) -> None:
    """Delete the stacks one after the other; run again, it goes on where it was.

    Raises:
        ProjectError: if CloudFormation cannot delete one, with its reason.
    """
    again = f"mwaa env delete --env {site.name} --yes {site.wanted.name}"
    for part in farewell.parts:
        found = site.find(part.kind)
        if found and not found.status.startswith("DELETE_IN"):
            site.stacks.delete(part.stack)
        await_stack(site, part.kind, again)

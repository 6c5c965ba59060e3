"""What Airflow says: its parts, import errors, the DAGs of the live release, and how long they take to parse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import is_2
from scripts.airflow.rest import PAGE, pages
from scripts.aws import DeniedError
from scripts.deploy.update import STEADY
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, failed, ok, skipped, warning
from scripts.prove import BUDGET

HEALTH = {True: "/health", False: "/monitor/health"}  # on Airflow 2, and since
# MWAA looks for new DAG files every five minutes (dag_processor.refresh_interval), then parses them.
FRESH = timedelta(minutes=10)
SHARE = 0.5  # of the time that a parse may take; the next model, or a busy hour, must fit


def blocked(cloud: Cloud) -> Finding | None:
    """Return why Airflow cannot be asked."""
    if cloud.no_environment:
        return skipped(f"not looked at: {cloud.no_environment}")
    status = cloud.environment["Status"]
    if status not in STEADY:
        return skipped(f"not looked at: the environment is {status}")
    return _private(cloud) if cloud.environment.get("WebserverAccessMode") == "PRIVATE_ONLY" else None


def _private(cloud: Cloud) -> Finding | None:
    """Return that a private web server cannot be asked from here, if it cannot; its own words would mislead."""
    try:
        _ask(cloud, HEALTH[is_2(cloud.case.airflow)])
    except DeniedError as problem:
        return failed(problem)
    except ProjectError as problem:
        what = f"not looked at: the web server is private (PRIVATE_ONLY), and cannot be asked from here: {problem.what}"
        return warning(what, "run this from within its network: VPN, bastion or a job in the VPC")
    return None


def _health(cloud: Cloud) -> Iterator[Finding]:
    found = _ask(cloud, HEALTH[is_2(cloud.case.airflow)])
    parts = {name: part.get("status") for name, part in found.items() if isinstance(part, Mapping)}
    sick = [name for name, status in parts.items() if status not in ("healthy", None)]
    for name in sick:
        log = "`mwaa local logs`" if cloud.case.rehearsal else "log group -Scheduler"
        yield error(f"Airflow's {name} is {parts[name]}", f"look at {log}; it is started anew if its container is")
    if not sick:
        well = ", ".join(name for name, status in parts.items() if status == "healthy")
        yield ok(f"healthy: {well}")


def _import_errors(cloud: Cloud) -> Iterator[Finding]:
    found = _ask(cloud, "/importErrors", limit=PAGE)["import_errors"]
    for one in found:
        last = (str(one["stack_trace"]).strip().splitlines() or ["without a reason"])[-1]
        fix = f"`mwaa build --env {cloud.case.name}` finds what is in the file; else look at containers above"
        yield error(f"{one['filename']} does not import: {last}", fix)
    if not found:
        yield ok("no DAG file has an import error")


def _dags(cloud: Cloud) -> Iterator[Finding]:
    if cloud.live is None or isinstance(cloud.live, ProjectError):
        return
    wanted = {str(dag["dag"]) for dag in cloud.live.record["dags"]}
    there = {str(dag["dag_id"]): dag for dag in pages(lambda where: _ask(cloud, "/dags", **where), "dags")}
    if lacking := sorted(wanted - set(there)):
        what = f"release {cloud.live.release} has DAGs that Airflow does not show: {', '.join(lacking)}"
        entry = cloud.live.entry
        if entry and datetime.now(UTC) - entry.at < FRESH:
            yield warning(f"{what}; it was deployed just now", "wait: MWAA looks for new files every five minutes")
        else:
            yield error(what, f"`mwaa drift --env {cloud.case.name}`; else look at log group -DAGProcessing")
    else:
        yield ok(f"Airflow shows all {len(wanted)} DAGs of release {cloud.live.release}")
    if paused := sorted(name for name in wanted & set(there) if there[name]["is_paused"]):
        yield ok(f"paused: {', '.join(paused)}")
    yield from _slow([there[name] for name in sorted(wanted & set(there))])


def _slow(dags: list[Mapping[str, Any]]) -> Iterator[Finding]:
    # Before Airflow 3.1 its API does not tell.
    known = {str(dag["dag_id"]): float(dag["last_parse_duration"]) for dag in dags if dag.get("last_parse_duration")}
    slow = {name: seconds for name, seconds in known.items() if seconds > BUDGET * SHARE}
    for name, seconds in slow.items():
        fix = "fewer nodes in one DAG file (`select` of dbt_group), or a larger class"
        yield warning(f"the file of {name} took {seconds:.1f} s to parse, of {BUDGET:.0f} s", fix)
    if known and not slow:
        name, seconds = max(known.items(), key=lambda item: item[1])
        yield ok(f"the slowest parse took {seconds:.1f} s of {BUDGET:.0f} s: {name}")


def _ask(cloud: Cloud, path: str, **query: Any) -> Any:
    return cloud.mwaa.ask("GET", path, query)


CHECKS = (_health, _import_errors, _dags)

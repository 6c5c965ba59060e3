"""`mwaa env status`: how an environment is, and the stacks that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from scripts.console import err, wide
from scripts.env.site import KINDS, Site

AVAILABLE = "AVAILABLE"


def read_status(site: Site) -> dict[str, Any]:
    """Return what MWAA and CloudFormation say; `status` is None if there is no environment."""
    found = site.mwaa.find()
    stacks = {} if site.target.aws.endpoint else {kind: site.find(kind) for kind in KINDS}
    return {
        "environment": site.name,
        "name": site.wanted.name,
        "region": site.settings.region,
        "status": found["Status"] if found else None,
        **(_described(found) if found else {}),
        "stacks": [{"stack": one.name, "status": one.status} for one in stacks.values() if one],
    }


def _described(found: Mapping[str, Any]) -> dict[str, Any]:
    last = found.get("LastUpdate") or {}
    bucket = str(found.get("SourceBucketArn", "")).rsplit(":", 1)[-1]
    return {
        "airflow_version": found.get("AirflowVersion"),
        "environment_class": found.get("EnvironmentClass"),
        "workers": [found.get("MinWorkers"), found.get("MaxWorkers")],
        "schedulers": found.get("Schedulers"),
        "webservers": [found.get("MinWebservers"), found.get("MaxWebservers")],
        "access": found.get("WebserverAccessMode"),
        "webserver": found.get("WebserverUrl"),
        "dags": f"s3://{bucket}/{found.get('DagS3Path', '')}",
        "role": found.get("ExecutionRoleArn"),
        "last_update": {
            "status": last.get("Status"),
            "at": last["CreatedAt"].isoformat() if last.get("CreatedAt") else None,
            "error": " ".join((last.get("Error") or {}).values()) or None,
        },
    }


def show(status: Mapping[str, Any]) -> None:
    """Print a table, and how to make what is not there."""
    table = Table("", "", show_header=False)
    for key, value in _rows(status):
        table.add_row(key, escape(value))
    wide(table)
    if status["status"] is None:
        err.print(f"[bold]fix:[/] make it: `mwaa env create --env {escape(status['environment'])}`")


def _rows(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("environment", f"{status['name']}, {status['region']}"), ("status", status["status"] or "not there")]
    if status["status"]:
        last = status["last_update"]
        at = f"{datetime.fromisoformat(last['at']).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if last["at"] else None
        told = " · ".join(filter(None, (last["status"], at, last["error"])))
        counts = f"workers {_between(status['workers'])}, schedulers {status['schedulers']}"
        rows += [
            ("Airflow", str(status["airflow_version"])),
            ("class", f"{status['environment_class']}, {counts}, web servers {_between(status['webservers'])}"),
            ("last update", told or "none"),
            ("web server", f"{status['webserver'] or 'not yet known'}, {status['access']}"),
            ("DAG folder", status["dags"]),
            ("execution role", str(status["role"])),
        ]
    return rows + [(f"stack {one['stack']}", one["status"]) for one in status["stacks"]]


def _between(pair: list[int | None]) -> str:
    least, most = pair
    return str(most) if least == most else f"{least} to {most}"

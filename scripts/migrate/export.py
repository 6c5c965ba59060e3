"""`mwaa migrate export`: what an old environment's metadata database holds, to S3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.console import step
from scripts.migrate.maintenance import maintain
from scripts.migrate.objects import IDS, read
from scripts.migrate.place import FORMAT, MANIFEST, NOTE, REQUEST, Place, find_place, new_folder
from scripts.migrate.rights import check_role, folder_need
from scripts.migrate.sides import Sides

# What --history brings; XComs are the tasks' own data, whatever that is, so they come only if they are named.
TABLES = ("dag_run", "task_instance", "log")
KNOWN = (*TABLES, "xcom")
FRESH = timedelta(days=1)  # as long an export that was interrupted goes on


@dataclass(frozen=True)
class Wish:
    """What to export: tables of history, of how many days (None: all), and to which address of S3."""

    tables: tuple[str, ...] = ()
    days: int | None = None
    address: str | None = None


def export(sides: Sides, wish: Wish) -> Mapping[str, Any]:
    """Export, and return the manifest; the export before stays whole until this one is.

    Raises:
        ProjectError: if the old environment cannot give what is asked for, or cannot be read.
    """
    if wish.tables and not sides.old.is_2:
        raise _closed(sides)
    place = find_place(sides.new, sides.old.mwaa.name, wish.address)
    if wish.tables:
        check_role(sides.old, [folder_need(sides.old, place.bucket.name, place.root)])
    folder, request = _begun(place, wish)
    tables: dict[str, Any] = {}
    for kind in IDS:
        with step(f"{kind} of {sides.old.mwaa.name}") as notes:
            records = read(sides.old, kind)
            secret = sum(1 for record in records if record.get("secret"))
            tables[kind] = {**place.write(folder, kind, records), "secret": secret}
            notes += [str(len(records)), *([f"{secret} without their secret parts"] if secret else [])]
    history = _history(sides, place, folder, request) if wish.tables else {}
    manifest = {
        "format": FORMAT,
        "from": {"name": sides.old.mwaa.name, "arn": sides.old.described["Arn"], "airflow": sides.old.version},
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "folder": folder,
        "tables": {**tables, **history.get("tables", {})},
        "history": {**request, "sha256": history["sha256"]} if history else None,
    }
    place.put(MANIFEST, json.dumps(manifest, indent=2).encode())
    place.clear(folder)
    return manifest


def _closed(sides: Sides) -> ProjectError:
    return ProjectError(
        f"{sides.old.mwaa.name} has Airflow {sides.old.version}: since 3.0 no task reads the metadata database, so its "
        "history cannot be exported.",
        "--history",
        "leave it out; an upgrade in place (`mwaa env update`) keeps the history, and the bucket's archive keeps dbt's "
        "runs (`mwaa history`)",
    )


def _begun(place: Place, wish: Wish) -> tuple[str, dict[str, Any]]:
    """Return the folder to write to and what was asked for: that of an interrupted export of the same wish, or new."""
    now = datetime.now(UTC)
    for folder, request in sorted(place.begun().items(), reverse=True):
        young = now - datetime.fromisoformat(request["until"]) < FRESH
        if young and (request["tables"], request["days"]) == (list(wish.tables), wish.days):
            return folder, dict(request)
    since = (now - timedelta(days=wish.days)).isoformat() if wish.days else None
    request = {"tables": list(wish.tables), "days": wish.days, "since": since, "until": now.isoformat()}
    place.put(f"{(folder := new_folder())}/{REQUEST}", json.dumps(request).encode())
    return folder, request


def _history(sides: Sides, place: Place, folder: str, request: Mapping[str, Any]) -> dict[str, Any]:
    where = job_conf(sides.new, place, folder)
    maintain(sides.old, "dump", {**where, **{name: request[name] for name in ("tables", "since", "until")}})
    data = place.get(f"{folder}/{NOTE}")
    tables = {
        name: {**noted, "rows": sum(part["rows"] for part in noted["parts"])}
        for name, noted in json.loads(data).items()
    }
    return {"tables": tables, "sha256": hashlib.sha256(data).hexdigest()}


def job_conf(new: Any, place: Place, folder: str = "") -> dict[str, Any]:
    """Return where a job of the maintenance DAG finds its folder; Airflow shows it, so nothing in it is secret."""
    inner = "/".join(filter(None, (place.root, folder)))
    endpoint = {"endpoint": new.aws.endpoint} if new.aws.endpoint else {}
    return {"bucket": place.bucket.name, "folder": inner, "region": new.aws.region, **endpoint}

"""`mwaa migrate import`: an export into the new environment; what is there already stays, or is asked about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.console import step
from scripts.history.text import first
from scripts.migrate.export import job_conf
from scripts.migrate.maintenance import maintain
from scripts.migrate.objects import DEFAULT_POOL, IDS, Kind, Record, read, same
from scripts.migrate.place import Place
from scripts.migrate.rights import check_role, folder_need
from scripts.migrate.write import Writer

type OnConflict = Literal["stop", "keep", "replace"]
# What both majors take for a connection's id; a database of older versions may hold others.
ID = re.compile(r"[\w.-]{1,200}")
UNSEEN = "a secret: `mwaa migrate secrets` moves it"
TOLD = 10  # conflicts in an error


@dataclass(frozen=True)
class Left:
    """An object that is not brought, and why."""

    kind: str
    id: str
    why: str


@dataclass
class Plan:
    """What an import does with one kind: objects to create, others of the same id, how many are equal, what is left."""

    kind: Kind
    new: list[Record] = field(default_factory=list)
    differing: list[Record] = field(default_factory=list)
    equal: int = 0
    left: list[Left] = field(default_factory=list)


@dataclass
class Outcome:
    """What an import did; `counts` by kind: created, replaced, equal, kept."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    failed: list[Left] = field(default_factory=list)
    history: str | None = None

    @property
    def changed(self) -> int:
        """How much was written."""
        return sum(one.get("created", 0) + one.get("replaced", 0) for one in self.counts.values())


def bring(new: Environment, place: Place, on_conflict: OnConflict, dry: bool = False) -> Outcome:
    """Bring an export into an environment; all of it is read and compared before anything is written.

    Raises:
        ProjectError: if the export is not whole, or objects of the same id differ and nobody has said what then.
    """
    manifest = place.manifest()
    with step(f"Export of {manifest['from']['name']} of {manifest['at']}, compared with {new.mwaa.name}"):
        plans = [plan(kind, place.records(manifest, kind), read(new, kind)) for kind in IDS]
    if on_conflict == "stop" and (differing := [one for one in plans if one.differing]):
        raise _conflict(new, differing)
    outcome = Outcome()
    for one in plans:
        _carry_out(new, one, on_conflict == "replace", dry, outcome)
    _history(new, place, manifest, dry, outcome)
    return outcome


def plan(kind: Kind, exported: Sequence[Record], there: Sequence[Record]) -> Plan:
    """Return what is to be done with the objects of one kind."""
    known = {str(record[IDS[kind]]): record for record in there}
    made = Plan(kind)
    for record in exported:
        name = str(record[IDS[kind]])
        if why := _unfit(kind, name, record, known.get(name)):
            made.left.append(Left(kind, name, why))
        elif name not in known:
            made.new.append(record)
        elif same(record, known[name], kind):
            made.equal += 1
        else:
            # What is secret on either side stays as it is here.
            made.differing.append({**record, "secret": [*record.get("secret", ()), *known[name].get("secret", ())]})
    return made


def _unfit(kind: Kind, name: str, record: Record, there: Record | None) -> str:
    if kind == "variables" and record.get("secret"):
        return UNSEEN
    if kind == "connections" and not ID.fullmatch(name):
        return "Airflow's API takes no connection of this id: letters, digits, _ . -"
    if kind == "dags":
        return _dag(record, there)
    if name == DEFAULT_POOL and there and record["slots"] != there["slots"]:
        return f"{record['slots']} slots there, {there['slots']} here: they follow from the environment's class"
    return ""


def _dag(record: Record, there: Record | None) -> str:
    """Return why a DAG's pause is left as it is; a DAG that is to run begins to when the old one has stopped."""
    if there is None:
        return "not deployed here yet"
    return "runs there; `mwaa migrate cutover` unpauses it here" if there["paused"] and not record["paused"] else ""


def _conflict(new: Environment, plans: Sequence[Plan]) -> ProjectError:
    found = [f"{one.kind[:-1]} {record[IDS[one.kind]]}" for one in plans for record in one.differing]
    return ProjectError(
        f"{new.mwaa.name} has others of the same name: {first(found, TOLD)}. Nothing was changed.",
        "--on-conflict",
        "say `keep` (the new environment's stay) or `replace` (the export's take their place)",
    )


def _carry_out(new: Environment, one: Plan, replace: bool, dry: bool, outcome: Outcome) -> None:
    failed: list[tuple[str, str]] = []
    replaced = one.differing if replace else []
    if not dry and (one.new or replaced):
        with step(f"{one.kind} of {new.mwaa.name}") as notes:
            writer = Writer(new, one.kind, notes)
            failed = [*writer.create(one.new), *writer.replace(replaced)]
    outcome.failed += [Left(one.kind, name, why) for name, why in failed]
    broken = {name for name, _ in failed}
    outcome.left += one.left
    outcome.counts[one.kind] = {
        "created": sum(record[IDS[one.kind]] not in broken for record in one.new),
        "replaced": sum(record[IDS[one.kind]] not in broken for record in replaced),
        "equal": one.equal,
        "kept": len(one.differing) - len(replaced),
    }


def _history(new: Environment, place: Place, manifest: Mapping[str, Any], dry: bool, outcome: Outcome) -> None:
    history = manifest["history"]
    if not history:
        return
    if not new.is_2:
        outcome.history = (
            f"{new.mwaa.name} has Airflow {new.version}, which takes no history: since 3.0 no task reads the metadata "
            "database. It stays in the export; an upgrade in place (`mwaa env update`) would keep it, and the bucket's "
            "archive keeps that of dbt's runs (`mwaa history`)."
        )
        return
    if dry:
        outcome.history = "It would be brought in by a maintenance DAG; rows that are there stay."
        return
    check_role(new, [folder_need(new, place.bucket.name, place.root)])
    maintain(new, "load", {**job_conf(new, place, manifest["folder"]), "sha256": history["sha256"]})
    for table, done in json.loads(place.get(f"{manifest['folder']}/imported.json")).items():
        outcome.counts[table] = {"created": done.get("new", 0), "replaced": 0, "equal": done.get("there", 0), "kept": 0}
        if left := done.get("left", 0):
            outcome.left.append(
                Left(table, str(left), "rows without a place: another run of that date, or no such run")
            )

"""`mwaa migrate secrets`: an old environment's connections and secret variables into Secrets Manager, unseen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment as Settings
from scripts.airflow.environment import Environment
from scripts.connections import Kind, folder
from scripts.console import step
from scripts.migrate.bring import OnConflict
from scripts.migrate.export import job_conf
from scripts.migrate.maintenance import maintain
from scripts.migrate.objects import Record, read
from scripts.migrate.place import Place
from scripts.migrate.rights import ANY, Need, check_role, folder_need
from scripts.migrate.sides import Sides
from scripts.secrets.declared import RESERVED, declared
from scripts.secrets.policy import partition

ACTIONS = ("secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue")
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
KINDS: tuple[Kind, ...] = ("connections", "variables")
IDS, REPORT = "ids.json", "report.json"


@dataclass(frozen=True)
class Wish:
    """What to do: compare only (`dry`), all variables or just secret ones, as which role, and what with others."""

    dry: bool = False
    everything: bool = False
    role: str | None = None
    on_conflict: OnConflict = "stop"


@dataclass(frozen=True)
class Moved:
    """What became of one: `state` is moved, new (of a dry run), equal, differs, skipped, failed or removed."""

    kind: Kind
    id: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class Report:
    """All of them, and what settings.toml lacks, without which Airflow asks Secrets Manager for none of it."""

    rows: list[Moved]
    settings: str = ""

    @property
    def counts(self) -> Counter[str]:
        """How many there are of each state."""
        return Counter(row.state for row in self.rows)


def move(sides: Sides, settings: Settings, place: Place, wish: Wish) -> Report:
    """Bring secrets of the old environment into Secrets Manager by a maintenance DAG, which alone sees them.

    Raises:
        ProjectError: if the role may not, or the DAG fails.
    """
    account, other = (_account(side) for side in (sides.old, sides.new))
    if account != other and not wish.role:
        raise ProjectError(
            f"{sides.old.mwaa.name} is in account {account}, {sides.new.mwaa.name} in {other}: a role makes secrets in "
            "its own account alone.",
            "--role",
            f"name a role of account {other} that the old execution role may take, with {', '.join(ACTIONS)}",
        )
    folder_right = folder_need(sides.old, place.bucket.name, place.root)
    check_role(sides.old, [folder_right, *secret_needs(sides, settings, wish.role)])
    connections, variables = read(sides.old, "connections"), read(sides.old, "variables")
    # Of a task of Airflow 3 nobody can ask which there are; and what Airflow masks, it masks for it, too.
    if by_id := not sides.old.is_2:
        chosen = [one for one in variables if one.get("secret") or wish.everything]
        ids = {
            "connections": [one["connection_id"] for one in connections],
            "variables": [one["key"] for one in chosen],
        }
        place.put(IDS, json.dumps(ids).encode())
    conf = {
        **job_conf(sides.new, place),
        "names": {kind: folder(settings, kind) for kind in KINDS},
        "reserved": {kind: list(RESERVED[kind]) for kind in KINDS},
        "kms_key": settings.secrets.kms_key,
        "role": wish.role,
        "all": wish.everything or by_id,
        "write": not wish.dry,
        "on_conflict": wish.on_conflict,
    }
    maintain(sides.old, "move", conf)
    rows = [Moved(**row) for row in json.loads(place.get(REPORT))["rows"]]
    return Report(rows, missing_settings(sides.new.name, settings, rows, connections))


def _account(side: Environment) -> str:
    return str(side.described["Arn"]).split(":")[4]


def secret_needs(sides: Sides, settings: Settings, role: str | None) -> list[Need]:
    """Return what it takes to make the secrets; if a role does that, what it takes to be that role."""
    if role:
        return [Need(("sts:AssumeRole",), role)]
    region = sides.new.aws.region
    place = f"arn:{partition(region)}:secretsmanager:{region}:{_account(sides.new)}:secret"
    needs = [Need(ACTIONS, f"{place}:{folder(settings, kind)}{ANY}") for kind in KINDS]
    key = settings.secrets.kms_key
    arn = sides.new.aws.key_arn(key) if key else None
    return [*needs, *([Need(KEY_ACTIONS, arn)] if arn else [])]


def missing_settings(name: str, settings: Settings, rows: Sequence[Moved], connections: Sequence[Record]) -> str:
    """Return the tables that settings.toml lacks: Airflow asks Secrets Manager for what is declared there alone."""
    known = {(item.kind, item.id) for item in declared(name, settings)}
    fields = {one["connection_id"]: one for one in connections}
    lacking = [row for row in rows if row.state in ("moved", "new", "equal") and (row.kind, row.id) not in known]
    texts = []
    for row in lacking:
        if row.kind == "connections":
            lines = _lines(fields.get(row.id, {}))
            texts.append("\n".join([f"[environments.{name}.connections.{json.dumps(row.id)}]", *lines]))
    variables = [f'{json.dumps(row.id)} = ""' for row in lacking if row.kind == "variables"]
    if variables:
        texts.append("\n".join([f"[environments.{name}.variables]", *variables]))
    return "\n\n".join(texts)


def _lines(one: Record) -> list[str]:
    named = {"type": one.get("conn_type"), **{name: one.get(name) for name in ("host", "login", "schema", "port")}}
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in named.items() if value]


def remove(old: Environment, rows: Sequence[Moved]) -> list[Moved]:
    """Delete from the old metadata database what Secrets Manager has equal, and return what became of it."""
    done = []
    equal = [row for row in rows if row.state == "equal"]
    with step(f"{len(equal)} of {old.mwaa.name} deleted from its metadata database") as notes:
        for number, row in enumerate(equal):
            notes.now(f"{number} of {len(equal)}")
            path = f"{row.kind}/{quote(row.id, safe='')}"
            done.append(_removed(old, row, path))
    return done


def _removed(old: Environment, row: Moved, path: str) -> Moved:
    try:
        old.airflow.call("DELETE", path)
    except ProjectError as error:
        return Moved(row.kind, row.id, "failed", error.what)
    return Moved(row.kind, row.id, "removed")


def as_table(report: Report) -> dict[str, Any]:
    """Return a report as JSON's types."""
    return {**asdict(report), "counts": dict(report.counts)}

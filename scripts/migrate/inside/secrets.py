"""Connections and variables of a metadata database, straight into Secrets Manager; decrypted in this memory only.

What it reports, logs and raises has ids and reasons in it, never a value; nor the texts of errors, which may have one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from scripts.migrate.inside.rule import secret_variable
from scripts.migrate.inside.shared import Folder, client, log, told

LEGAL = re.compile(r"[A-Za-z0-9_./+=@-]{1,400}")
LARGEST = 65536  # bytes of a secret
FIELDS = ("conn_type", "login", "password", "host", "port", "schema")
DATABASE = ("Metastore", "ExecutionAPI", "SupervisorComms")  # how the classes begin that ask Airflow's own database
AT_ONCE = 8
CHUNK = 200


class Item(NamedTuple):
    """A connection or variable: the text that its secret is to have, and why it does not move, if it does not."""

    kind: str
    id: str
    text: str | None
    state: str = ""
    why: str = ""


def move(conf: dict[str, Any]) -> None:
    """Compare everything, write what is missing if that is wanted and nothing is in the way, and report."""
    folder, vault = Folder(conf), Vault(conf)
    with told():
        rows = {(row["kind"], row["id"]): row for row in vault.each(vault.compared, items(conf, folder))}
        stop = conf["on_conflict"] == "stop" and any(row["state"] == "differs" for row in rows.values())
        wanted = ("new", *(("differs",) if conf["on_conflict"] == "replace" else ()))
        if conf["write"] and not stop:
            chosen = (one for one in items(conf, folder) if rows.get((one.kind, one.id), {}).get("state") in wanted)
            rows.update({(row["kind"], row["id"]): row for row in vault.each(vault.written, chosen)})
    log.info("%s connections and variables looked at", len(rows))
    folder.put("report.json", json.dumps({"rows": list(rows.values())}).encode())


class Vault:
    """Secrets Manager of the new environment."""

    def __init__(self, conf: dict[str, Any]) -> None:
        keys: dict[str, str] = {}
        if conf.get("role"):
            with told():
                taken = client("sts", conf).assume_role(RoleArn=conf["role"], RoleSessionName="mwaa-migrate")
            names = {
                "access_key_id": "AccessKeyId",
                "secret_access_key": "SecretAccessKey",
                "session_token": "SessionToken",
            }
            keys = {f"aws_{name}": taken["Credentials"][field] for name, field in names.items()}
        self.client, self.conf = client("secretsmanager", conf, keys), conf

    def each(self, work: Any, found: Iterator[Item]) -> Iterator[dict[str, str]]:
        """Yield what work makes of items, several at once; the database is read by one alone."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while chunk := list(islice(found, CHUNK)):
                yield from pool.map(work, chunk)

    def compared(self, item: Item) -> dict[str, str]:
        """Return what Secrets Manager has in its place: nothing (new), the same (equal) or another (differs)."""
        if item.text is None:
            return row(item, item.state, item.why)
        try:
            stored = self.client.get_secret_value(SecretId=self.name(item)).get("SecretString") or ""
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                return row(item, "failed", self.reason(error))
            state = "new"
        else:
            state = "equal" if same(item, stored) else "differs"
        return row(item, item.state, item.why) if item.why and state != "equal" else row(item, state)

    def written(self, item: Item) -> dict[str, str]:
        """Write a secret, and return what became of it."""
        try:
            if not self._created(item):
                now = self.compared(item)
                # Somebody else may have made it since it was looked at.
                if now["state"] == "differs" and self.conf["on_conflict"] != "replace":
                    return now
                self.client.put_secret_value(SecretId=self.name(item), SecretString=item.text)
        except ClientError as error:
            return row(item, "failed", self.reason(error))
        return row(item, "moved")

    def _created(self, item: Item) -> bool:
        key = {"KmsKeyId": self.conf["kms_key"]} if self.conf.get("kms_key") else {}
        try:
            self.client.create_secret(Name=self.name(item), SecretString=item.text, **key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceExistsException":
                raise
            return False
        return True

    def name(self, item: Item) -> str:
        """Return the name of a secret."""
        return f"{self.conf['names'][item.kind]}/{item.id}"

    def reason(self, error: ClientError) -> str:
        """Return why AWS refused something; whoever lacks a right lacks it for all, so that is raised."""
        code = error.response["Error"]["Code"]
        if "AccessDenied" in code:
            raise error
        return "it is scheduled for deletion there" if code == "InvalidRequestException" else f"AWS says {code}"


def row(item: Item, state: str, why: str = "") -> dict[str, str]:
    """Return an item as it is reported."""
    return {"kind": item.kind, "id": item.id, "state": state, "why": why}


def same(item: Item, stored: str) -> bool:
    """Say whether Airflow makes the same of a stored text."""
    if item.kind == "variables" or stored == item.text:
        return stored == item.text
    try:
        return bool(json.loads(stored) == json.loads(item.text or ""))
    except ValueError:
        return False


def items(conf: dict[str, Any], folder: Folder) -> Iterator[Item]:
    """Yield what the environment has: of variables those that count as secrets, or all."""
    try:
        from airflow.sdk import Connection
    except ImportError:
        found = _stored()
    else:
        found = _given(json.loads(folder.get("ids.json")), Connection)
    for item in found:
        known = item.kind == "variables" and item.text is not None
        if not known or conf["all"] or secret_variable(item.id, item.text):
            yield _fit(item, conf)


def _fit(item: Item, conf: dict[str, Any]) -> Item:
    if any(item.id.startswith(one) for one in conf["reserved"][item.kind]):
        return item._replace(text=None, state="skipped", why="MWAA or Cosmos makes it itself")
    if item.text is None:
        return item
    if not LEGAL.fullmatch(item.id):
        return item._replace(text=None, state="skipped", why="no secret can be called so")
    if len(item.text.encode()) > LARGEST:
        return item._replace(text=None, state="skipped", why="it is larger than a secret may be")
    return item if item.text else item._replace(text=None, state="skipped", why="it is empty")


def _stored() -> Iterator[Item]:
    """Yield what is in the metadata database of Airflow 2."""
    from airflow.configuration import ensure_secrets_loaded
    from airflow.models import Connection, Variable
    from airflow.utils.session import create_session

    before = backends(ensure_secrets_loaded())
    with create_session() as session:
        # One by one: an object that cannot be decrypted fails as it is loaded, and all of its query with it.
        for number, name in session.query(Connection.id, Connection.conn_id).order_by(Connection.id).all():
            yield _item(
                "connections", name, before, lambda one=number: connection_text(session.get(Connection, one)), own=True
            )
        for number, name in session.query(Variable.id, Variable.key).order_by(Variable.id).all():
            yield _item("variables", name, before, lambda one=number: session.get(Variable, one).get_val(), own=True)


def _given(ids: dict[str, list[str]], connection: Any) -> Iterator[Item]:
    """Yield what Airflow 3 gives a task, whose database is closed."""
    from airflow.sdk import Variable
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    before = backends(ensure_secrets_backend_loaded())
    for one in ids["connections"]:
        yield _item("connections", one, before, lambda one=one: connection_text(connection.get(one)))
    for one in ids["variables"]:
        yield _item("variables", one, before, lambda one=one: Variable.get(one))


def _item(kind: str, id_: str, before: list[Any], read: Any, own: bool = False) -> Item:
    """Return one; `own` says that it is read from the database even where a backend gives it before that."""
    why = _given_before(kind, id_, before)
    if why and not own:
        return Item(kind, id_, None, "skipped", why)
    try:
        text, reason = read(), ""
    except Exception as error:
        text, reason = None, f" ({type(error).__name__})"
    if text is None:
        return Item(kind, id_, None, "failed", f"it cannot be read{reason}: encrypted with another key?")
    return Item(kind, id_, text, "skipped" if why else "", why)


def _given_before(kind: str, id_: str, before: list[Any]) -> str:
    """Return which backend gives it before the database does; nothing if none."""
    for backend in before:
        ask = backend.get_connection if kind == "connections" else backend.get_variable
        try:
            if ask(id_) is not None:
                return f"{type(backend).__name__} gives it, before the database"
        except Exception:  # noqa: S112 - as Airflow itself does, which asks the next one
            continue
    return ""


def backends(found: Any) -> list[Any]:
    """Return those that Airflow asks before its own database."""
    return [one for one in found if not type(one).__name__.startswith(DATABASE)]


def connection_text(one: Any) -> str:
    """Return a connection as Secrets Manager keeps it."""
    fields = {name: getattr(one, name) for name in FIELDS}
    made = {name: value for name, value in fields.items() if value not in (None, "")}
    extra = json.loads(one.extra) if one.extra else {}
    return json.dumps({**made, "extra": extra} if extra else made)

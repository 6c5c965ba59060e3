"""Variables, pools, connections and pauses into an environment, by its REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Any
from urllib.parse import quote

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.pausing import set_paused
from scripts.aws import RestError
from scripts.console import Notes
from scripts.migrate.objects import DEFAULT_POOL, FIELDS, IDS, Kind, Record

AT_ONCE = 100  # objects in a request of Airflow 3
MANY = 500  # requests, from which on the web server itself is asked: MWAA's call takes ten a second

type Failure = tuple[str, str]


class Writer:
    """Writes objects of one kind; what Airflow refuses is returned as id and reason, and the rest goes on."""

    def __init__(self, side: Environment, kind: Kind, notes: Notes) -> None:
        self._airflow, self._kind, self._notes, self._id = side.airflow, kind, notes, IDS[kind]

    def create(self, records: Sequence[Record]) -> list[Failure]:
        """Create objects that are not there; one that has come in the meantime stays."""
        failed: list[Failure] = []
        for number, chunk in enumerate(batched(records, AT_ONCE)):
            self._notes.now(f"{number * AT_ONCE} of {len(records)} {self._kind}")
            if self._airflow.is_2 or not self._bulk(chunk):
                failed += self._single(chunk, len(records) > MANY)
        return failed

    def _bulk(self, chunk: Sequence[Record]) -> bool:
        """Create objects in one request; False if it is refused, be it for one of them."""
        action = {"action": "create", "action_on_existence": "skip", "entities": [self._body(one) for one in chunk]}
        try:
            answer = self._airflow.call("PATCH", self._kind, json={"actions": [action]})
        except RestError:
            return False
        return not ((answer or {}).get("create") or {}).get("errors")

    def _single(self, chunk: Sequence[Record], large: bool) -> Iterator[Failure]:
        for one in chunk:
            try:
                self._airflow.call("POST", self._kind, json=self._body(one), large=large)
            except RestError as error:
                if error.status != requests.codes.conflict:
                    yield str(one[self._id]), error.what

    def replace(self, records: Sequence[Record]) -> list[Failure]:
        """Give objects that are there the values of records, without what those leave out."""
        failed: list[Failure] = []
        for number, one in enumerate(records):
            self._notes.now(f"{number} of {len(records)} {self._kind}")
            try:
                self._replace(one)
            except ProjectError as error:
                failed.append((str(one[self._id]), error.what))
        return failed

    def _replace(self, one: Record) -> None:
        name = str(one[self._id])
        if self._kind == "dags":
            set_paused(self._airflow, name, bool(one["paused"]))
            return
        # A secret part that is there would be lost with the field that it is in.
        hidden = {part.partition(".")[0] for part in one.get("secret", ())}
        mask = [field for field in FIELDS[self._kind] if field not in hidden]
        if name == DEFAULT_POOL:
            mask.remove("description")
        body = {field: one.get(field) for field in mask} | self._body(
            {self._id: name, "conn_type": one.get("conn_type")}
        )
        if "extra" in mask:
            body["extra"] = json.dumps(one.get("extra") or {})
        if self._kind == "pools" and not self._airflow.is_2:
            body["pool"] = body.pop("name")
        query = {"update_mask": ",".join(mask) if self._airflow.is_2 else mask}
        self._airflow.call("PATCH", f"{self._kind}/{quote(name, safe='')}", params=query, json=body)

    def _body(self, one: Record) -> dict[str, Any]:
        fields = (self._id, *FIELDS[self._kind])
        body = {field: one[field] for field in fields if one.get(field) is not None}
        return body | ({"extra": json.dumps(body["extra"])} if "extra" in body else {})

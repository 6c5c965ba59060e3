"""MWAA's API before an Airflow that has variables, pools and connections, and runs a maintenance DAG."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from scripts.aws import Bucket
from tests.operate.answers import BEGAN, Dag, Task
from tests.operate.server import Call, Cloud, Front, Refusal
from tests.serving import serving

SENSITIVE = ("password", "secret", "token", "api_key")
IDS = {"variables": "key", "pools": "name", "connections": "connection_id"}
type Start = Callable[[str, dict[str, Any]], subprocess.Popen[bytes]]


def masked(value: Any, name: str = "") -> Any:
    """Return a value as Airflow shows it: what is called a secret is hidden, in JSON, too."""
    if isinstance(value, dict):
        return {key: masked(one, key) for key, one in value.items()}
    hidden = value and any(word in name.lower() for word in SENSITIVE)
    return "***" if hidden else value


@dataclass
class Store(Cloud):
    """An environment with objects by id; `start` runs a DAG's text with a conf, as a process whose end is the run's."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in IDS})
    bucket: Bucket | None = None
    start: Start | None = None
    writes: int = 0
    stop_after: int = 1_000_000  # writes, then it answers no more
    jobs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def put(self, kind: str, name: str, **fields: Any) -> None:
        """Have an object."""
        self.objects[kind][name] = {IDS[kind]: name, **fields}

    def _rest(self, call: Call) -> Any:
        parts = [unquote(part) for part in call.path.strip("/").split("/")]
        if call.method != "GET" and parts[0] in IDS:
            self.writes += 1
            if self.writes > self.stop_after:
                raise Refusal(503, {"detail": "gone"})
        match parts:
            case [kind] if kind in IDS and call.method == "GET":
                page = self._page(call, kind, [*self.objects[kind].values()])
                return {**page, kind: [self._shown(kind, one, True) for one in page[kind]]}
            case [kind] if kind in IDS:
                return self._bulk(kind, call.body) if call.method == "PATCH" else self._new(kind, call.body)
            case [kind, *rest] if kind in IDS:
                return self._one(kind, "/".join(rest), call)
            case ["dags", name, *rest] if name.startswith("mwaa_migrate_"):
                self._read(name)
                if call.method == "DELETE":
                    self.dags.pop(name, None)
                    return None
                if call.method == "PATCH" and rest:
                    self.jobs[rest[1]].kill()
                    return {}
                self._look(name)
        before = {run.id for dag in self.dags.values() for run in dag.runs}
        answer = super()._rest(call)
        if call.method == "POST" and parts[-1] == "dagRuns" and call.body["dag_run_id"] not in before:
            self._begin_job(parts[1], call.body)
        return answer

    def _read(self, name: str) -> None:
        """Read the DAG's file, as Airflow does some time after it is there."""
        assert self.bucket
        if self.bucket.head(f"dags/{name}.py"):
            self.dags.setdefault(name, Dag(name, schedule=None))

    def _begin_job(self, name: str, body: dict[str, Any]) -> None:
        assert self.bucket
        assert self.start
        text = self.bucket.get(f"dags/{name}.py").decode()
        self.jobs[body["dag_run_id"]] = self.start(text, body["conf"])

    def _look(self, name: str) -> None:
        for run in self.dags[name].runs if name in self.dags else ():
            job = self.jobs[run.id]
            if run.state == "queued" and job.poll() is not None:
                assert job.stdout
                lines = job.stdout.read().decode().splitlines()
                run.state = "failed" if job.returncode else "success"
                last = {"timestamp": BEGAN, "level": "error", "event": lines[-1] if lines else ""}
                run.tasks = [Task("work", run.state, log=[last])]

    def _shown(self, kind: str, one: dict[str, Any], listed: bool) -> dict[str, Any]:
        if kind == "variables" and not self.is_2:
            try:
                return {**one, "value": json.dumps(masked(json.loads(one["value"]), one["key"]))}
            except ValueError:
                return {**one, "value": masked(one["value"], one["key"])}
        if kind != "connections":
            return one
        names = ("connection_id", "conn_type", "description", "host", "login", "schema", "port")
        shown = {name: one.get(name) for name in names}
        extra = json.dumps(masked(json.loads(one["extra"]))) if one.get("extra") else None
        if self.is_2:
            return shown if listed else {**shown, "extra": extra}
        return {**shown, "password": "***" if one.get("password") else None, "extra": extra}

    def _new(self, kind: str, body: dict[str, Any]) -> Any:
        name = body[IDS[kind]]
        if name in self.objects[kind]:
            raise Refusal(409, {"detail": f"{name} exists"})
        if kind == "pools" and body["slots"] < -1:
            raise Refusal(400 if self.is_2 else 422, {"detail": "slots"})
        self.objects[kind][name] = dict(body)
        return self._shown(kind, body, False)

    def _bulk(self, kind: str, body: dict[str, Any]) -> Any:
        (action,) = body["actions"]
        assert (action["action"], action["action_on_existence"]) == ("create", "skip")
        if any(one.get("slots", 0) < -1 for one in action["entities"]):
            raise Refusal(422, {"detail": "slots"})
        new = [one for one in action["entities"] if one[IDS[kind]] not in self.objects[kind]]
        for one in new:
            self._new(kind, one)
        return {"create": {"success": [one[IDS[kind]] for one in new], "errors": []}}

    def _one(self, kind: str, name: str, call: Call) -> Any:
        one = self._found(self.objects[kind], name, kind)
        if call.method == "DELETE":
            del self.objects[kind][name]
            return None
        if call.method == "PATCH":
            mask = call.query["update_mask"][0].split(",") if self.is_2 else call.query["update_mask"]
            one.update({key: call.body[key] for key in mask})
        return self._shown(kind, one, False)

    def cli(self, text: str) -> tuple[int, Any]:
        """Answer `variables get` with the value as it is kept."""
        words = text.split()
        assert words[:2] == ["variables", "get"]
        out = base64.b64encode(f"{self.objects['variables'][words[2]]['value']}\n".encode()).decode()
        return 200, {"stdout": out, "stderr": ""}


def store(version: str) -> AbstractContextManager[Store]:
    """Run an environment on a free loopback port."""
    return serving(Front, Store(version))

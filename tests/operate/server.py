"""A server that is MWAA's API and the web server of its one environment, as their documentation says they speak."""

from __future__ import annotations

import base64
import json
import re
import secrets
import shlex
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.operate import answers
from tests.operate.answers import Dag, Run
from tests.serving import Handler, Reply, serving

NAME = "mwaa-dbt-prod"
LARGEST = 6_000_000  # bytes that InvokeRestApi answers with


class Call(NamedTuple):
    """A request as Airflow got it: by `invoke`, `web` or `cli`."""

    way: str
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any


class Refusal(Exception):  # noqa: N818 - an answer, no failure
    """Answer with this status."""

    def __init__(self, status: int, body: Any, code: str = "") -> None:
        super().__init__(status)
        self.status, self.body, self.code = status, body, code


@dataclass
class Cloud:
    """What there is, and what is to go wrong."""

    version: str = "3.3.1"
    name: str = NAME
    described: dict[str, Any] = field(default_factory=dict)
    dags: dict[str, Dag] = field(default_factory=dict)
    import_errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    stale_tokens: int = 0  # that the web server refuses
    faults: list[tuple[str, int]] = field(default_factory=list)  # the status of the next answer to "GET /dags…"
    lost: int = 0  # answers to POST that never arrive
    outdated: bool = False
    unreachable: bool = False  # the web server, not MWAA
    url: str = ""
    _tokens: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)

    @property
    def is_2(self) -> bool:
        """Whether its Airflow is of version 2."""
        return self.version.startswith("2")

    def ways(self, path: str) -> set[str]:
        """Return the ways that requests with this in their path took."""
        return {call.way for call in self.calls if path in call.path}

    def environment(self) -> dict[str, Any]:
        """Answer GetEnvironment."""
        return {"Name": self.name, "Status": "AVAILABLE", "AirflowVersion": self.version, **self.described}

    def token(self, kind: str) -> dict[str, Any]:
        """Answer CreateCliToken or CreateWebLoginToken."""
        self._tokens.add(token := secrets.token_urlsafe(16))
        # On port 9 nobody listens.
        host = "127.0.0.1:9" if self.unreachable else urlsplit(self.url).netloc
        return {kind: token, "WebServerHostname": host}

    def take(self, token: str) -> None:
        """Take a token, each once."""
        if self.stale_tokens or token not in self._tokens:
            self.stale_tokens = max(0, self.stale_tokens - 1)
            raise Refusal(403, "Forbidden")
        self._tokens.discard(token)

    def fault(self, call: Call) -> int:
        """Return the status of what is to go wrong now, or 0."""
        for fault in self.faults:
            if f"{call.method} {call.path}".startswith(fault[0]):
                self.faults.remove(fault)
                return fault[1]
        return 0

    def rest(self, call: Call) -> tuple[int, Any]:
        """Answer as Airflow's REST API does."""
        self.calls.append(call)
        if status := self.fault(call):
            return status, "upstream connect error"
        try:
            return 200, self._rest(call)
        except Refusal as refusal:
            return refusal.status, refusal.body

    def _rest(self, call: Call) -> Any:
        parts = [unquote(part) for part in call.path.strip("/").split("/")]
        match parts:
            case ["dags"]:
                return self._page(
                    call, "dags", [answers.dag(one, self.is_2) for one in self.dags.values() if one.there]
                )
            case ["importErrors"]:
                return self._page(call, "import_errors", self.import_errors)
            case ["dagWarnings"]:
                return self._page(call, "dag_warnings", self.warnings)
            case ["dags", "~", "dagRuns"]:
                states = call.query.get("state")
                runs = [
                    (dag, run) for dag in self.dags.values() for run in dag.runs if not states or run.state in states
                ]
                return self._page(call, "dag_runs", [answers.run(*both, self.is_2) for both in runs])
            case ["dags", dag, *rest]:
                return self._dag(call, self._found(self.dags, dag, "DAG"), rest)
        raise Refusal(404, {"detail": "Not Found"})

    def _dag(self, call: Call, dag: Dag, rest: list[str]) -> Any:
        if not rest:
            if call.method == "PATCH":
                assert call.query == {"update_mask": ["is_paused"]}
                dag.paused = call.body["is_paused"]
            return answers.dag(dag, self.is_2)
        runs = {run.id: run for run in dag.runs}
        if rest == ["dagRuns"] and call.method == "POST":
            return self._begin(dag, call.body, runs)
        if rest == ["dagRuns"]:
            wanted = [run for run in dag.runs if run.state in call.query.get("state", [run.state])]
            return self._page(call, "dag_runs", [answers.run(dag, run, self.is_2) for run in wanted])
        run = self._found(runs, rest[1], "DagRun")
        match rest[2:]:
            case []:
                run.state = run.later.pop(0) if run.later else run.state
                return answers.run(dag, run, self.is_2)
            case ["taskInstances"]:
                found = [answers.task(dag, run, task, self.is_2) for task in run.tasks]
                return self._page(call, "task_instances", found)
            case ["taskInstances", name, "logs", number]:
                index = int(call.query["map_index"][0])
                for task in run.tasks:
                    if (task.id, task.map_index) == (name, index) and 1 <= int(number) <= task.attempt:
                        return answers.log(task.log, self.is_2)
        raise Refusal(404, {"detail": "TaskInstance not found"})

    def _begin(self, dag: Dag, body: dict[str, Any], runs: dict[str, Run]) -> Any:
        if ("logical_date" in body) == self.is_2:
            problem = {"loc": ["body", "logical_date"], "msg": "Field required"}
            raise (
                Refusal(422, {"detail": [problem]})
                if not self.is_2
                else Refusal(400, {"detail": "None is not of type"})
            )
        if body["dag_run_id"] in runs:
            raise Refusal(409, {"detail": "DAGRun already exists"})
        new = Run(body["dag_run_id"], "queued", None, None, body["conf"], logical_date=None)
        if dag.runs and dag.runs[0].later:
            new.later, new.tasks = list(dag.runs[0].later), list(dag.runs[0].tasks)
        dag.runs.insert(0, new)
        return answers.run(dag, new, self.is_2)

    def _page(self, call: Call, key: str, items: list[Any]) -> dict[str, Any]:
        offset, limit = (int(call.query.get(name, [default])[0]) for name, default in (("offset", 0), ("limit", 50)))
        assert limit <= 100
        return {key: items[offset : offset + limit], "total_entries": len(items)}

    def _found(self, known: dict[str, Any], name: str, kind: str) -> Any:
        if name not in known:
            raise Refusal(404, {"detail": f"The {kind} with id: `{name}` was not found"})
        return known[name]

    def cli(self, text: str) -> tuple[int, Any]:
        """Run a command line as MWAA's endpoint does."""
        words = shlex.split(text)
        self.calls.append(call := Call("cli", "POST", words[0], {}, words))
        if status := self.fault(call):
            return status, "<html>Bad Gateway</html>"
        out, err = b"[]\n" if words[-2:] == ["-o", "json"] else " ".join(words).encode() + b"\n\xff", b""
        if "nope" in words:
            out, err = b"", b"airflow.exceptions.DagNotFound: Dag id nope not found\n"
        answer = {name: base64.b64encode(data).decode() for name, data in (("stdout", out), ("stderr", err))}
        return 400 if err else 200, answer


class Front(Handler):
    """Speaks for a cloud."""

    def answer(self, body: bytes) -> Reply | None:
        """Answer as MWAA, or as its web server."""
        cookies: list[str] = []
        try:
            status, content = self._route(self.part, urlsplit(self.path).path, body.decode(), cookies)
            headers = [("Set-Cookie", f"{cookie}; Path=/; HttpOnly") for cookie in cookies]
        except Refusal as refusal:
            status, content = refusal.status, refusal.body
            headers = [("x-amzn-ErrorType", refusal.code)] if refusal.code else []
        text = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        return Reply(status, text, headers) if status else None

    def _route(self, cloud: Cloud, path: str, data: str, cookies: list[str]) -> tuple[int, Any]:
        operations = {"clitoken": "CreateCliToken", "webtoken": "CreateWebLoginToken", "restapi": "InvokeRestApi"}
        operations["environments"] = "GetEnvironment"
        if path == "/environments":
            return 200, {"Environments": [cloud.name, "another"]}
        if found := re.fullmatch(rf"/({'|'.join(operations)})/([\w-]+)", path):
            operation = operations[found[1]]
            if operation in cloud.denied:
                raise Refusal(403, {"Message": "is not authorized"}, "AccessDeniedException")
            if found[2] != cloud.name:
                raise Refusal(404, {"message": "not found"}, "ResourceNotFoundException")
            return self._operation(cloud, operation, data)
        return self._web(cloud, path, data, cookies)

    def _operation(self, cloud: Cloud, operation: str, data: str) -> tuple[int, Any]:
        if operation == "GetEnvironment":
            return 200, {"Environment": cloud.environment()}
        if operation != "InvokeRestApi":
            return 200, cloud.token("CliToken" if operation == "CreateCliToken" else "WebToken")
        if cloud.outdated:
            text = {"message": "Update your environment to use InvokeRestApi"}
            raise Refusal(400, text, "ValidationException")
        wish = json.loads(data)
        if len(wish["Path"]) > 64:
            raise Refusal(400, {"message": "Path is too long"}, "ValidationException")
        query = {
            name: value if isinstance(value, list) else [str(value)]
            for name, value in wish.get("QueryParameters", {}).items()
        }
        status, answer = cloud.rest(Call("invoke", wish["Method"], wish["Path"], query, wish.get("Body")))
        if cloud.lost and wish["Method"] == "POST":
            cloud.lost -= 1
            raise Refusal(0, "")
        if status < 400 and len(json.dumps(answer)) > LARGEST:
            status, answer = 502, "the answer is too large"
        body = {"RestApiStatusCode": status, "RestApiResponse": answer}
        if status >= 400:
            raise Refusal(400, body, f"RestApi{'Client' if status < 500 else 'Server'}Exception")
        return 200, body

    def _web(self, cloud: Cloud, path: str, data: str, cookies: list[str]) -> tuple[int, Any]:
        bearer = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        pages, api = ("/aws_mwaa", "/api/v1/") if cloud.is_2 else ("/pluginsv2/aws_mwaa", "/api/v2/")
        if path == "/aws_mwaa/cli":
            assert self.headers["content-type"].startswith("text/plain")
            cloud.take(bearer)
            return cloud.cli(data)
        if path == f"{pages}/login":
            cloud.take(parse_qs(data)["token"][0])
            cloud.sessions.add(session := secrets.token_urlsafe(8))
            cookies.append(f"{'session' if cloud.is_2 else '_token'}={session}")
            return 200, {}
        if not path.startswith(api):
            raise Refusal(404, "Not Found")
        cookie = (self.headers.get("cookie") or "").removeprefix("session=")
        if (cookie if cloud.is_2 else bearer) not in cloud.sessions:
            raise Refusal(401, {"detail": "Unauthorized"})
        query = parse_qs(urlsplit(self.path).query)
        body = json.loads(data) if data else None
        return cloud.rest(Call("web", self.command, "/" + path.removeprefix(api), query, body))


def running(version: str) -> AbstractContextManager[Cloud]:
    """Run a server on a free loopback port."""
    return answering(Cloud(version))


def answering[Given: Cloud](cloud: Given) -> AbstractContextManager[Given]:
    """Run a server for a cloud on a free loopback port."""
    return serving(Front, cloud)

"""Servers of AWS's for `mwaa env`: MWAA's API, as far as these verbs call it, and a gate before all others.

moto's CloudFormation passes over AWS::MWAA::Environment: the environment of this MWAA is what the stack's template and
parameters say, as long as the stack is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.exceptions import ClientError

from tests.env.template import environment
from tests.infra.templates import ACCOUNT, REGION
from tests.serving import Handler, Reply, serving

ERROR = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>"
LOGS = ("DagProcessingLogs", "SchedulerLogs", "TaskLogs", "WebserverLogs", "WorkerLogs")


@dataclass
class Mwaa:
    """The environments of a region. `others` are not made by stacks, `patches` change one, `runs` are active."""

    cloudformation: Any
    url: str = ""
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    patches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    runs: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def environment(self, name: str) -> dict[str, Any] | None:
        """Return GetEnvironment's answer; of several patches, each holds for one answer, the last one for all."""
        found = self.others.get(name) or self._made(name)
        patches = self.patches.get(name, [])
        patch = (patches.pop(0) if len(patches) > 1 else patches[0]) if patches else {}
        return {**(found or {}), **patch} if found or patch else None

    def _made(self, name: str) -> dict[str, Any] | None:
        stack = f"{name}-environment"
        try:
            (found,) = self.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except ClientError:
            return None
        if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return None
        template = self.cloudformation.get_template(StackName=stack)["TemplateBody"]
        given = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
        # moto shows a list as Python does.
        given = {key: value.strip("[]").replace("'", "").replace(", ", ",") for key, value in given.items()}
        text = template if isinstance(template, str) else json.dumps(template)
        return described(environment(text, **given))

    def rest(self, name: str, method: str, path: str) -> dict[str, Any]:
        """Answer InvokeRestApi: Airflow as far as the proof and a deletion ask it."""
        self.asked.append((name, method, path))
        if path == "/dags/~/dagRuns":
            return {"dag_runs": self.runs, "total_entries": len(self.runs)}
        return {"state": "success"}


def described(properties: dict[str, Any]) -> dict[str, Any]:
    """Return how GetEnvironment describes an environment of these properties."""
    name = properties["Name"]
    arn = f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{name}"
    now = datetime.now(UTC).timestamp()
    made = {key: value for key, value in properties.items() if key != "WorkerReplacementStrategy"}
    logs = made["LoggingConfiguration"]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:airflow-{name}-"
    made["LoggingConfiguration"] = {
        key: {**logs[key], "CloudWatchLogGroupArn": group + key.removesuffix("Logs")} for key in LOGS
    }
    update = {"Status": "SUCCESS", "CreatedAt": now, "Source": "mwaa"}
    aws = {"Arn": arn, "Status": "AVAILABLE", "CreatedAt": now, "LastUpdate": update}
    return {**made, **aws, "WebserverUrl": f"https://{name}.c1.airflow.{REGION}.on.aws"}


class _Api(Handler):
    def answer(self, body: bytes) -> Reply:
        name = unquote(self.path).rsplit("/", 1)[-1]
        if self.command == "POST":
            wish = json.loads(body)
            answer = self.part.rest(name, wish["Method"], wish["Path"])
            return _json(200, {"RestApiStatusCode": 200, "RestApiResponse": answer})
        found = self.part.environment(name)
        if found is None:
            absent = ("x-amzn-ErrorType", "ResourceNotFoundException")
            return _json(404, {"message": f"Environment {name} not found"}, absent)
        return _json(200, {"Environment": found})


def _json(status: int, content: Any, *headers: tuple[str, str]) -> Reply:
    return Reply(status, json.dumps(content).encode(), headers)


@dataclass
class Gate:
    """A server before moto. `refused` answers an action with an error, `edited` changes the answer of one.

    Actions are those of EC2, IAM, STS and CloudFormation, by name; `calls` are all that were asked.
    """

    upstream: str
    url: str = ""
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    edited: dict[str, Callable[[str], str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)


class _Gate(Handler):
    def answer(self, body: bytes) -> Reply:
        gate: Gate = self.part
        kind = self.headers.get("content-type", "")
        action = parse_qs(body.decode()).get("Action", [""])[0] if "form-urlencoded" in kind else ""
        gate.calls += [action] if action else []
        if action in gate.refused:
            return Reply(400, ERROR.format(*gate.refused[action]).encode())
        reply = self.forward(gate.upstream, body)
        return (
            reply._replace(data=gate.edited[action](reply.data.decode()).encode()) if action in gate.edited else reply
        )


def mwaa_running(cloudformation: Any) -> AbstractContextManager[Mwaa]:
    """Run MWAA on a free loopback port."""
    return serving(_Api, Mwaa(cloudformation))


def gate_running(upstream: str) -> AbstractContextManager[Gate]:
    """Run a gate on a free loopback port."""
    return serving(_Gate, Gate(upstream))

"""A server in front of Secrets Manager that keeps a policy as IAM does: an action on a name, or it is denied."""

from __future__ import annotations

import fnmatch
import json
from contextlib import AbstractContextManager
from typing import Any

from tests.serving import Handler, Reply, serving

ACCOUNT = "123456789012"


class Gate:
    """Lets through what its statements allow; `text` of a refusal can be another, `calls` are the actions asked."""

    def __init__(self, upstream: str) -> None:
        self.upstream, self.url = upstream, ""
        self.statements: list[dict[str, Any]] = []
        self.text = "User is not authorized to perform the action"
        self.calls: list[str] = []

    def allows(self, action: str, name: str) -> bool:
        """Say whether a statement allows an action on a secret's name."""
        arn = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:{name}-AbCdEf"
        return any(
            f"secretsmanager:{action}" in one["Action"]
            and any(fnmatch.fnmatchcase(arn, resource) for resource in one["Resource"])
            for one in self.statements
        )


class _Handler(Handler):
    def answer(self, body: bytes) -> Reply:
        gate: Gate = self.part
        target = self.headers.get("x-amz-target", "")
        if target.startswith("secretsmanager."):
            action, asked = target.split(".")[1], json.loads(body)
            gate.calls.append(action)
            if not gate.allows(action, asked.get("SecretId") or asked.get("Name") or "*"):
                text = json.dumps({"__type": "AccessDeniedException", "Message": gate.text})
                return Reply(400, text.encode(), [("content-type", "application/x-amz-json-1.1")])
        return self.forward(gate.upstream, body)


def running(upstream: str) -> AbstractContextManager[Gate]:
    """Run a gate on a free loopback port; it lets nothing through until it is told to."""
    return serving(_Handler, Gate(upstream))

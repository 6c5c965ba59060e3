"""What moto lacks: calls that are refused, the simulation of a role's rights, and conditions in a bucket's policy."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import served

PASSED_ON = ("content-length", "transfer-encoding", "connection", "date", "server")
SIMULATED = """<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
<EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>
<MissingContextValues>{missing}</MissingContextValues>
</member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""


@dataclass
class Gate:
    """Passes calls on to moto.

    Args:
        denied: words of which one in a call, its path, headers or body, has it refused.
        refusals: such words, with another answer than that there is no permission.
        impossible: actions that the simulated role may not do.
        missing: a condition key that the simulation then lacks.
        simulated: what was asked of the simulation: action and resource.
        policy: that of every bucket, since moto refuses everybody for a denial under a condition; empty: there is none.
    """

    upstream: str
    url: str = ""
    denied: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    policy: str = ""
    missing: str = ""
    refusals: dict[str, str] = field(default_factory=dict)
    simulated: list[tuple[str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def _pass_on(self) -> None:
        gate: Gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        told = f"{self.command} {self.path} {self.headers.get('x-amz-target')} {body[:2000].decode(errors='replace')}"
        if any(word in told for word in gate.denied):
            self._refuse()
        elif refusal := next((text for word, text in gate.refusals.items() if word in told), None):
            self._answer(403, refusal.encode(), {"content-type": "text/xml"})
        elif gate.policy and self.command == "GET" and self.path.endswith("?policy"):
            self._answer(200, gate.policy.encode(), {"content-type": "application/json"})
        elif body.startswith(b"Action=SimulatePrincipalPolicy"):
            self._simulate(gate, {key: values[0] for key, values in parse_qs(body.decode()).items()})
        else:
            self._forward(gate, body)

    def _forward(self, gate: Gate, body: bytes) -> None:
        upstream = http.client.HTTPConnection(urlsplit(gate.upstream).netloc, timeout=30)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in PASSED_ON}
        self._answer(answer.status, data, kept, answer.getheader("content-length"))

    def _simulate(self, gate: Gate, asked: dict[str, str]) -> None:
        action = asked["ActionNames.member.1"]
        gate.simulated.append((action, asked["ResourceArns.member.1"]))
        decision = "implicitDeny" if action in gate.impossible else "allowed"
        missing = f"<member>{gate.missing}</member>" if gate.missing else ""
        text = SIMULATED.format(action=action, decision=decision, missing=missing)
        self._answer(200, text.encode(), {"content-type": "text/xml"})

    def _refuse(self) -> None:
        if self.headers.get("x-amz-target"):
            data = json.dumps({"__type": "AccessDeniedException", "Message": "told by the test"}).encode()
            self._answer(400, data, {"content-type": "application/x-amz-json-1.1"})
            return
        error = "<Error><Code>AccessDenied</Code><Message>told by the test</Message></Error>"
        iam = "/iam/" in self.headers.get("authorization", "")
        text = f"<ErrorResponse>{error}</ErrorResponse>" if iam else error
        self._answer(403, text.encode(), {"content-type": "text/xml"})

    def _answer(self, status: int, data: bytes, headers: dict[str, str], length: str | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        head = self.command == "HEAD"
        self.send_header("content-length", length if head and length else str(len(data)))
        self.end_headers()
        if not head:
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _pass_on  # noqa: N815 - as http.server wants it

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@contextmanager
def running(upstream: str) -> Iterator[Gate]:
    """Run a gate on a free loopback port; it lets everything through until it is told otherwise."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.gate = gate = Gate(upstream)  # type: ignore[attr-defined]
    with served(server) as gate.url:
        yield gate

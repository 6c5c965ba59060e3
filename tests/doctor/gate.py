"""What moto lacks: calls that are refused, the simulation of a role's rights, and conditions in a bucket's policy."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.serving import Handler, Reply, serving

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


class _Handler(Handler):
    def answer(self, body: bytes) -> Reply:
        gate: Gate = self.part
        told = f"{self.command} {self.path} {self.headers.get('x-amz-target')} {body[:2000].decode(errors='replace')}"
        if any(word in told for word in gate.denied):
            return self._refusal()
        if refusal := next((text for word, text in gate.refusals.items() if word in told), None):
            return _xml(403, refusal)
        if gate.policy and self.command == "GET" and self.path.endswith("?policy"):
            return Reply(200, gate.policy.encode(), [("content-type", "application/json")])
        if body.startswith(b"Action=SimulatePrincipalPolicy"):
            return _simulated(gate, {key: values[0] for key, values in parse_qs(body.decode()).items()})
        return self.forward(gate.upstream, body)

    def _refusal(self) -> Reply:
        if self.headers.get("x-amz-target"):
            data = json.dumps({"__type": "AccessDeniedException", "Message": "told by the test"}).encode()
            return Reply(400, data, [("content-type", "application/x-amz-json-1.1")])
        error = "<Error><Code>AccessDenied</Code><Message>told by the test</Message></Error>"
        iam = "/iam/" in self.headers.get("authorization", "")
        return _xml(403, f"<ErrorResponse>{error}</ErrorResponse>" if iam else error)


def _xml(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), [("content-type", "text/xml")])


def _simulated(gate: Gate, asked: dict[str, str]) -> Reply:
    action = asked["ActionNames.member.1"]
    gate.simulated.append((action, asked["ResourceArns.member.1"]))
    decision = "implicitDeny" if action in gate.impossible else "allowed"
    missing = f"<member>{gate.missing}</member>" if gate.missing else ""
    return _xml(200, SIMULATED.format(action=action, decision=decision, missing=missing))


def running(upstream: str) -> AbstractContextManager[Gate]:
    """Run a gate on a free loopback port; it lets everything through until it is told otherwise."""
    return serving(_Handler, Gate(upstream))

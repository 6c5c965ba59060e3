"""AWS's front door on loopback: who asks, by the pipeline's token, and whether the role's policies allow it.

Behind it is moto with IAM enforcement on, which judges again what it knows, signature and session among it; and a
small MWAA.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests import serving
from tests.rights.asked import ACCOUNT, REGION, Request, asked, listing
from tests.rights.mwaa import Mwaa
from tests.rights.policy import Ask, Statement, allowed, holds, listed
from tests.serving import Handler

TAKING = "sts:AssumeRoleWithWebIdentity"
BY = re.compile(r"Credential=(\w+)/")
type Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Gate:
    """Keeps the policies that `iam` has of the role that asks.

    `keys` are the KMS keys of buckets and secrets by name, `asks` is all that was asked for and allowed.
    """

    upstream: str
    admin: Credentials
    iam: Any
    url: str = ""
    mwaa: Mwaa = field(default_factory=Mwaa)
    keys: dict[str, str] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    known: dict[str, list[Statement]] = field(default_factory=dict)

    def statements(self, role: str) -> list[Statement]:
        """Return the statements of all policies that a role has; IAM is asked once, until `known` is cleared."""
        if role not in self.known:
            attached = self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
            documents = [_document(self.iam, one["PolicyArn"]) for one in attached]
            documents += [self.iam.get_role_policy(RoleName=role, PolicyName=one)["PolicyDocument"] for one in names]
            self.known[role] = [one for document in documents for one in document["Statement"]]
        return self.known[role]

    def answer(self, request: Request) -> Reply:
        """Answer a request, or refuse it as AWS does."""
        if request.service == "sts":
            return self._take(request)
        by = BY.search(request.headers.get("authorization", ""))
        statements = self.statements(self.roles[by[1]]) if by and by[1] in self.roles else []
        for ask in (needed := asked(request, self.keys)):
            if not allowed(statements, ask):
                return _refusal(request, ask)
        self.asks += needed
        status, headers, body = self._behind(request)
        if status == http.client.NOT_FOUND and request.service == "s3":
            self.asks.append(ask := listing(request))
            if not allowed(statements, ask):
                return _refusal(request, ask)
        return status, headers, body

    def _behind(self, request: Request) -> Reply:
        if request.service == "airflow":
            status, found = self.mwaa.answer(request)
            return status, {"content-type": "application/json"}, json.dumps(found).encode()
        head = request.method == "HEAD" and request.path.count("/") == 1
        # moto calls the first s3:HeadBucket, and compares the second with no ARN but *.
        by_admin = head or request.service == "secretsmanager"
        return self._forward(self._signed(request) if by_admin else request)

    def _take(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        role = form["RoleArn"].rsplit("/", 1)[-1]
        trust = self.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        if not trusts(trust, claims(form["WebIdentityToken"])):
            text = f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform {TAKING}"
            return 403, {"content-type": "text/xml"}, f"{text}</Message></Error></ErrorResponse>".encode()
        status, headers, body = self._forward(self._signed(request))
        if found := re.search(rb"<AccessKeyId>(\w+)<", body):
            self.roles[found[1].decode()] = role
        return status, headers, body

    def _signed(self, request: Request) -> Request:
        kept = {name: value for name, value in request.headers.items() if name in ("content-type", "x-amz-target")}
        again = AWSRequest(request.method, f"{self.upstream}{request.url}", kept, request.body)
        signer = S3SigV4Auth if request.service == "s3" else SigV4Auth
        signer(self.admin, request.service, REGION).add_auth(again)
        headers = {**again.headers, "host": urlsplit(self.upstream).netloc, "content-length": str(len(request.body))}
        return request._replace(headers=headers)

    def _forward(self, request: Request) -> Reply:
        upstream = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=30)
        upstream.putrequest(request.method, request.url, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(request.body)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def _document(iam: Any, arn: str) -> dict[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return dict(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def claims(token: str) -> dict[str, str]:
    """Return what a token says of its job; nobody signs in a test."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def trusts(trust: dict[str, Any], said: dict[str, str]) -> bool:
    """Say whether a role's trust lets whoever has a token take it."""
    issuer = said["iss"].removeprefix("https://")
    context = {f"{issuer}:{name}": value for name, value in said.items()}
    return any(
        one["Effect"] == "Allow"
        and TAKING in listed(one["Action"])
        and one["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}
        and holds(one["Condition"], context)
        for one in trust["Statement"]
    )


def _refusal(request: Request, ask: Ask) -> Reply:
    who = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/role/test"
    text = (
        f'{who} is not authorized to perform: {ask.action} on resource: "{ask.arn}" because no identity-based '
        f"policy allows the {ask.action} action"
    )
    if request.service == "s3":
        xml = f"<Error><Code>AccessDenied</Code><Message>{text}</Message></Error>"
        return 403, {"content-type": "application/xml"}, b"" if request.method == "HEAD" else xml.encode()
    if (request.service, ask.action) == ("secretsmanager", "kms:Decrypt"):
        text = "Access to KMS is not allowed"
    kind = "AccessDeniedException"
    body = json.dumps({"__type": kind, "message": text}).encode()
    return 403 if request.service == "airflow" else 400, {"x-amzn-errortype": kind}, body


class _Handler(Handler):
    def answer(self, body: bytes) -> serving.Reply:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, told, data = self.part.answer(Request(self.command, self.path, headers, body))
        return serving.Reply(status, data, told.items())


def running(upstream: str, admin: Credentials, iam: Any) -> AbstractContextManager[Gate]:
    """Run a gate on a free loopback port."""
    return serving.serving(_Handler, Gate(upstream, admin, iam))

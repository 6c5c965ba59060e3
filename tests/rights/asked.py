"""What a request of the verbs asks of IAM, as AWS's service authorization reference has it.

moto (5.2.5) knows no versions, no source of a copy and no KMS key here, and calls HeadBucket by a name of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.rights.policy import Ask

ACCOUNT = "123456789012"  # moto's
REGION = "eu-central-1"
OBJECTS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
ENVIRONMENTS = {"GET": "GetEnvironment", "PATCH": "UpdateEnvironment"}


class Request(NamedTuple):
    """A request as it came, its path with query and, where it came by a proxy, with the host."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path alone."""
        return unquote(urlsplit(self.url).path)

    @property
    def query(self) -> dict[str, list[str]]:
        """The query by name."""
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def service(self) -> str:
        """Which of AWS's services is meant."""
        if self.path.startswith(("/environments/", "/restapi/")):
            return "airflow"
        if self.headers.get("x-amz-target", "").startswith("secretsmanager."):
            return "secretsmanager"
        return "sts" if self.method == "POST" and self.path == "/" else "s3"


def asked(request: Request, keys: Mapping[str, str]) -> list[Ask]:
    """Return what a request needs to be allowed, all of it; `keys` are the KMS keys of buckets and secrets."""
    known = {"airflow": _airflow, "secretsmanager": _secret, "s3": _s3}
    return list(known[request.service](request, keys))


def _airflow(request: Request, _: Mapping[str, str]) -> Iterator[Ask]:
    kind, name = request.path.strip("/").split("/", 1)
    place = f"arn:aws:airflow:{REGION}:{ACCOUNT}"
    if kind == "restapi":
        yield Ask("airflow:InvokeRestApi", f"{place}:role/{name}/User")
    else:
        yield Ask(f"airflow:{ENVIRONMENTS[request.method]}", f"{place}:environment/{name}")


def _secret(request: Request, keys: Mapping[str, str]) -> Iterator[Ask]:
    name = json.loads(request.body)["SecretId"]
    action = request.headers["x-amz-target"].replace(".", ":")
    yield Ask(action, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf")
    yield from _key("kms:Decrypt", keys.get(name), "secretsmanager")


def _s3(request: Request, keys: Mapping[str, str]) -> Iterator[Ask]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    arn, own = f"arn:aws:s3:::{bucket}", keys.get(bucket)
    if not key:
        yield Ask("s3:GetBucketVersioning" if "versioning" in request.query else "s3:ListBucket", arn)
        return
    version = "Version" if "versionId" in request.query else ""
    yield Ask(f"s3:{OBJECTS[request.method]}{version}", f"{arn}/{key}")
    if source := request.headers.get("x-amz-copy-source"):
        yield Ask("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
    if "if-match" in request.headers:
        # A write or delete of what has a certain ETag tells whether it has (S3 user guide, conditional requests).
        yield Ask("s3:GetObject", f"{arn}/{key}")
    if request.method in ("GET", "HEAD") or source:
        yield from _key("kms:Decrypt", own, "s3")
    if request.method == "PUT":
        yield from _key("kms:GenerateDataKey", own, "s3")


def _key(action: str, key: str | None, service: str) -> Iterator[Ask]:
    if key:
        yield Ask(action, key, {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"})


def listing(request: Request) -> Ask:
    """Return what S3 demands before it says that an object is missing, rather than denied."""
    return Ask("s3:ListBucket", f"arn:aws:s3:::{request.path.lstrip('/').split('/')[0]}")

"""Clients for the services of one region."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from botocore.config import Config

from scripts.aws.bucket import Bucket
from scripts.aws.environment import Mwaa
from scripts.aws.errors import Told

# Standard mode backs off and tries again on time-outs, 5xx answers and S3's SlowDown.
ATTEMPTS = 6  # with the waits between them about 20 seconds


def _config() -> Config:
    attempts = int(os.environ.get("AWS_MAX_ATTEMPTS", ATTEMPTS))
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return Config(connect_timeout=5, read_timeout=60, retries=retries, max_pool_connections=32)


class Aws:
    """S3, Secrets Manager and MWAA in one region.

    Args:
        region: e.g. eu-central-1.
        endpoint: another server than AWS for S3 and Secrets Manager.
        mwaa: another server than AWS for MWAA.
    """

    def __init__(self, region: str, endpoint: str | None = None, mwaa: str | None = None) -> None:
        self.region, self.endpoint = region, endpoint
        # Another server wants no real credentials, and must not get any.
        keys = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"} if endpoint or mwaa else {}
        session = boto3.session.Session(region_name=region, **keys)
        self._told = Told(region)
        config = _config()
        self._s3 = session.client("s3", endpoint_url=endpoint, config=config)
        self._secrets = session.client("secretsmanager", endpoint_url=endpoint, config=config)
        # MWAA's "api." before the host is left away where the endpoint is given.
        plain = config.merge(Config(inject_host_prefix=mwaa is None))
        self._mwaa = session.client("mwaa", endpoint_url=mwaa, config=plain)

    def bucket(self, name: str) -> Bucket:
        """Return a bucket, whether it exists or not."""
        return Bucket(self._s3, name, self._told)

    def environment(self, name: str) -> Mwaa:
        """Return an MWAA environment, whether it exists or not."""
        return Mwaa(self._mwaa, name, self._told)

    def make_bucket(self, bucket: str) -> None:
        """Create a versioned bucket, as MWAA demands it."""
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        with self._told("s3:CreateBucket", bucket):
            self._s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
            self._s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def make_secret(self, name: str, value: dict[str, Any]) -> None:
        """Create a secret with a JSON value."""
        with self._told("secretsmanager:CreateSecret", name):
            self._secrets.create_secret(Name=name, SecretString=json.dumps(value))

    def secret(self, name: str) -> dict[str, Any]:
        """Return a secret's JSON value."""
        with self._told("secretsmanager:GetSecretValue", name):
            return dict(json.loads(self._secrets.get_secret_value(SecretId=name)["SecretString"]))

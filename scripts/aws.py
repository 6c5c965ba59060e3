"""The one door to AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

QUICK = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3})


class MissingError(LookupError):
    """Tell that there is no such object."""


class Aws:
    """S3 and Secrets Manager in one region; `endpoint` leads to another server than AWS."""

    def __init__(self, region: str, endpoint: str | None = None) -> None:
        self.region = region
        # Another server wants no real credentials, and must not get any.
        keys = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"} if endpoint else {}
        session = boto3.session.Session(region_name=region, **keys)
        self._s3 = session.client("s3", endpoint_url=endpoint, config=QUICK)
        self._secrets = session.client("secretsmanager", endpoint_url=endpoint, config=QUICK)

    def make_bucket(self, bucket: str) -> None:
        """Create a versioned bucket, as MWAA demands it."""
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        self._s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
        self._s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def objects(self, bucket: str, prefix: str = "") -> dict[str, str]:
        """Return key → ETag below a prefix."""
        return dict(self._listed(bucket, prefix))

    def _listed(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield item["Key"], item["ETag"]

    def put(self, bucket: str, key: str, path: Path) -> None:
        """Upload a file."""
        self._s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object's bytes; raise MissingError if there is none."""
        try:
            return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise MissingError(key) from None
            raise

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object."""
        self._s3.delete_object(Bucket=bucket, Key=key)

    def make_secret(self, name: str, value: dict[str, Any]) -> None:
        """Create a secret with a JSON value."""
        self._secrets.create_secret(Name=name, SecretString=json.dumps(value))

    def secret(self, name: str) -> dict[str, Any]:
        """Return a secret's JSON value."""
        return dict(json.loads(self._secrets.get_secret_value(SecretId=name)["SecretString"]))

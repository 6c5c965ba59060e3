"""Clients for the services of one region."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mwaa_dbt.errors import ProjectError
from scripts.aws.bucket import Bucket
from scripts.aws.ec2 import Ec2
from scripts.aws.environment import Mwaa
from scripts.aws.errors import Told
from scripts.aws.iam import Iam
from scripts.aws.logs import Logs
from scripts.aws.secrets import Secrets
from scripts.aws.stacks import Stacks

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
        keys: other credentials than those found around here, as boto3's Session takes them.
    """

    def __init__(
        self, region: str, endpoint: str | None = None, mwaa: str | None = None, keys: Mapping[str, str] | None = None
    ) -> None:
        self.region, self.endpoint = region, endpoint
        # Another server wants no real credentials, and must not get any.
        if endpoint or mwaa:
            keys = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
        self._told = Told(region)
        with self._told("a session", "AWS"):
            self._session = session = boto3.session.Session(region_name=region, **(keys or {}))
        config = self._config = _config()
        self._s3 = session.client("s3", endpoint_url=endpoint, config=config)
        self._secrets = session.client("secretsmanager", endpoint_url=endpoint, config=config)
        # MWAA's "api." before the host is left away where the endpoint is given.
        plain = config.merge(Config(inject_host_prefix=False)) if mwaa else config
        self._mwaa = session.client("mwaa", endpoint_url=mwaa, config=plain)
        self._scheme = urlsplit(self._mwaa.meta.endpoint_url).scheme

    def bucket(self, name: str) -> Bucket:
        """Return a bucket, whether it exists or not."""
        return Bucket(self._s3, name, self._told)

    def environment(self, name: str) -> Mwaa:
        """Return an MWAA environment, whether it exists or not."""
        return Mwaa(self._mwaa, name, self._told, self._scheme)

    def environments(self) -> list[str]:
        """Return the names of the region's MWAA environments."""
        with self._told("airflow:ListEnvironments", self.region):
            pages = self._mwaa.get_paginator("list_environments").paginate()
            return [name for page in pages for name in page["Environments"]]

    def make_bucket(self, bucket: str) -> None:
        """Create a versioned bucket, as MWAA demands it."""
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        with self._told("s3:CreateBucket", bucket):
            self._s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
            self._s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def make_queue(self, queue: str, visibility: int) -> None:
        """Create a queue of SQS, which hands out a message again after `visibility` seconds."""
        with self._told("sqs:CreateQueue", queue):
            self._client("sqs").create_queue(QueueName=queue, Attributes={"VisibilityTimeout": str(visibility)})

    @property
    def logs(self) -> Logs:
        """The region's log groups."""
        return Logs(self._client("logs"), self._told)

    @property
    def stacks(self) -> Stacks:
        """The region's stacks."""
        return Stacks(self._client("cloudformation"), self._told)

    @property
    def ec2(self) -> Ec2:
        """The region's subnets."""
        return Ec2(self._client("ec2"), self._told)

    @property
    def iam(self) -> Iam:
        """The account's roles."""
        return Iam(self._client("iam"), self._told)

    @property
    def secrets(self) -> Secrets:
        """The region's secrets."""
        return Secrets(self._secrets, self._told)

    def secret(self, name: str) -> dict[str, Any]:
        """Return the JSON value of a secret that has one.

        Raises:
            ProjectError: if there is none.
        """
        try:
            return dict(json.loads(self.secrets.read(name)))
        except (LookupError, ValueError):
            raise ProjectError(
                f"Secret {name} cannot be read.", f"Secrets Manager, {self.region}", "look at `mwaa secrets check`"
            ) from None

    def regions(self) -> list[str]:
        """Return the regions that have MWAA, as far as this version of boto3 knows."""
        partitions = self._session.get_available_partitions()
        return sorted(one for name in partitions for one in self._session.get_available_regions("mwaa", name))

    def caller(self) -> str:
        """Return the ARN of who asks: a call that needs no permission, answered or given up within seconds.

        Raises:
            ProjectError: if there are no credentials, or AWS does not take them or cannot be reached.
        """
        quick = self._config.merge(Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2}))
        with self._told("sts:GetCallerIdentity", "AWS"):
            client = self._session.client("sts", endpoint_url=self.endpoint, config=quick)
            return str(client.get_caller_identity()["Arn"])

    def account(self) -> str | None:
        """Return the number of the account; None if AWS does not tell."""
        try:
            return str(self._client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError):
            return None

    def as_role(self, role: str) -> Aws:
        """Return the same services as another role sees them, for an hour.

        Raises:
            ProjectError: if the role may not be taken.
        """
        try:
            given = self._client("sts").assume_role(RoleArn=role, RoleSessionName="mwaa-secrets-check")["Credentials"]
        except (BotoCoreError, ClientError) as error:
            raise ProjectError(
                f"AWS does not let these credentials take the role: {error}",
                f"--role {role}",
                "allow them sts:AssumeRole on it, and them in its trust policy; or leave --role out",
            ) from None
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return Aws(self.region, self.endpoint, keys=keys)

    def key_arn(self, key: str) -> str | None:
        """Return the ARN of a KMS key, given as alias or otherwise; None if AWS does not tell."""
        try:
            return str(self._client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])
        except (BotoCoreError, ClientError):
            return None

    def key_policy(self, key: str) -> dict[str, Any] | None:
        """Return the policy that says who may use a KMS key; None if AWS does not tell."""
        try:
            return dict(json.loads(self._client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]))
        except (BotoCoreError, ClientError):
            return None

    def variables(self) -> dict[str, str]:
        """Return what gives another program the same access, as environment variables; for no log and no file.

        Raises:
            ProjectError: if there are no credentials.
        """
        try:
            found = self._session.get_credentials()
            keys = found.get_frozen_credentials() if found else None
        except BotoCoreError as error:
            raise ProjectError(f"AWS gives no credentials: {error}", "AWS credentials", "log in again") from None
        if keys is None:
            raise ProjectError("There are no AWS credentials.", "AWS credentials", "log in (`aws sso login`)")
        given = {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token,
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        return {**region, **{name: value for name, value in given.items() if value}}

    def _client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self.endpoint, config=self._config)

"""One S3 bucket, with what a deploy needs: checksums that S3 itself keeps, conditions, versions."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from scripts.aws.errors import AwsError, Told

GONE = ("NoSuchKey", "NoSuchVersion", "404", "NotFound")
UNSET = (
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
)
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
CONFLICT = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


class MissingError(LookupError):
    """Tell that there is no such object."""


class ConflictError(Exception):
    """Tell that an object is not what the condition of a write demands."""


@dataclass(frozen=True)
class Object:
    """An object as S3 describes it: size in bytes; SHA-256 in hex if it was uploaded with one.

    `seen` is the time of the answer, by S3's clock as `modified` is.
    """

    size: int
    etag: str
    modified: datetime
    sha256: str | None = None
    version: str | None = None
    seen: datetime | None = None


class Bucket:
    """The objects of one bucket. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, name: str, told: Told) -> None:
        self._s3, self.name, self._told = client, name, told

    def objects(self, prefix: str = "") -> dict[str, Object]:
        """Return the objects below a prefix; a listing knows no checksum and no version."""
        with self._told("s3:ListBucket", self.name):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            return {
                item["Key"]: Object(item["Size"], item["ETag"], item["LastModified"])
                for page in pages
                for item in page.get("Contents", [])
            }

    def region(self) -> str | None:
        """Return where the bucket is; None if S3 does not say."""
        with self._told("s3:ListBucket", self.name):
            try:
                found: str | None = self._s3.head_bucket(Bucket=self.name).get("BucketRegion")
            except ClientError as error:
                # This call's answers have no body, and so no code of their own.
                if error.response["Error"]["Code"] in GONE:
                    error.response["Error"]["Code"] = "NoSuchBucket"
                raise
        return found

    def exists(self) -> bool:
        """Say whether the bucket is there."""
        try:
            self.region()
        except AwsError as error:
            if not error.absent:
                raise
            return False
        return True

    def versioned(self) -> bool:
        """Say whether the bucket keeps old versions, as MWAA demands."""
        with self._told("s3:GetBucketVersioning", self.name):
            return str(self._s3.get_bucket_versioning(Bucket=self.name).get("Status")) == "Enabled"

    def closed(self) -> bool:
        """Say whether all four settings of Block Public Access are on, as MWAA demands."""
        with self._told("s3:GetBucketPublicAccessBlock", self.name):
            found = self._setting(self._s3.get_public_access_block, "PublicAccessBlockConfiguration")
        return bool(found) and all(found.get(name) for name in BLOCKS)

    def key(self) -> str | None:
        """Return the KMS key that new objects are encrypted with; None for S3's own."""
        with self._told("s3:GetEncryptionConfiguration", self.name):
            found = self._setting(self._s3.get_bucket_encryption, "ServerSideEncryptionConfiguration")
        rules = (rule["ApplyServerSideEncryptionByDefault"] for rule in (found or {"Rules": []})["Rules"])
        return next((rule.get("KMSMasterKeyID", "aws/s3") for rule in rules if "kms" in rule["SSEAlgorithm"]), None)

    def policy(self) -> dict[str, Any]:
        """Return the bucket's policy; one without statements if there is none."""
        with self._told("s3:GetBucketPolicy", self.name):
            return dict(json.loads(self._setting(self._s3.get_bucket_policy, "Policy") or '{"Statement": []}'))

    def _setting(self, call: Any, field: str) -> Any:
        try:
            return call(Bucket=self.name)[field]
        except ClientError as error:
            if error.response["Error"]["Code"] in UNSET:
                return None
            raise

    def head(self, key: str, version: str | None = None) -> Object | None:
        """Return what S3 knows of an object, its checksum too; None if there is none."""
        wanted = {"VersionId": version} if version else {}
        with self._told("s3:GetObjectVersion" if version else "s3:GetObject", f"{self.name}/{key}"):
            try:
                found = self._s3.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED", **wanted)
            except ClientError as error:
                if error.response["Error"]["Code"] in GONE:
                    return None
                raise
        checksum = found.get("ChecksumSHA256")
        sha256 = base64.b64decode(checksum).hex() if checksum else None
        return Object(found["ContentLength"], found["ETag"], found["LastModified"], sha256, found.get("VersionId"))

    def get(self, key: str, version: str | None = None) -> bytes:
        """Return an object's bytes.

        Raises:
            MissingError: if there is no such object.
        """
        return self.read(key, version)[0]

    def read(self, key: str, version: str | None = None) -> tuple[bytes, Object]:
        """Return an object's bytes and its description, of one and the same moment.

        Raises:
            MissingError: if there is no such object.
        """
        wanted = {"VersionId": version} if version else {}
        with self._told("s3:GetObjectVersion" if version else "s3:GetObject", f"{self.name}/{key}"):
            try:
                found = self._s3.get_object(Bucket=self.name, Key=key, **wanted)
                data = bytes(found["Body"].read())
            except ClientError as error:
                if error.response["Error"]["Code"] in GONE:
                    raise MissingError(key) from None
                raise
        seen = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
        return data, Object(len(data), found["ETag"], found["LastModified"], None, found.get("VersionId"), seen)

    def put(self, key: str, content: bytes | Path, sha256: str) -> None:
        """Upload a content; S3 compares it with the SHA-256 (hex) and keeps that."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        body = content.read_bytes() if isinstance(content, Path) else content
        with self._told("s3:PutObject", f"{self.name}/{key}"):
            self._s3.put_object(
                Bucket=self.name, Key=key, Body=body, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum
            )

    def swap(self, key: str, content: bytes, etag: str | None) -> str:
        """Write an object only if it still has an ETag, or, for None, only if there is none; return the new ETag.

        Raises:
            ConflictError: if somebody else has written it.
        """
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        with self._told("s3:PutObject", f"{self.name}/{key}"):
            try:
                return str(self._s3.put_object(Bucket=self.name, Key=key, Body=content, **condition)["ETag"])
            except ClientError as error:
                # An object with the ETag's condition that is gone answers as missing.
                if error.response["Error"]["Code"] in (*CONFLICT, *GONE):
                    raise ConflictError(key) from None
                raise

    def copy(self, source: str, target: str) -> str | None:
        """Copy an object inside S3, with a SHA-256 made by S3; return the new version."""
        with self._told("s3:PutObject", f"{self.name}/{target}"):
            place = {"Bucket": self.name, "Key": source}
            done = self._s3.copy_object(Bucket=self.name, Key=target, CopySource=place, ChecksumAlgorithm="SHA256")
        version: str | None = done.get("VersionId")
        return version

    def delete(self, key: str, etag: str | None = None) -> None:
        """Delete an object; with an ETag, only if it still has that.

        Raises:
            ConflictError: if it has another.
        """
        condition = {"IfMatch": etag} if etag else {}
        with self._told("s3:DeleteObject", f"{self.name}/{key}"):
            try:
                self._s3.delete_object(Bucket=self.name, Key=key, **condition)
            except ClientError as error:
                if error.response["Error"]["Code"] in CONFLICT:
                    raise ConflictError(key) from None
                if error.response["Error"]["Code"] not in GONE:
                    raise

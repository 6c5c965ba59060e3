"""Secrets Manager of one region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scripts.aws.errors import DENIED, DeniedError, Told

GONE = "ResourceNotFoundException"


class NoSecretError(LookupError):
    """Tell that there is no such secret."""


class DeletedError(LookupError):
    """Tell that a secret is scheduled for deletion, so nobody can read it."""


@dataclass(frozen=True)
class Secret:
    """A secret as Secrets Manager describes it; a key of None is Secrets Manager's own."""

    arn: str
    key: str | None
    deleted: bool


class Secrets:
    """The secrets of one region. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, told: Told) -> None:
        self._client, self._told = client, told

    @contextmanager
    def _calling(self, action: str, name: str) -> Iterator[None]:
        with self._told(f"secretsmanager:{action}", name):
            try:
                yield
            except ClientError as error:
                raise _known(error, f"secretsmanager:{action}", name, self._told.region) from None

    def describe(self, name: str) -> Secret | None:
        """Return what is known of a secret besides its value; None if there is none."""
        try:
            with self._calling("DescribeSecret", name):
                found = self._client.describe_secret(SecretId=name)
        except NoSecretError:
            return None
        return Secret(found["ARN"], found.get("KmsKeyId"), "DeletedDate" in found)

    def read(self, name: str) -> str:
        """Return a secret's text; a binary one counts as an empty text, as Airflow reads it.

        Raises:
            NoSecretError: if there is none.
            DeletedError: if it is scheduled for deletion.
        """
        with self._calling("GetSecretValue", name):
            return str(self._client.get_secret_value(SecretId=name).get("SecretString") or "")

    def create(self, name: str, text: str, key: str | None = None) -> None:
        """Create a secret, encrypted with a KMS key or Secrets Manager's own."""
        with self._calling("CreateSecret", name):
            self._client.create_secret(Name=name, SecretString=text, **({"KmsKeyId": key} if key else {}))

    def write(self, name: str, text: str) -> None:
        """Give a secret a new version."""
        with self._calling("PutSecretValue", name):
            self._client.put_secret_value(SecretId=name, SecretString=text)

    def encrypt(self, name: str, key: str) -> None:
        """Encrypt a secret with another KMS key."""
        with self._calling("UpdateSecret", name):
            self._client.update_secret(SecretId=name, KmsKeyId=key)

    def names(self, folder: str) -> list[str]:
        """Return the names of all secrets in a folder, without those scheduled for deletion."""
        with self._calling("ListSecrets", folder):
            pages = self._client.get_paginator("list_secrets").paginate(
                Filters=[{"Key": "name", "Values": [f"{folder}/"]}]
            )
            found = [item["Name"] for page in pages for item in page["SecretList"]]
        # The filter does not heed case.
        return sorted(name for name in found if name.startswith(f"{folder}/"))


def _known(error: Any, action: str, name: str, region: str) -> Exception:
    code, text = str(error.response["Error"]["Code"]), str(error.response["Error"].get("Message", ""))
    if code == GONE:
        return NoSecretError(name)
    # "… because it was marked for deletion", "… because it was deleted"
    if code == "InvalidRequestException" and "delet" in text:
        return DeletedError(name)
    if code == "DecryptionFailure" or (code in DENIED and "KMS" in text):
        return _no_key(name, region)
    if code in DENIED:
        return _denied(action, name, region)
    same: Exception = error
    return same


def _denied(action: str, name: str, region: str) -> DeniedError:
    # ListSecrets knows no resource.
    secret = "*" if action.endswith("ListSecrets") else f"arn:aws:secretsmanager:{region}:ACCOUNT:secret:{name}-??????"
    line = f'{{"Effect": "Allow", "Action": "{action}", "Resource": "{secret}"}}'
    return DeniedError(
        f"There is no permission for {action}.", f"{action} on {name}", f"allow it: {line}, then run the same command"
    )


def _no_key(name: str, region: str) -> DeniedError:
    line = f'{{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:{region}:ACCOUNT:key/KEY"}}'
    return DeniedError(
        "There is no permission for the KMS key that encrypts the secret.",
        f"kms:Decrypt on the key of {name}",
        f"allow it, in the role's policy or the key's: {line}, then run the same command",
    )

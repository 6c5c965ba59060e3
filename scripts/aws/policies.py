"""Policies that say who may be what: a role's trust, and a KMS key's."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

type Policy = dict[str, Any]


class Policies:
    """IAM's and KMS's policies; where AWS does not show one, it is None."""

    def __init__(self, iam: Any, kms: Any) -> None:
        self._iam, self._kms = iam, kms

    def trust(self, role: str) -> Policy | None:
        """Return who may take a role, given as ARN."""
        try:
            # IAM asks for the name, without the path that the ARN has.
            found = self._iam.get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]
            return dict(found["AssumeRolePolicyDocument"])
        except (BotoCoreError, ClientError):
            return None

    def key(self, key: str) -> Policy | None:
        """Return who may use a key."""
        try:
            return dict(json.loads(self._kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]))
        except (BotoCoreError, ClientError):
            return None

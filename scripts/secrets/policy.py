"""`mwaa secrets policy`: what the execution role, or whoever pushes, needs, and no more."""

from __future__ import annotations

from typing import Any

from scripts.secrets.declared import declared
from scripts.target import Target

# What Airflow's backend calls (amazon provider 9, secrets_manager.py), and what push and check call.
READ = ("GetSecretValue",)
PUSH = ("CreateSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue")
PLACEHOLDER = "ACCOUNT"
UNRESOLVED = "KEY-OF-"  # before an alias whose key KMS does not tell


def policy(target: Target, account: str | None = None, push: bool = False) -> dict[str, Any]:
    """Return an IAM policy for the secrets of an environment, by name; `account` is asked of AWS if not given."""
    region, key = target.settings.region, target.settings.secrets.kms_key
    place = f"{region}:{account or target.aws.account() or PLACEHOLDER}"
    # Secrets Manager adds six characters of its own to the name.
    names = sorted(item.name for item in declared(target.name, target.settings))
    arns = [f"arn:{partition(region)}:secretsmanager:{place}:secret:{name}-??????" for name in names]
    actions = (*PUSH, "UpdateSecret") if push and key else PUSH if push else READ
    statements = [_statement("Secrets", [f"secretsmanager:{action}" for action in sorted(actions)], arns)]
    if key:
        using = ["kms:Decrypt", "kms:GenerateDataKey"] if push else ["kms:Decrypt"]
        arn = _key_arn(target, key, place)
        statements.append(_statement("Key", using, [arn]) | {"Condition": {"StringEquals": through(region)}})
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def through(region: str, service: str = "secretsmanager") -> dict[str, str]:
    """Return the condition key, and its value, of calls of KMS that another service makes."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return {"kms:ViaService": f"{service}.{region}.{domain}"}


def partition(region: str) -> str:
    """Return the part of AWS that a region is in, as ARNs name it."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _key_arn(target: Target, key: str, place: str) -> str:
    """Return the key's ARN; IAM takes no alias for a key, so KMS is asked whose it is."""
    if key.startswith("arn:") and ":key/" in key:
        return key
    if "alias/" in key:
        known = target.aws.key_arn(key)
        return known or f"arn:{partition(target.settings.region)}:kms:{place}:key/{UNRESOLVED}{key.rpartition('/')[2]}"
    return f"arn:{partition(target.settings.region)}:kms:{place}:key/{key}"

"""What counts as a secret, here and in the maintenance DAG: rather too much than too little, since that still moves."""

from __future__ import annotations

import json
import re
from typing import Any

# What Airflow hides by name (secrets_masker.py, 2.4 to 3.3), and what else is called so.
NAMES = (
    *("access_key", "apikey", "api_key", "auth_header", "authorization", "bearer", "connection_string", "credential"),
    *("dsn", "keyfile", "oauth", "passphrase", "passwd", "password", "private", "proxies", "proxy", "pwd", "secret"),
    *("service_account", "service_key", "signature", "token", "webhook"),
)
MASK = "***"  # what Airflow shows in a secret's place
SHAPES = re.compile(
    r"-----BEGIN |://[^/\s@]*:[^/\s@]+@|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bxox[a-z.]*-|\bgh[pousr]_\w{20}|\beyJ[\w-]{10}"
    r"|hooks\.slack|\*{3}|[?&](?:sig|key|token|password|X-Amz-Signature)="
)
WORD = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
KINDS = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))  # of characters; a key made by chance has all
# Keys of a connection's extra whose values name things. Any other may be a secret.
PLAIN = (
    *("account", "application_name", "assume_role_method", "autocommit", "charset", "cluster", "cluster_id"),
    *("conn_max_age", "connect_timeout", "cursor", "database", "dataset", "dbname", "driver", "endpoint_url"),
    *("host", "http_path", "insecure_mode", "instance", "keepalives", "location", "log_level", "max_retries"),
    *("method", "num_retries", "ocsp_fail_open", "port", "project", "project_id", "protocol", "query_tag"),
    *("region", "region_name", "retries", "role", "role_arn", "schema", "session_parameters", "ssl_mode"),
    *("sslmode", "timeout", "timezone", "use_ssl", "verify", "verify_ssl", "warehouse", "workgroup"),
)


def secret_name(name: str) -> bool:
    """Say whether what is called so is a secret."""
    plain = name.lower().replace("-", "_")
    return plain.endswith("key") or any(word in plain for word in NAMES)


def secret_value(value: Any) -> bool:
    """Say whether a value, or anything in it, looks like a secret; a text may be JSON."""
    if isinstance(value, dict):
        return any(bool(one) and (secret_name(str(name)) or secret_value(one)) for name, one in value.items())
    if isinstance(value, list):
        return any(map(secret_value, value))
    return isinstance(value, str) and (_shaped(value) or _hides(value))


def _shaped(text: str) -> bool:
    by_chance = any(all(kind.search(word) for kind in KINDS) for word in WORD.findall(text))
    return by_chance or bool(SHAPES.search(text))


def _hides(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return secret_value(json.loads(text))
    except (ValueError, RecursionError):
        # As if it were JSON that cannot be read: nobody knows what is in there.
        return any(word in text.lower() for word in NAMES)


def secret_variable(key: str, value: Any) -> bool:
    """Say whether a variable is a secret."""
    return secret_name(key) or secret_value(value)

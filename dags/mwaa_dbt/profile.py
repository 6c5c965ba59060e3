"""The dbt profile: Cosmos' Snowflake mappings over the Airflow connection."""

from __future__ import annotations

from typing import Any, ClassVar

from cosmos import ProfileConfig
from cosmos.profiles import (
    SnowflakeEncryptedPrivateKeyPemProfileMapping,
    SnowflakePrivateKeyPemProfileMapping,
    SnowflakeUserPasswordProfileMapping,
)
from cosmos.profiles.snowflake.base import SnowflakeBaseProfileMapping

from mwaa_dbt.settings import Runtime, Snowflake


class SecretNames:
    """Give secrets to dbt in variables that it knows to be secret.

    It hides the value of a DBT_ENV_SECRET_… in its logs, keeps it out of what it stores for partial parsing, and
    refuses it to models; with Cosmos' own names (COSMOS_CONN_…) none of that holds.
    """

    airflow_connection_type: str

    @classmethod
    def get_env_var_name(cls, field_name: str) -> str:
        """Return the variable for a secret field (Cosmos' hook)."""
        return f"DBT_ENV_SECRET_{cls.airflow_connection_type}_{field_name}".upper()


class KeyPair(SecretNames, SnowflakePrivateKeyPemProfileMapping):
    """Log in with a private key in PEM."""


class EncryptedKeyPair(SecretNames, SnowflakeEncryptedPrivateKeyPemProfileMapping):
    """Log in with a private key in PEM that has a passphrase."""


class Password(SecretNames, SnowflakeUserPasswordProfileMapping):
    """Log in with a password; Snowflake refuses that to services, the rehearsal does not."""


class WorkloadIdentity(SnowflakeBaseProfileMapping):
    """Log in as the execution role that MWAA's containers have; Cosmos has no such mapping."""

    airflow_connection_type = "snowflake"
    dbt_profile_type = "snowflake"
    required_fields: ClassVar = [
        "account",
        "database",
        "warehouse",
        "schema",
        "authenticator",
        "workload_identity_provider",
    ]
    airflow_param_mapping: ClassVar = {
        "account": "extra.account",
        "user": "login",
        "database": "extra.database",
        "warehouse": "extra.warehouse",
        "schema": "schema",
        "role": "extra.role",
        "authenticator": "extra.authenticator",
        "workload_identity_provider": "extra.workload_identity_provider",
        "host": "extra.host",
        "port": "extra.port",
        "query_tag": "extra.query_tag",
    }

    @property
    def profile(self) -> dict[str, Any]:
        """Return the fields of the profile (Cosmos' hook)."""
        return {key: value for key, value in super().profile.items() if value is not None}


MAPPINGS = {
    "key_pair": KeyPair,
    "encrypted_key_pair": EncryptedKeyPair,
    "workload_identity": WorkloadIdentity,
    "password": Password,
}


def profile_config(project: str, runtime: Runtime) -> ProfileConfig:
    """Return the profile of a dbt project, the same in the build as in a task.

    dbt reuses partial_parse.msgpack only if profile, target and the connection's fields without secrets
    hash to what they were at the build, so both sides get them from here.
    """
    mapped = mapping(project, runtime.environment.snowflake)
    return ProfileConfig(profile_name=project, target_name=runtime.name, profile_mapping=mapped)


def mapping(project: str, snowflake: Snowflake) -> SnowflakeBaseProfileMapping:
    """Return what makes a dbt project's profile of the Airflow connection."""
    arguments = _arguments(project, snowflake)
    return MAPPINGS[snowflake.authentication](conn_id=snowflake.connection, profile_args=arguments)


def _arguments(project: str, snowflake: Snowflake) -> dict[str, str | int]:
    arguments: dict[str, str | int | None] = {
        "schema": snowflake.schema.replace("{project}", project.replace("-", "_")),
        "threads": snowflake.threads,
        "protocol": snowflake.protocol,
    }
    return {key: value for key, value in arguments.items() if value is not None}

"""The dbt profile: Cosmos' Snowflake mappings over the Airflow connection."""

from __future__ import annotations

from cosmos import ProfileConfig
from cosmos.profiles import (
    SnowflakeEncryptedPrivateKeyPemProfileMapping,
    SnowflakePrivateKeyPemProfileMapping,
    SnowflakeUserPasswordProfileMapping,
)

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


MAPPINGS = {"key_pair": KeyPair, "encrypted_key_pair": EncryptedKeyPair, "password": Password}


def profile_config(project: str, runtime: Runtime) -> ProfileConfig:
    """Return the profile of a dbt project, the same in the build as in a task.

    dbt reuses partial_parse.msgpack only if profile, target and the connection's fields without secrets
    hash to what they were at the build, so both sides get them from here.
    """
    snowflake = runtime.environment.snowflake
    mapping = MAPPINGS[snowflake.authentication](
        conn_id=snowflake.connection, profile_args=_arguments(project, snowflake)
    )
    return ProfileConfig(profile_name=project, target_name=runtime.name, profile_mapping=mapping)


def _arguments(project: str, snowflake: Snowflake) -> dict[str, str | int]:
    arguments: dict[str, str | int | None] = {
        "schema": snowflake.schema.replace("{project}", project.replace("-", "_")),
        "threads": snowflake.threads,
        "protocol": snowflake.protocol,
    }
    return {key: value for key, value in arguments.items() if value is not None}

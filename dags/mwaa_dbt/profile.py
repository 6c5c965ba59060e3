"""The dbt profile: Cosmos' Snowflake mappings over the Airflow connection."""

from __future__ import annotations

from cosmos import ProfileConfig
from cosmos.profiles import (
    SnowflakeEncryptedPrivateKeyPemProfileMapping,
    SnowflakePrivateKeyPemProfileMapping,
    SnowflakeUserPasswordProfileMapping,
)

from mwaa_dbt.settings import Runtime, Snowflake

MAPPINGS = {
    "key_pair": SnowflakePrivateKeyPemProfileMapping,
    "encrypted_key_pair": SnowflakeEncryptedPrivateKeyPemProfileMapping,
    "password": SnowflakeUserPasswordProfileMapping,
}


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

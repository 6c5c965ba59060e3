"""A small project's settings.toml with one environment, `prod`."""

from __future__ import annotations

TEXT = """
[project]
name = "shop"
airflow_version = "3.3.1"

[environments.prod]
region = "eu-central-1"
bucket = "{bucket}"
{between}
[environments.prod.snowflake]
authentication = "key_pair"
account = "org-acc"
user = "MWAA_DBT"
role = "TRANSFORMER"
warehouse = "WH"
database = "ANALYTICS"

[environments.prod.slack]
channel = "#alerts"
"""


def settings(bucket: str, table: str, **values: str) -> str:
    """Return the file's text, with a further table of `prod`."""
    lines = "".join(f'{key} = "{value}"\n' for key, value in values.items())
    return TEXT.format(bucket=bucket, between=f"\n[environments.prod.{table}]\n{lines}")

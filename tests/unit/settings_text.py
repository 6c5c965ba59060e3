"""The smallest settings.toml with an environment."""

TEXT = """\
[project]
name = "shop"
airflow_version = "3.3.1"

[environments.dev]
region = "eu-central-1"
bucket = "shop-dev"
slack = {channel = "#alerts"}

[environments.dev.snowflake]
account = "a"
user = "u"
role = "r"
warehouse = "w"
database = "d"
authentication = "key_pair"
"""

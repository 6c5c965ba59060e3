"""Configuration options: this project's, as MWAA and as environment variables take them."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from mwaa_dbt.settings import Environment, Slack, Snowflake
from scripts.options import MWAA_DEFAULTS, MWAA_FORCED, as_variables, project_options

ENVIRONMENT = Environment(
    region="eu-central-1",
    bucket="shop-dev",
    snowflake=Snowflake("a", "u", "r", "w", "d", "key_pair", connection="snowflake_shop"),
    slack=Slack("#alerts", connection="slack_shop"),
)


def pattern(environment: Environment = ENVIRONMENT) -> str:
    """Return the pattern of connections that the secrets backend is asked for."""
    return str(json.loads(project_options(environment)["secrets.backend_kwargs"])["connections_lookup_pattern"])


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        ("core.parallelism", "AIRFLOW__CORE__PARALLELISM"),
        ("secrets.backend_kwargs", "AIRFLOW__SECRETS__BACKEND_KWARGS"),
        ("usage_data_collection.enabled", "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"),
    ],
)
def test_option_becomes_variable(option: str, variable: str) -> None:
    """section.option is the variable that Airflow reads, with its value untouched."""
    assert as_variables({option: "A b=C"}) == {variable: "A b=C"}


@pytest.mark.parametrize(
    ("connection", "asked"),
    [
        ("snowflake_shop", True),
        ("slack_shop", True),
        ("aws_default", False),
        ("snowflake_default", False),
        ("snowflake_shop_2", False),
        ("my_snowflake_shop", False),
        ("", False),
    ],
)
def test_backend_is_asked_for_ours(connection: str, asked: bool) -> None:
    """Secrets Manager is asked for our two connections only: each call costs time and money."""
    # The provider matches from the beginning of the id (secrets_manager.py).
    assert bool(re.match(pattern(), connection)) is asked


def test_dot_in_connection_is_a_dot() -> None:
    """A connection id is text, not a pattern."""
    snowflake = dataclasses.replace(ENVIRONMENT.snowflake, connection="shop.main")
    assert not re.match(pattern(dataclasses.replace(ENVIRONMENT, snowflake=snowflake)), "shopxmain")


def test_one_connection_for_both() -> None:
    """Two settings with one id are one alternative."""
    slack = dataclasses.replace(ENVIRONMENT.slack, connection="snowflake_shop")
    assert pattern(dataclasses.replace(ENVIRONMENT, slack=slack)) == "^(snowflake_shop)$"


def test_workers_have_the_same_backend() -> None:
    """Workers read their own two options, so both must say the same."""
    options = project_options(ENVIRONMENT)
    assert options["workers.secrets_backend"] == options["secrets.backend"]
    assert options["workers.secrets_backend_kwargs"] == options["secrets.backend_kwargs"]


def test_backend_reads_no_variables() -> None:
    """Neither Variables nor configuration are looked for in Secrets Manager."""
    kwargs = json.loads(project_options(ENVIRONMENT)["secrets.backend_kwargs"])
    assert (kwargs["variables_prefix"], kwargs["config_prefix"]) == (None, None)
    assert kwargs["connections_prefix"] == "airflow/connections"


def test_settings_have_last_word() -> None:
    """An option of settings.toml wins, and others are added."""
    own = {"core.lazy_load_plugins": "True", "core.parallelism": "8"}
    options = project_options(dataclasses.replace(ENVIRONMENT, airflow=own))
    assert options == {**project_options(ENVIRONMENT), **own}
    assert options["core.lazy_load_plugins"] == "True"


def test_project_forces_nothing_of_mwaa() -> None:
    """MWAA overwrites what it forces, so the project must not rely on setting it."""
    assert not project_options(ENVIRONMENT).keys() & MWAA_FORCED.keys()


@pytest.mark.parametrize("options", [MWAA_DEFAULTS, MWAA_FORCED, project_options(ENVIRONMENT)])
def test_options_are_texts(options: dict[str, str]) -> None:
    """MWAA's API takes texts, each named section.option."""
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", name) for name in options)
    assert all(type(value) is str for value in options.values())

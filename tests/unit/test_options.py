"""Configuration options: this project's, as MWAA and as environment variables take them."""

from __future__ import annotations

import json
import re

import pytest

from mwaa_dbt.settings import Connection, Environment, Secrets, Slack, Snowflake
from scripts.options import MWAA_DEFAULTS, MWAA_FORCED, SINCE, as_variables, of_version, project_options
from scripts.secrets.declared import declared

ENVIRONMENT = Environment(
    region="eu-central-1",
    bucket="shop-dev",
    snowflake=Snowflake("a", "u", "r", "w", "d", "key_pair", connection="snowflake_shop"),
    slack=Slack("#alerts", connection="slack_shop"),
)


def pattern(environment: Environment = ENVIRONMENT) -> str:
    """Return the pattern of connections that the secrets backend is asked for."""
    return str(lookups(environment)["connections_lookup_pattern"])


def lookups(environment: Environment) -> dict[str, str | None]:
    """Return what the backend is told of where to look."""
    return dict(json.loads(project_options(environment)["secrets.backend_kwargs"]))


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
    snowflake = ENVIRONMENT.snowflake._replace(connection="shop.main")
    assert not re.match(pattern(ENVIRONMENT._replace(snowflake=snowflake)), "shopxmain")


def test_further_connections_are_asked_for() -> None:
    """A connection of settings.toml's own is asked for, too; the pattern begins and ends where ids do."""
    more = ENVIRONMENT._replace(connections={"crm": Connection("http")})
    assert pattern(more) == "^(crm|slack_shop|snowflake_shop)$"


def test_without_slack_its_connection_is_not_asked_for() -> None:
    """An environment without the table `slack` has no such connection, and declares no such secret."""
    silent = ENVIRONMENT._replace(slack=None)
    assert pattern(silent) == "^(snowflake_shop)$"
    assert [item.id for item in declared("dev", silent)] == ["snowflake_shop"]


@pytest.mark.parametrize("prefix", ["airflow/shop", "airflow/shop/"])
def test_prefix_is_settings(prefix: str) -> None:
    """Secrets are looked for below settings.toml's prefix, with or without a slash at its end."""
    kwargs = lookups(ENVIRONMENT._replace(secrets=Secrets(prefix), variables={"a.b": ""}))
    assert (kwargs["connections_prefix"], kwargs["variables_prefix"]) == (
        "airflow/shop/connections",
        "airflow/shop/variables",
    )


@pytest.mark.parametrize(
    ("variable", "asked"),
    [("country", True), ("a.b", True), ("axb", False), ("cosmos_xcom_backup__dag__run", False), ("countr", False)],
)
def test_variables_are_asked_for_by_name(variable: str, asked: bool) -> None:
    """Only declared variables are looked for, and never those in which Cosmos keeps its state."""
    kwargs = lookups(ENVIRONMENT._replace(variables={"country": "ch", "a.b": ""}))
    assert bool(re.match(str(kwargs["variables_lookup_pattern"]), variable)) is asked


@pytest.mark.parametrize("version", ["2.11.0", "2.10.3"])
def test_airflow_2_has_no_options_for_workers(version: str) -> None:
    """Before Airflow 3 there is one backend for all, and MWAA would refuse an option that it does not know."""
    options = project_options(ENVIRONMENT, version)
    assert [name for name in options if name.startswith("workers.")] == []
    assert options["secrets.backend_kwargs"] == project_options(ENVIRONMENT, "3.3.1")["secrets.backend_kwargs"]
    own = ENVIRONMENT._replace(airflow={"workers.own": "1"})
    assert project_options(own, version)["workers.own"] == "1"


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
    options = project_options(ENVIRONMENT._replace(airflow=own))
    assert options == {**project_options(ENVIRONMENT), **own}
    assert options["core.lazy_load_plugins"] == "True"


def test_project_forces_nothing_of_mwaa() -> None:
    """MWAA overwrites what it forces, so the project must not rely on setting it."""
    assert not project_options(ENVIRONMENT).keys() & MWAA_FORCED.keys()


@pytest.mark.parametrize(("version", "count"), [("2.11.2", 7), ("3.0.6", 9), ("3.2.1", 14), ("3.3.1", 14)])
def test_mwaas_options_are_of_the_version(version: str, count: int) -> None:
    """An image sets what its own Airflow knows."""
    assert SINCE.keys() <= MWAA_DEFAULTS.keys() | MWAA_FORCED.keys()
    assert len(of_version(MWAA_DEFAULTS | MWAA_FORCED, version)) == count


def test_ignore_file_is_read_as_written() -> None:
    """Airflow 2 is told of the syntax that Airflow 3 takes for granted."""
    assert project_options(ENVIRONMENT, "2.11.2")["core.dag_ignore_file_syntax"] == "glob"
    assert "core.dag_ignore_file_syntax" not in project_options(ENVIRONMENT, "3.0.6")


@pytest.mark.parametrize("options", [MWAA_DEFAULTS, MWAA_FORCED, project_options(ENVIRONMENT)])
def test_options_are_texts(options: dict[str, str]) -> None:
    """MWAA's API takes texts, each named section.option."""
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", name) for name in options)
    assert all(type(value) is str for value in options.values())

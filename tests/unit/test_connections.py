"""Airflow connections: just the keys that the backend keeps, and no secret where it can be seen."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

import pytest

from mwaa_dbt.settings import Connection, Environment, Secrets, Slack, Snowflake
from scripts import connections

SNOWFLAKE = Snowflake("org-acc", "DBT", "TRANSFORMER", "WH", "DB", "password")
PEM = "-----BEGIN PRIVATE KEY-----\nMIIE=\n-----END PRIVATE KEY-----\n"
KEPT = {"conn_type", "login", "password", "schema", "extra"}
"""What Airflow's Secrets Manager backend keeps of a JSON secret besides host and port."""


def connection(secret: str, **changes: Any) -> dict[str, Any]:
    """Return the Snowflake connection of an environment with these settings."""
    snowflake = SNOWFLAKE._replace(**changes)
    return connections.snowflake(Environment("eu-central-1", "b", snowflake, Slack("#x")), secret)


@pytest.mark.parametrize("authentication", ["password", "key_pair", "encrypted_key_pair"])
def test_only_known_keys(authentication: Literal["password", "key_pair", "encrypted_key_pair"]) -> None:
    """The backend drops a key that it does not know in silence, so there is none."""
    made = connection("secret", authentication=authentication)
    assert made.keys() <= KEPT
    assert made["conn_type"] == "snowflake"
    assert made["login"] == "DBT"


def test_facts_are_in_extra() -> None:
    """What only Snowflake knows is in extra; what is not set is left out."""
    facts = {"account": "org-acc", "warehouse": "WH", "database": "DB", "role": "TRANSFORMER"}
    assert connection("secret")["extra"] == facts
    more = {"host": "snowflake.localhost", "port": 80, "query_tag": "dbt"}
    assert connection("secret", **more)["extra"] == {**facts, **more}


def test_password_is_the_password() -> None:
    """With a password there is no key."""
    made = connection("hunter2")
    assert made["password"] == "hunter2"
    assert "hunter2" not in json.dumps(made["extra"])


@pytest.mark.parametrize("authentication", ["key_pair", "encrypted_key_pair"])
def test_key_is_base64_in_extra(authentication: str) -> None:
    """The provider wants the PEM in base64; the key is no password."""
    made = connection(PEM, authentication=authentication)
    assert base64.b64decode(made["extra"]["private_key_content"]).decode() == PEM
    assert made.get("password") != PEM
    assert "PRIVATE KEY" not in json.dumps(made)


def test_key_pair_has_no_password() -> None:
    """A key without a passphrase comes without a password, else the provider would take it for encrypted."""
    assert "password" not in connection(PEM, authentication="key_pair")


def test_connection_survives_json() -> None:
    """Secrets Manager keeps a text, so the connection is JSON through and through."""
    made = connection(PEM, authentication="key_pair", port=443)
    assert json.loads(json.dumps(made)) == made


def test_slack_token_is_the_password() -> None:
    """Slack's own API needs no more than the token; another one is named in extra."""
    assert connections.slack("xoxb") == {"conn_type": "slack", "password": "xoxb", "extra": {}}
    assert connections.slack("xoxb", "http://sink/api/")["extra"] == {"base_url": "http://sink/api/"}
    assert connections.slack("xoxb", "http://sink/api/").keys() <= KEPT


def test_webhook_is_the_password() -> None:
    """An incoming webhook's whole URL is the password, in a connection of its own type."""
    made = connections.slack("https://hooks.slack.com/services/T/B/x", kind="slackwebhook")
    assert made == {"conn_type": "slackwebhook", "password": "https://hooks.slack.com/services/T/B/x", "extra": {}}


def test_workload_identity_has_no_secret() -> None:
    """With the role's own identity nothing that is given is stored."""
    made = connection("hunter2", authentication="workload_identity")
    assert made.keys() == {"conn_type", "login", "schema", "extra"}
    assert "hunter2" not in json.dumps(made)
    assert made["extra"]["authenticator"] == "WORKLOAD_IDENTITY"
    assert made["extra"]["workload_identity_provider"] == "AWS"


def test_other_connection_has_only_its_fields() -> None:
    """A further connection has what settings.toml says of it."""
    made = connections.other_fields(Connection("http", host="https://crm", port=1, extra={"a": 1}))
    assert made == {"conn_type": "http", "host": "https://crm", "port": 1, "extra": {"a": 1}}


@pytest.mark.parametrize(
    ("prefix", "name"), [("airflow/", "airflow/connections/x"), ("", "connections/x"), ("/a", "/a/connections/x")]
)
def test_name_has_the_prefix(prefix: str, name: str) -> None:
    """A secret's name is what the backend makes of prefix and id."""
    environment = Environment("eu-central-1", "b", SNOWFLAKE, Slack("#x"), secrets=Secrets(prefix))
    assert connections.secret_name(environment, "x") == name


@pytest.mark.parametrize("secret", [None, 7])
def test_error_keeps_the_secret(secret: Any) -> None:
    """What goes wrong in making a connection tells nothing of the secret."""
    with pytest.raises((AttributeError, TypeError)) as caught:
        connection(secret, authentication="key_pair")
    assert str(secret) not in repr(caught.value).replace("NoneType", "")

"""An environment of Airflow 2: its processes, its options, and where MWAA's own pages lead."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
import requests

from scripts.local import state
from scripts.local.executor import Executor
from tests.local.conftest import NAME, Stand, standing

VERSION = "2.11.2"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, aws_port: int) -> Iterator[Stand]:
    """Start an environment for all tests of this file, which leave it as it is."""
    with standing(tmp_path_factory.mktemp("old"), aws_port, Executor(), VERSION) as stand:
        yield stand


def test_web_server_is_airflow_2s(old: Stand) -> None:
    """Where Airflow 3 has an API server, Airflow 2 has the webserver; GetEnvironment tells the version."""
    assert set(old.members) == {"scheduler", "dag-processor", "triggerer", "webserver", "mwaa"}
    assert old.environment["AirflowVersion"] == VERSION


def test_options_are_airflow_2s(old: Stand) -> None:
    """It is told nothing that only Airflow 3 knows, and gets a database on which tasks run side by side."""
    container = json.loads((state.folder(old.paths) / "container.json").read_text())
    variables = {name: value for name, value in container["variables"].items() if name.startswith("AIRFLOW__")}
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("postgresql+psycopg2://")
    assert variables["AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL"] == "5"
    assert variables["AIRFLOW__WEBSERVER__WEB_SERVER_HOST"] == "127.0.0.1"
    newer = ("API_AUTH", "DAG_PROCESSOR", "EXECUTION_API", "FAB", "TRIGGERER", "WORKERS")
    assert [name for name in variables if name.split("__")[1] in newer] == []


def test_rest_api_is_v1(old: Stand) -> None:
    """InvokeRestApi leads to Airflow 2's API, which asks for no token there."""
    asked = old.client.invoke_rest_api(Name=NAME, Path="/dags", Method="GET")["RestApiResponse"]
    assert (asked["path"], asked["authorization"]) == ("/api/v1/dags", None)


def test_login_makes_a_session(old: Stand) -> None:
    """A token is changed into Airflow's own cookie, at Airflow 2's address and no other."""
    made = old.client.create_web_login_token(Name=NAME)
    url, form = f"http://{made['WebServerHostname']}", {"token": made["WebToken"]}
    answer = requests.post(f"{url}/aws_mwaa/login", data=form, timeout=10)
    assert (answer.status_code, answer.cookies["session"]) == (200, "a-visitor")
    assert requests.post(f"{url}/pluginsv2/aws_mwaa/login", data=form, timeout=10).status_code == 404
    assert requests.post(f"{url}/aws_mwaa/login", data={"token": "wrong"}, timeout=10).status_code == 403
    assert '"/aws_mwaa/login"' in requests.get(f"{url}/aws_mwaa/aws-console-sso", timeout=10).text
    asked = requests.get(f"{url}/api/v1/dags", cookies=answer.cookies, timeout=10).json()
    assert "session=a-visitor" in asked["cookie"]


def test_commands_are_airflow_2s(old: Stand) -> None:
    """The command line takes what MWAA takes of that version."""
    made = old.client.create_cli_token(Name=NAME)
    headers = {"Authorization": f"Bearer {made['CliToken']}", "Content-Type": "text/plain"}
    url = f"http://{made['WebServerHostname']}/aws_mwaa/cli"
    answer = requests.post(url, data="tasks run shop one now", headers=headers, timeout=60).json()
    assert json.loads(base64.b64decode(answer["stdout"]))["words"] == ["tasks", "run", "shop", "one", "now"]
    assert requests.post(url, data="backfill create", headers=headers, timeout=60).status_code == 400

"""What is not sent to Airflow's CLI: commands that MWAA does not run, and secrets in arguments."""

from __future__ import annotations

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.guard import check_command, check_secrets, exposed
from scripts.aws import Aws

PASSWORD = "hunter2hunter2"


def environment(version: str) -> Environment:
    """Return production with another version of Airflow; nothing is asked of it."""
    aws = Aws("eu-central-1", "http://127.0.0.1:9", "http://127.0.0.1:9")
    return Environment("prod", aws, aws.environment("mwaa-dbt-prod"), {"AirflowVersion": version})


@pytest.mark.parametrize(
    ("version", "words", "said"),
    [
        ("3.3.1", "pools list", "--region eu-central-1 --name mwaa-dbt-prod --method GET --path /pools`"),
        ("3.3.1", "connections list", "`mwaa secrets diff --env prod`"),
        ("3.3.1", "variables import x", "`mwaa secrets push`"),
        ("3.3.1", "users create", "IAM decides who logs in"),
        ("3.3.1", "scheduler", "MWAA runs and keeps that itself"),
        ("3.3.1", "db migrate", "`db clean` is what it leaves to you"),
        ("3.3.1", "dags lst", "Did you mean 'dags list'?"),
        ("3.3.1", "dags", "`dags` alone is no command."),
        ("3.3.1", "dags --help", "use one of: dags "),
        ("3.3.1", "nonsense more", "use one of: "),
        ("3.3.1", "tasks run a b c", "`mwaa trigger <dag> --select <model> --env prod`"),
        ("3.3.1", "dags backfill shop", "`mwaa airflow --env prod backfill create`"),
        ("2.11.2", "backfill create", "`mwaa airflow --env prod dags backfill`"),
    ],
)
def test_refused_commands(version: str, words: str, said: str) -> None:
    """What MWAA does not run is answered with what does it instead, or with the close command."""
    with pytest.raises(ProjectError) as caught:
        check_command(environment(version), words.split())
    assert said in str(caught.value)


@pytest.mark.parametrize("words", ["dags list -o json", "version", "variables set a b", "tasks clear shop -y"])
@pytest.mark.parametrize("version", ["2.11.2", "3.3.1"])
def test_allowed_commands(version: str, words: str) -> None:
    """What MWAA runs passes, whatever options it has."""
    check_command(environment(version), words.split())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("connections", "add", "x", "--conn-password", PASSWORD), "--conn-password"),
        (("connections", "add", "x", f"--conn-pass={PASSWORD}"), "--conn-pass"),
        (("connections", "add", "x", "--conn-uri", f"http://me:{PASSWORD}@example.com"), "--conn-uri"),
        (("connections", "add", "x", f'--conn-json={{"extra": {{"private_key": "{PASSWORD}"}}}}'), "--conn-json"),
        (("connections", "add", "x", "--conn-extra", f"{{'password': '{PASSWORD}'}}"), "--conn-extra"),
        (("variables", "set", "API_TOKEN", PASSWORD), "variable 'API_TOKEN'"),
        (("variables", "set", "-j", "crm", f'{{"client_secret": "{PASSWORD}"}}'), "an argument"),
        (("dags", "trigger", "shop", "-c", f'{{"crm": [{{"password": "{PASSWORD}"}}]}}'), "-c"),
    ],
)
def test_secrets(words: tuple[str, ...], name: str) -> None:
    """The argument is named, its value is not, and the command that stores it is told."""
    assert exposed(words) == name
    with pytest.raises(ProjectError) as caught:
        check_secrets(environment("3.3.1"), words)
    assert "`mwaa secrets push --env prod`" in caught.value.fix
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ("connections", "add", "x", "--conn-type", "http", "--conn-port", "80", "--conn-host", "example.com"),
        ("connections", "add", "x", "--conn-uri", "http://me@example.com/?a=b"),
        ("variables", "set", "country", "ch"),
        ("variables", "set", "limits", '{"rows": 3, "token": ""}'),
        ("tasks", "clear", "shop", "-t", "token.*", "-y"),
        ("dags", "trigger", "shop", "-c", "[1, 2]"),
        ("dags", "trigger", "shop", "-c", "http://[half"),
    ],
)
def test_plain_arguments(words: tuple[str, ...]) -> None:
    """What holds no secret passes."""
    assert exposed(words) is None
    check_secrets(environment("3.3.1"), words)

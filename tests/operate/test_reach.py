"""Environments that are not there, not ready, not reachable or not allowed: each told in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from scripts.airflow.web import Bearer, new_session
from tests.operate.answers import Dag
from tests.operate.conftest import LONG, Project
from tests.operate.server import NAME


def refused(project: Project, *words: str) -> str:
    """Return the error of a verb that cannot work."""
    done = project.mwaa(*words)
    assert (done.code, done.out) == (1, ""), done
    return done.err


def test_unknown_environment(project3: Project) -> None:
    """settings.toml has no such table."""
    code, _, err = project3.raw("dags", "--env", "prdo")
    assert (code, b"There is no environment 'prdo'. Did you mean 'prod'?" in err) == (1, True)


def test_no_environment_named(project3: Project) -> None:
    """A table without an MWAA environment has only a bucket."""
    project3.edit(f'[environments.prod.mwaa]\nname = "{NAME}"\n', "")
    assert "add [environments.prod.mwaa] with its `name" in refused(project3, "dags")


def test_absent_environment(project3: Project) -> None:
    """AWS knows none of this name: the close one of the region is told, unless these credentials may not list."""
    project3.edit(NAME, "mwaa-dbt-prd")
    told = refused(project3, "dags")
    assert f"There is no MWAA environment 'mwaa-dbt-prd' in eu-central-1. Did you mean '{NAME}'?" in told
    assert f"MWAA has there: {NAME}, another" in told


@pytest.mark.parametrize(
    ("status", "fix"),
    [("CREATING", "mwaa env wait"), ("UNAVAILABLE", "mwaa env status"), ("CREATE_FAILED", "mwaa env status")],
)
def test_environment_without_web_server(project3: Project, status: str, fix: str) -> None:
    """In these states there is nothing to ask, and nothing is asked."""
    project3.cloud.described["Status"] = status
    told = refused(project3, "dags")
    assert f"{NAME} is {status}: it has no web server to ask." in told
    assert f"`{fix} --env prod`" in told
    assert project3.cloud.calls == []


def test_environment_that_is_updated(project3: Project) -> None:
    """During an update the web server mostly answers; where it does not, the update is named."""
    project3.cloud.described["Status"] = "UPDATING"
    assert project3.mwaa("runs", "shop").code == 0
    project3.cloud.faults = [("GET", 503)] * 3
    assert f"Airflow does not answer (503): upstream connect error {NAME} is UPDATING." in refused(
        project3, "runs", "shop"
    )
    project3.cloud.faults = [("GET", 503)] * 2
    assert project3.mwaa("runs", "shop").code == 0


def test_private_web_server(project: Project) -> None:
    """A private web server that cannot be reached says so, whichever way leads to it, and never by a trace."""
    project.cloud.described["WebserverAccessMode"] = "PRIVATE_ONLY"
    project.cloud.dags[LONG] = Dag(LONG)
    assert project.mwaa("runs", LONG).code == 0
    project.cloud.unreachable = True
    for words in (("runs", LONG), ("airflow", "version")):
        told = refused(project, *words)
        assert "The web server does not answer: no connection" in told
        assert f"The web server of {NAME} is private (PRIVATE_ONLY): only its VPC reaches it." in told
        assert "run it inside that VPC, or through a VPN into it" in told
    project.cloud.denied = {"InvokeRestApi"}
    assert "is private (PRIVATE_ONLY)" in refused(project, "dags")


@pytest.mark.parametrize(
    ("operation", "words", "resource"),
    [
        ("GetEnvironment", ("dags",), f"environment/{NAME}"),
        ("InvokeRestApi", ("dags",), f"role/{NAME}/User"),
        ("CreateWebLoginToken", ("open", "--print"), f"role/{NAME}/User"),
        ("CreateWebLoginToken", ("runs", LONG), f"role/{NAME}/User"),
        ("CreateCliToken", ("airflow", "version"), f"environment/{NAME}"),
    ],
)
def test_denied(project3: Project, operation: str, words: tuple[str, ...], resource: str) -> None:
    """What IAM denies is told with the statement that allows it, which names the right resource."""
    project3.cloud.dags[LONG] = Dag(LONG)
    project3.cloud.denied = {operation}
    told = refused(project3, *words)
    assert f"There is no permission for airflow:{operation}." in told
    line = f'"Action": "airflow:{operation}", "Resource": "arn:aws:airflow:REGION:ACCOUNT:{resource}"'
    assert line in told
    assert "uploaded" not in told


def test_outdated_environment(project3: Project) -> None:
    """An environment that is older than InvokeRestApi wants an update, whose command is told."""
    project3.cloud.outdated = True
    told = refused(project3, "dags")
    assert "The environment is older than MWAA's InvokeRestApi" in told
    assert f"`aws mwaa update-environment --name {NAME} --region eu-central-1`" in told


def test_session_is_renewed(project: Project) -> None:
    """A token that is refused at the login is asked for once more; a second refusal is told."""
    project.cloud.dags[LONG] = Dag(LONG)
    project.cloud.stale_tokens = 1
    assert project.mwaa("runs", LONG).code == 0
    project.cloud.stale_tokens = 9
    assert "not even a second one: it answers 403" in refused(project, "runs", LONG)


def test_airflow_refuses(project3: Project) -> None:
    """Airflow's own refusal is told with its status and words."""
    project3.cloud.faults = [("GET /dags/shop", 409)]
    told = refused(project3, "runs", "shop")
    assert "Airflow refused (409): upstream connect error" in told
    assert "GET dags/shop" in told


def test_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ~/.netrc has for the web server's host would take the token's place."""
    (tmp_path / "netrc").write_text("machine example.com login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    request = requests.Request("GET", "https://example.com/api/v2/dags")
    session = new_session("https://example.com")
    assert "Authorization" not in session.prepare_request(request).headers
    session.auth = Bearer("mwaa")
    assert session.prepare_request(request).headers["Authorization"] == "Bearer mwaa"
    session.auth = None
    assert str(session.prepare_request(request).headers["Authorization"]).startswith("Basic ")

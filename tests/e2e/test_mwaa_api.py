"""The rehearsal's MWAA API with the real Airflow behind it, and clients that nobody here wrote.

They are the AWS CLI, boto3, requests as MWAA's user guide uses it, Airflow's own hook for MWAA, and a browser.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from scripts.local import state
from scripts.target import find_target
from tests.command import MWAA
from tests.e2e.conftest import Project, copy_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NAME = "mwaa-dbt-local"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Its second way, by a web token and https, is that of a role that may not call InvokeRestApi.
HOOK = """
from airflow.providers.amazon.aws.hooks.mwaa import MwaaHook
hook = MwaaHook(aws_conn_id=None, region_name="eu-central-1")
for local in (False, True):
    done = hook.invoke_rest_api(
        "mwaa-dbt-local", "/dags/jaffle_shop", "GET", generate_local_token=local, airflow_version=3
    )
    print("found", done["RestApiStatusCode"], done["RestApiResponse"]["dag_id"])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start a rehearsal of this file's own, since an update replaces its processes, and end it."""
    copy = copy_project(tmp_path_factory.mktemp("front"))
    up = copy.up()
    assert up.code == 0, up.err
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="module")
def pointed(project: Project) -> dict[str, Any]:
    """Return how a client finds the rehearsal, once Airflow has its DAGs."""
    found = dict(json.loads(project.mwaa("local", "api", "--json").out))
    airflow = state.needed(project.paths).url("airflow")
    end, url = time.monotonic() + 60, f"{airflow}/api/v2/dags/jaffle_shop"
    while requests.get(url, timeout=30).status_code != 200 and time.monotonic() < end:
        time.sleep(0.5)
    return found


def aws(project: Project, pointed: dict[str, Any], *words: str) -> Any:
    """Run the AWS CLI and return its JSON."""
    name = () if words[0] == "list-environments" else ("--name", NAME)
    done = subprocess.run(
        [MWAA.with_name("aws"), "mwaa", *words, *name, "--output", "json"],
        cwd=project.paths.root,
        env=pointed["variables"] | {"HOME": str(project.paths.root), "PATH": str(MWAA.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def command(project: Project, pointed: dict[str, Any], line: str) -> tuple[int, str, str]:
    """Run a command of Airflow's as MWAA's user guide does, by https; return status and both outputs."""
    made = aws(project, pointed, "create-cli-token")
    answer = requests.post(
        f"https://{made['WebServerHostname']}/aws_mwaa/cli",
        headers={"Authorization": f"Bearer {made['CliToken']}", "Content-Type": "text/plain"},
        data=line,
        verify=pointed["certificate"],
        timeout=120,
    )
    out, err = (base64.b64decode(answer.json()[name]).decode() for name in ("stdout", "stderr"))
    return answer.status_code, out, err


def test_aws_cli_asks_airflow(project: Project, pointed: dict[str, Any]) -> None:
    """The AWS CLI finds the environment and Airflow's own answers."""
    assert aws(project, pointed, "list-environments") == {"Environments": [NAME]}
    assert aws(project, pointed, "get-environment")["Environment"]["Status"] == "AVAILABLE"
    asked = aws(project, pointed, "invoke-rest-api", "--path", "/dags", "--method", "GET")
    dags = {dag["dag_id"] for dag in asked["RestApiResponse"]["dags"]}
    assert {"jaffle_shop", "finance", "mwaa_check"} <= dags


def test_airflow_cli_runs(project: Project, pointed: dict[str, Any]) -> None:
    """Commands of the real Airflow work on its metadata, and fail as it fails."""
    status, out, _ = command(project, pointed, "dags list -o json")
    assert status == 200
    assert {"jaffle_shop", "finance"} <= {dag["dag_id"] for dag in json.loads(out.strip().splitlines()[-1])}
    assert command(project, pointed, "variables set colour 'dark red'")[0] == 200
    assert command(project, pointed, "variables get colour")[1].strip().endswith("\ndark red")
    status, _, err = command(project, pointed, "dags trigger nowhere")
    assert (status, "Dag id nowhere not found" in err) == (400, True)
    told = "This command is not allowed on MWAA: 'config list'.\n"
    assert command(project, pointed, "config list") == (400, "", told)


def test_airflow_hook_works(project: Project, pointed: dict[str, Any], tmp_path: Path) -> None:
    """Airflow's own hook asks both ways: by InvokeRestApi, and by a web token and https."""
    python = project.paths.state / "airflow-3.3.1" / "bin" / "python"
    environment = {"AIRFLOW_HOME": str(tmp_path), "REQUESTS_CA_BUNDLE": pointed["certificate"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [python, "-c", HOOK], env=environment | pointed["variables"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^found .*", done.stdout, re.MULTILINE) == ["found 200 jaffle_shop"] * 2


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_browser_sees_airflow(project: Project, pointed: dict[str, Any], tmp_path: Path) -> None:
    """The console's login URL ends on Airflow's own page, with a user signed in."""
    made = aws(project, pointed, "create-web-login-token")
    url = f"http://{made['WebServerHostname']}/pluginsv2/aws_mwaa/aws-console-sso?login=true#{made['WebToken']}"
    browser = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    browser += ["--virtual-time-budget=20000", "--dump-dom", url]
    page = subprocess.run(browser, capture_output=True, text=True, timeout=180, check=True).stdout
    assert "Home - Airflow" in re.findall(r"<title>(.*?)</title>", page)
    assert "Active Dags" in html.unescape(page)


def test_update_by_aws_cli(project: Project, pointed: dict[str, Any]) -> None:
    """A new version of requirements.txt replaces the containers, and Airflow has its DAGs and variables as before."""
    text = (project.paths.root / "requirements.txt").read_bytes() + b"# by the AWS CLI\n"
    bucket = find_target(project.paths, "local").bucket
    bucket.put("requirements.txt", text, hashlib.sha256(text).hexdigest())
    head = bucket.head("requirements.txt")
    assert head and head.version
    before = state.needed(project.paths).members["scheduler"]
    fields = ("--requirements-s3-path", "requirements.txt", "--requirements-s3-object-version", head.version)
    aws(project, pointed, "update-environment", *fields, "--worker-replacement-strategy", "FORCED")
    end = time.monotonic() + 180
    while (found := aws(project, pointed, "get-environment")["Environment"])["Status"] == "UPDATING":
        assert time.monotonic() < end
        time.sleep(1)
    assert (found["Status"], found["LastUpdate"]["Status"]) == ("AVAILABLE", "SUCCESS")
    assert found["RequirementsS3ObjectVersion"] == head.version
    assert not before.alive
    assert command(project, pointed, "variables get colour")[1].strip().endswith("\ndark red")

"""The rehearsal's web server behind MWAA's tokens: command line, login, REST, and a browser."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from scripts.local import state
from tests.local.conftest import NAME, Stand

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LOGIN = "/pluginsv2/aws_mwaa/login"


def command(stand: Stand, line: str, token: str | None = None) -> tuple[int, str, str]:
    """Run a command as MWAA's user guide does; return status and both outputs."""
    made = stand.client.create_cli_token(Name=NAME)
    answer = requests.post(
        f"http://{made['WebServerHostname']}/aws_mwaa/cli",
        headers={
            "Authorization": f"Bearer {made['CliToken'] if token is None else token}",
            "Content-Type": "text/plain",
        },
        data=line.encode(),
        timeout=60,
    )
    out, err = (base64.b64decode(answer.json().get(name, "")).decode() for name in ("stdout", "stderr"))
    return answer.status_code, out, err


def signed_in(stand: Stand) -> tuple[str, str]:
    """Log in as MWAA's user guide does; return the host and the session's token."""
    made = stand.client.create_web_login_token(Name=NAME)
    answer = requests.post(f"http://{made['WebServerHostname']}{LOGIN}", data={"token": made["WebToken"]}, timeout=10)
    assert answer.status_code == 200
    return made["WebServerHostname"], answer.cookies["_token"]


def test_commands_are_run(shared: Stand) -> None:
    """A command runs in the container's environment, its words as a shell would part them, and never by a shell."""
    status, out, err = command(shared, """dags trigger shop -c '{"a": "b c"}' $HOME; date""")
    words = ["dags", "trigger", "shop", "-c", '{"a": "b c"}', "$HOME;", "date"]
    assert (status, json.loads(out), err) == (200, {"words": words, "release": "one"}, "a warning\n")


def test_failing_command_is_told(shared: Stand) -> None:
    """A command that fails answers 400, with what it has said."""
    status, out, err = command(shared, "dags trigger missing")
    assert (status, json.loads(out)["words"], err) == (400, ["dags", "trigger", "missing"], "a warning\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pools list", "not allowed on MWAA: 'pools list'"),
        ("dags lst", "Did you mean 'dags list'?"),
        ("airflow dags list", "not allowed on MWAA: 'airflow dags'"),
        ("variables set a 'b", "cannot be read: No closing quotation"),
        ("", "not allowed on MWAA: ''"),
        ("\udce4\x00", "not allowed on MWAA"),
    ],
)
def test_other_commands_are_not_run(shared: Stand, line: str, told: str) -> None:
    """What MWAA does not allow is refused and not run."""
    status, out, err = command(shared, line.encode(errors="surrogateescape").decode(errors="replace"))
    assert (status, out, told in err) == (400, "", True), err


def test_commands_run_one_by_one(shared: Stand) -> None:
    """A command waits for the one before it."""
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: command(shared, "dags show slowly"), range(3)))
    assert [status for status, *_ in done] == [200] * 3
    notes = [note for note in shared.notes if note.startswith("command")]
    assert notes == ["command began one", "command ended one"] * (len(notes) // 2)


def test_tokens_are_for_one_purpose(shared: Stand) -> None:
    """No token, a wrong one or one of the other kind is refused, and nothing is run."""
    notes = shared.notes
    web = shared.client.create_web_login_token(Name=NAME)["WebToken"]
    cli = shared.client.create_cli_token(Name=NAME)["CliToken"]
    for token in ("", "wrong", cli[:-1], web):
        assert command(shared, "version", token)[0] == 403
    url = shared.rehearsal.url("mwaa")
    for data in ({}, {"token": ""}, {"token": cli}, {"other": web}):
        answer = requests.post(url + LOGIN, data=data, timeout=10)
        assert (answer.status_code, answer.cookies.get("_token")) == (403, None)
    assert shared.notes == notes


def test_session_opens_rest_api(shared: Stand) -> None:
    """With the session's token Airflow's REST API answers at the web server itself, long paths and both cookies too."""
    host, token = signed_in(shared)
    path = f"/api/v2/dags/{'x' * 100}/dagRuns?limit=1"
    answer = requests.post(
        f"http://{host}{path}", json={"a": 1}, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    asked = answer.json()
    assert (asked["method"], asked["path"], asked["authorization"]) == ("POST", path, "Bearer let-me-in")
    assert json.loads(asked["body"]) == {"a": 1}
    assert dict(answer.cookies) == {"one": "1", "two": "2"}
    assert requests.get(f"http://{host}/api/v2/missing", timeout=10).status_code == 404
    sent_on = requests.get(f"http://{host}/dags/shop?tab=runs", timeout=10, allow_redirects=False)
    assert sent_on.headers["location"] == shared.rehearsal.url("airflow") + "/dags/shop?tab=runs"


def test_login_is_where_airflow_3_has_it(shared: Stand) -> None:
    """Airflow 2's page takes no token of an environment of Airflow 3."""
    made = shared.client.create_web_login_token(Name=NAME)
    url = f"http://{made['WebServerHostname']}/aws_mwaa/login"
    assert requests.post(url, data={"token": made["WebToken"]}, timeout=10).status_code == 404


def test_web_token_names_a_user(shared: Stand) -> None:
    """A login says who it makes one."""
    made = shared.client.create_web_login_token(Name=NAME)
    assert (made["IamIdentity"], made["AirflowIdentity"]) == ("user/rehearsal", "user/rehearsal")
    assert made["WebServerHostname"] == shared.environment["WebserverUrl"]


def shown(url: str, folder: Path) -> str:
    """Return the text of a page once a browser has been led wherever it leads."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
    command += ["--virtual-time-budget=10000", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return html.unescape(re.sub(r"<(script|style|title)[\s\S]*?</\1>|<[^>]*>", "", done.stdout)).strip()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("prefix", ["/pluginsv2/aws_mwaa", "/aws_mwaa"])
def test_browser_is_signed_in(shared: Stand, tmp_path: Path, prefix: str) -> None:
    """The login URL of MWAA's console leads a browser to Airflow with the session's cookie; a used-up token is told."""
    made = shared.client.create_web_login_token(Name=NAME)
    url = f"http://{made['WebServerHostname']}{prefix}/aws-console-sso?login=true"
    page = shown(f"{url}#{made['WebToken']}", tmp_path / "one")
    asked = json.loads(page)
    assert asked["path"] == "/"
    assert "let-me-in" in asked["cookie"]
    assert "Not signed in" in shown(f"{url}#wrong", tmp_path / "two")


def test_airflow_may_be_away(stand: Stand) -> None:
    """Without Airflow's web server the front says so, for each way to it."""
    members = state.needed(stand.paths).members
    host = stand.environment["WebserverUrl"]
    web = stand.client.create_web_login_token(Name=NAME)["WebToken"]
    subprocess.run(["kill", "-9", str(members["api-server"].pid)], check=True)
    end = time.monotonic() + 10
    while members["api-server"].alive and time.monotonic() < end:
        time.sleep(0.1)
    assert "does not answer" in requests.get(f"http://{host}/api/v2/dags", timeout=10).json()["detail"]
    assert requests.post(f"http://{host}{LOGIN}", data={"token": web}, timeout=10).status_code == 503
    answer = stand.call("InvokeRestApi", Name=NAME, Path="/dags", Method="GET").json()
    assert answer["RestApiStatusCode"] == 503

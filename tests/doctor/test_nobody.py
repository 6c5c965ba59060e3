"""No AWS to ask: one line says why, and the rest is named as not looked at. And what makes no sense to ask."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.doctor.examine import REMOTE
from tests.command import MWAA
from tests.doctor import gate as gates
from tests.doctor.conftest import make_project
from tests.doctor.world import SETTINGS

KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
EXPIRED = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>told</Message></Error></ErrorResponse>"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a `prod` and, as every project has, a `local`."""
    root = tmp_path_factory.mktemp("project")
    make_project(root)
    prod = SETTINGS.format(name="shop")
    local = prod.partition("[environments.prod]")[2].replace("environments.prod", "environments.local")
    (root / "settings.toml").write_text(f"{prod}\n[environments.local]{local}")
    return root


@pytest.fixture
def silence() -> Iterator[str]:
    """Take connections and never answer, as a firewall that drops what it gets."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(0)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def doctor(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command with no more than these variables."""
    environment = {"PATH": os.defpath, "HOME": str(project), "COLUMNS": "200", "AWS_EC2_METADATA_DISABLED": "true"}
    environment |= {"PYTHONPATH": os.environ.get("PYTHONPATH", "")} | variables
    command = [str(MWAA), "doctor", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done


def groups(done: subprocess.CompletedProcess[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the groups of --json."""
    return dict(json.loads(done.stdout)["groups"])


def assert_nobody(done: subprocess.CompletedProcess[str], what: str, fix: str) -> None:
    """Check that one line tells why AWS was not asked."""
    found = groups(done)
    ((state, told, remedy),) = [tuple(one.values()) for one in found["access"]]
    assert (done.returncode, state) == (1, "error")
    assert what in told
    assert fix in remedy
    assert {name: found[name] for name in REMOTE} == {
        name: [{"state": "skipped", "what": "not looked at", "fix": ""}] for name in REMOTE
    }
    assert {"tools", "settings", "pins", "build", "sizing"} < set(found)


def test_no_credentials(project: Path) -> None:
    """Without credentials the login is told."""
    assert_nobody(
        doctor(project, "--env", "prod", "--json"), "There are no AWS credentials", "log in (`aws sso login`)"
    )


def test_unknown_profile(project: Path) -> None:
    """A profile that is not configured is told by its name."""
    done = doctor(project, "--env", "prod", "--json", AWS_PROFILE="nobody")
    assert_nobody(done, "The config profile (nobody) could not be found", "log in")


def test_expired_credentials(project: Path, aws: Any) -> None:
    """Credentials that have expired are told as such."""
    with gates.running(str(aws.endpoint)) as gate:
        gate.refusals["GetCallerIdentity"] = EXPIRED
        done = doctor(project, "--env", "prod", "--json", AWS_ENDPOINT_URL=gate.url, **KEYS)
    assert_nobody(done, "The AWS credentials have expired", "log in again")


def test_nobody_listens(project: Path) -> None:
    """No network: the address that did not answer is told."""
    done = doctor(project, "--env", "prod", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:9", **KEYS)
    assert_nobody(done, "AWS does not answer: Could not connect to the endpoint URL", "mend the connection")


def test_silent_network(project: Path, silence: str) -> None:
    """A network that swallows everything does not hold the command up."""
    begun = time.monotonic()
    done = doctor(project, "--env", "prod", "--json", AWS_ENDPOINT_URL=silence, **KEYS)
    assert_nobody(done, "AWS does not answer: Connect timeout", "mend the connection")
    assert time.monotonic() - begun < 30


def test_no_rehearsal(project: Path) -> None:
    """A rehearsal that does not run is no fault."""
    done = doctor(project)
    assert done.returncode == 0
    told = "  - Environment 'local' is the rehearsal's, and none is running here.\n    fix: run `mwaa local up`"
    assert told in done.stdout
    assert "dags - not looked at\n" in done.stdout


def test_offline_asks_nobody(project: Path, silence: str) -> None:
    """--offline has the local groups alone."""
    done = doctor(project, "--env", "prod", "--offline", "--json", AWS_ENDPOINT_URL=silence, HTTPS_PROXY=silence)
    assert done.returncode == 0
    assert list(groups(done)) == ["tools", "settings", "pins", "build", "sizing"]


def test_only_some_groups(project: Path) -> None:
    """--only may be given again; sizing alone shows each of its values."""
    assert list(groups(doctor(project, "--only", "pins", "--only", "tools", "--json"))) == ["tools", "pins"]
    done = doctor(project, "--env", "prod", "--only", "sizing")
    assert "│ snowflake.threads" in done.stdout
    assert "│ snowflake.threads" not in doctor(project, "--env", "prod", "--offline").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "bukket"), "there is no group 'bukket'. Did you mean 'bucket'?"),
        (("--only", "bucket", "--offline"), "bucket cannot be looked at with --offline"),
        (("--smoke", "--offline"), "the DAG is run with the group containers, which is left out"),
        (("--smoke", "--only", "bucket"), "the DAG is run with the group containers, which is left out"),
    ],
    ids=" ".join,
)
def test_senseless_wishes(arguments: tuple[str, ...], told: str, project: Path) -> None:
    """What makes no sense is wrong usage, and nothing is looked at."""
    done = doctor(project, *arguments)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert done.stdout == ""


def test_unknown_environment(project: Path) -> None:
    """An environment that settings.toml does not have is told as everywhere."""
    done = doctor(project, "--env", "prd")
    assert done.returncode == 1
    assert "There is no environment 'prd'. Did you mean 'prod'?" in done.stderr

"""`mwaa local api`, and clients that nobody here wrote: the AWS CLI, curl, and the examples of docs/local-api.md."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.local import state
from tests.local.conftest import NAME, ROOT, Stand

BIN = Path(sys.executable).parent
EXAMPLES = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "local-api.md").read_text(), re.DOTALL)


def run(stand: Stand, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the project, with nothing of the caller's environment but where programs are."""
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(stand.paths.root), "AWS_PAGER": "", **more}
    return subprocess.run(
        command, cwd=stand.paths.root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def api(stand: Stand) -> dict[str, Any]:
    """Return what `mwaa local api --json` says."""
    return dict(json.loads(run(stand, "mwaa", "local", "api", "--json").stdout))


def aws(stand: Stand, *words: str, failed: bool = False) -> Any:
    """Run the AWS CLI as `mwaa local api` says, and return its JSON, or what it says of an error."""
    done = run(stand, "aws", *words, "--output", "json", **api(stand)["variables"])
    assert done.returncode == (255 if failed else 0), done.stderr
    return done.stderr if failed else json.loads(done.stdout or "null")


def test_ways_are_told(shared: Stand) -> None:
    """Each form of the answer has the same addresses; a shell can take the lines as they are."""
    found, text = api(shared), run(shared, "mwaa", "local", "api").stdout
    assert (found["environment"], found["status"], found["region"]) == (NAME, "AVAILABLE", "eu-central-1")
    assert found["endpoint"] == found["variables"]["AWS_ENDPOINT_URL_MWAA"] == shared.rehearsal.url("mwaa")
    assert all(found[name] in text for name in ("environment", "endpoint", "web_server", "others", "certificate"))
    lines = run(shared, "mwaa", "local", "api", "--export").stdout.splitlines()
    words = [shlex.split(line) for line in lines]
    assert all(word == "export" for word, _ in words)
    assert dict(pair.split("=", 1) for _, pair in words) == found["variables"]


def test_wrong_usage_is_told(shared: Stand, tmp_path: Path) -> None:
    """Two forms at once make no sense; without a rehearsal there is nothing to point at."""
    both = run(shared, "mwaa", "local", "api", "--json", "--export")
    assert (both.returncode, "goes without --json" in both.stderr) == (2, True)
    (tmp_path / "settings.toml").write_text((ROOT / "settings.toml").read_text())
    none = subprocess.run([BIN / "mwaa", "local", "api"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert none.returncode == 1
    assert none.stderr.splitlines()[0] == "error: No rehearsal is running here."
    assert "mwaa local up" in none.stderr


def test_aws_cli_reads_it(shared: Stand) -> None:
    """The AWS CLI finds the environment and its tags, and tells MWAA's errors as its own."""
    assert aws(shared, "mwaa", "list-environments") == {"Environments": [NAME]}
    found = aws(shared, "mwaa", "get-environment", "--name", NAME)["Environment"]
    assert (found["Status"], found["CreatedAt"] > 1.7e9) == ("AVAILABLE", True)
    asked = aws(shared, "mwaa", "invoke-rest-api", "--name", NAME, "--path", "/dags", "--method", "GET")
    assert asked["RestApiResponse"]["path"] == "/api/v2/dags"
    assert aws(shared, "mwaa", "list-tags-for-resource", "--resource-arn", found["Arn"]) == {"Tags": {}}
    assert len(aws(shared, "mwaa", "create-cli-token", "--name", NAME)["CliToken"]) > 80
    other = aws(shared, "mwaa", "get-environment", "--name", "another", failed=True)
    assert "(ResourceNotFoundException) when calling the GetEnvironment operation" in other
    update = ("mwaa", "update-environment", "--name", NAME, "--environment-class", "mw1.huge")
    assert "there is no 'mw1.huge'" in aws(shared, *update, failed=True)
    missing = ("mwaa", "invoke-rest-api", "--name", NAME, "--path", "/missing", "--method", "GET")
    assert "(RestApiClientException)" in aws(shared, *missing, failed=True)


def test_examples_work(stand: Stand) -> None:
    """Every example of the page runs, in its order, and does what the page says."""
    assert [kind for kind, _ in EXAMPLES] == ["bash"] * 5 + ["python"]
    (stand.paths.root / "requirements.txt").write_text("some-tool==2.0\n")
    shell = "\n".join(text for kind, text in EXAMPLES if kind == "bash")
    done = run(stand, "bash", "-euo", "pipefail", "-c", shell)
    assert done.returncode == 0, done.stderr
    assert '"Status": "SUCCESS"' in done.stdout
    assert "+ some-tool==2.0" in done.stdout
    assert '"path": "/api/v2/dags?limit=5"' in done.stdout
    assert set(json.loads(done.stdout.splitlines()[-1])) == {"stdout", "stderr"}
    (python,) = [text for kind, text in EXAMPLES if kind == "python"]
    done = run(stand, str(BIN / "python"), "-c", python, **api(stand)["variables"])
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.strip().splitlines()[0], done.stdout.strip().splitlines()[-1]
    assert first.startswith('200 {"words": ["version"]')
    assert "Bearer let-me-in" in second


def test_broken_requirements_by_aws_cli(stand: Stand) -> None:
    """An update with a broken requirements.txt is a success to the API; only the log has pip's error."""
    variables = api(stand)["variables"]
    (stand.paths.root / "broken.txt").write_text("no-such-package==1\n")
    put = ("s3api", "put-object", "--bucket", stand.bucket.name, "--key", "requirements.txt", "--body", "broken.txt")
    version = aws(stand, *put)["VersionId"]
    fields = ("--requirements-s3-path", "requirements.txt", "--requirements-s3-object-version", version)
    assert aws(stand, "mwaa", "update-environment", "--name", NAME, *fields)["Arn"].endswith(NAME)
    assert stand.wait()["LastUpdate"]["Status"] == "SUCCESS"
    group = ("--log-group-name", f"airflow-{NAME}-Worker", "--filter-pattern", "ERROR")
    told = aws(stand, "logs", "filter-log-events", *group, "--log-stream-name-prefix", "requirements_install")
    assert "no-such-package" in json.dumps(told)
    assert variables["AWS_ENDPOINT_URL"] == state.needed(stand.paths).url("aws")


@pytest.mark.parametrize("operation", ["create-environment", "delete-environment"])
def test_one_environment_is_all(shared: Stand, operation: str) -> None:
    """Making and deleting environments is told to be no matter of a rehearsal."""
    more = (
        *("--execution-role-arn", "arn:aws:iam::123456789012:role/mwaa", "--source-bucket-arn", "arn:aws:s3:::bucket"),
        *("--dag-s3-path", "dags", "--network-configuration", "SubnetIds=subnet-1,subnet-2,SecurityGroupIds=sg-1"),
    )
    told = aws(shared, "mwaa", operation, "--name", "new", *(more if "create" in operation else ()), failed=True)
    assert f"A rehearsal has one environment, {NAME}" in told

"""The rehearsal's MWAA API, asked by boto3's own client, with real updates behind it."""

import json
import subprocess
from typing import Any

import botocore.exceptions
import pytest
import requests

from scripts.local import processes, record, state
from tests.local.conftest import Stand, zipped

NAME = "mwaa-dbt-local"
AIRFLOW = ("scheduler", "dag-processor", "triggerer", "api-server")


def refusal(stand: Stand, method: str = "update_environment", **fields: Any) -> tuple[int, str, str]:
    """Return status, code and message of what the front refuses."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(stand.client, method)(**{"Name": NAME, **fields})
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def startup(stand: Stand, text: str) -> dict[str, str]:
    """Upload a startup.sh and return the fields of an update to it."""
    return {"StartupScriptS3Path": "startup.sh", "StartupScriptS3ObjectVersion": stand.put("startup.sh", text)}


def test_environment_is_described(stand: Stand) -> None:
    """GetEnvironment has what a deploy looks at, in types that boto3 reads; ListEnvironments has the name."""
    found = stand.environment
    assert stand.client.list_environments()["Environments"] == [NAME]
    assert (found["Name"], found["Status"], found["AirflowVersion"]) == (NAME, "AVAILABLE", "3.3.1")
    assert found["Arn"] == f"arn:aws:airflow:eu-central-1:123456789012:environment/{NAME}"
    assert found["SourceBucketArn"] == f"arn:aws:s3:::{stand.bucket.name}"
    assert found["DagS3Path"] == "dags"
    assert found["LastUpdate"]["Status"] == "SUCCESS"
    assert found["LastUpdate"]["CreatedAt"].year > 2024
    head = stand.bucket.head("startup.sh")
    assert head and found["StartupScriptS3ObjectVersion"] == head.version
    assert json.loads(record.file(stand.paths).read_text())["Name"] == NAME


def test_nonsense_is_refused(stand: Stand) -> None:
    """What MWAA would refuse changes nothing: another name, an unknown version, field, strategy or body."""
    before = record.read(stand.paths)
    status, code, message = refusal(stand, "get_environment", Name="another")
    assert (status, code) == (404, "ResourceNotFoundException")
    assert "another" in message
    assert refusal(stand, Name="another")[:2] == (404, "ResourceNotFoundException")
    wrong = {"StartupScriptS3Path": "startup.sh", "StartupScriptS3ObjectVersion": "6f0b5f0e"}
    status, code, message = refusal(stand, **wrong)
    assert (status, code) == (400, "ValidationException")
    assert "StartupScriptS3ObjectVersion" in message
    assert refusal(stand, WorkerReplacementStrategy="SLOW")[:2] == (400, "ValidationException")
    assert "EnvironmentClass" in refusal(stand, EnvironmentClass="mw1.large")[2]
    url = f"{stand.rehearsal.url('mwaa')}/environments/{NAME}"
    for body in ('{"Colour": "red"}', "[]", "{"):
        answer = requests.patch(url, data=body, timeout=10)
        assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert record.read(stand.paths) == before


def test_update_replaces_container(stand: Stand) -> None:
    """All three files arrive, the old processes are gone, the environment's keys stay."""
    before, container = stand.members, json.loads((state.folder(stand.paths) / "container.json").read_text())
    plugins = {"PluginsS3Path": "plugins.zip", "PluginsS3ObjectVersion": stand.put("plugins.zip", zipped({"b.py": ""}))}
    found = stand.update(**plugins, **startup(stand, "export RELEASE=two\n"), WorkerReplacementStrategy="FORCED")
    assert (found["Status"], found["LastUpdate"]["Status"]) == ("AVAILABLE", "SUCCESS")
    assert found["LastUpdate"]["WorkerReplacementStrategy"] == "FORCED"
    assert found["PluginsS3ObjectVersion"] == plugins["PluginsS3ObjectVersion"]
    assert [path.name for path in (stand.paths.home / "plugins").iterdir()] == ["b.py"]
    after = stand.members
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == set(AIRFLOW)
    assert stand.notes == ["began one", "began two"]
    again = json.loads((state.folder(stand.paths) / "container.json").read_text())
    assert again["variables"]["RELEASE"] == "two"
    same = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    assert all(again["variables"][name] == container["variables"][name] for name in same)
    assert stand.rehearsal.ended() == []
    assert processes.end(stand.paths) == 5


def test_graceful_update_waits_for_tasks(stand: Stand) -> None:
    """The task that runs ends before the new container starts; a second update is refused meanwhile."""
    stand.client.update_environment(
        Name=NAME, WorkerReplacementStrategy="GRACEFUL", **startup(stand, "export RELEASE=two\n")
    )
    assert stand.environment["Status"] == "UPDATING"
    assert stand.environment["LastUpdate"]["Status"] == "PENDING"
    status, code, message = refusal(stand, WorkerReplacementStrategy="FORCED")
    assert (status, code) == (400, "ValidationException")
    assert "UPDATING" in message
    assert stand.wait()["Status"] == "AVAILABLE"
    assert stand.notes == ["began one", "task ended one", "began two"]


def test_failing_startup_keeps_container(stand: Stand) -> None:
    """A startup.sh that ends MWAA's shell is rolled back: same processes, plugins, versions; then it can be mended."""
    before, processes_before = stand.environment, stand.members
    plugins = {"PluginsS3Path": "plugins.zip", "PluginsS3ObjectVersion": stand.put("plugins.zip", zipped({"b.py": ""}))}
    found = stand.update(**plugins, **startup(stand, "echo 'about to fail'\nset -e\nfalse\n"))
    assert (found["Status"], found["LastUpdate"]["Status"]) == ("UPDATE_FAILED", "FAILED")
    assert found["LastUpdate"]["Error"]["ErrorCode"] == "INCORRECT_CONFIGURATION"
    assert "status 1" in found["LastUpdate"]["Error"]["ErrorMessage"]
    assert "about to fail" in stand.log("startup")
    for field in ("StartupScriptS3ObjectVersion", "PluginsS3ObjectVersion"):
        assert found[field] == before[field]
    assert [path.name for path in (stand.paths.home / "plugins").iterdir()] == ["first.py"]
    assert stand.members == processes_before
    assert stand.update(**startup(stand, "export RELEASE=two\n"))["Status"] == "AVAILABLE"
    assert "Error" not in stand.environment["LastUpdate"]


def test_failing_airflow_is_rolled_back(stand: Stand) -> None:
    """An Airflow that does not start makes room for the one before."""
    found = stand.update(**startup(stand, "export RELEASE='without an API server'\n"))
    assert found["Status"] == "UPDATE_FAILED"
    assert "no API server today" in found["LastUpdate"]["Error"]["ErrorMessage"]
    assert set(AIRFLOW) < set(stand.members)
    assert stand.notes == ["began one", "began without an API server", "began one"]


def test_requirements_are_installed(stand: Stand) -> None:
    """What the lock has costs nothing; something else is installed for real; a failure stops nothing, as on MWAA."""
    assert "has all that is required" in stand.log("requirements_install")

    def tool(text: str) -> str:
        version = stand.put("requirements.txt", text)
        fields = {"RequirementsS3Path": "requirements.txt", "RequirementsS3ObjectVersion": version}
        assert stand.update(**fields)["LastUpdate"]["Status"] == "SUCCESS"
        venv = json.loads((state.folder(stand.paths) / "container.json").read_text())["airflow"]
        done = subprocess.run([f"{venv}/bin/python", "-m", "some_tool_program"], capture_output=True, check=False)
        return "" if done.returncode else str(venv)

    assert tool("some-tool==2.0\n").startswith(str(stand.paths.home / "requirements"))
    assert "some-tool==2.0" in stand.log("requirements_install")
    assert tool("some-tool==2.0\nno-such-package==1\n") == ""
    assert "no-such-package" in stand.log("requirements_install")
    assert "Airflow starts without no-such-package, some-tool" in stand.log("requirements_install")
    assert tool("some-tool==1.0\n") == str(stand.paths.state / "airflow-3.3.1")


def test_airflow_is_asked(stand: Stand) -> None:
    """InvokeRestApi reaches /api/v2 with query and body; MWAA's limits hold; an error of Airflow is told as one."""
    done = stand.client.invoke_rest_api(
        Name=NAME, Path="/dags/shop/dagRuns", Method="POST", QueryParameters={"limit": 5}, Body={"conf": {}}
    )
    assert done["RestApiStatusCode"] == 200
    asked = done["RestApiResponse"]
    assert (asked["method"], asked["path"]) == ("POST", "/api/v2/dags/shop/dagRuns?limit=5")
    assert json.loads(asked["body"]) == {"conf": {}}
    assert asked["authorization"] == "Bearer let me in"
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        stand.client.invoke_rest_api(Name=NAME, Path="/missing", Method="GET")
    assert caught.value.response["Error"]["Code"] == "RestApiClientException"
    assert caught.value.response["RestApiStatusCode"] == 404
    url = f"{stand.rehearsal.url('mwaa')}/restapi/{NAME}"
    for wrong in ({"Method": "GET", "Path": "/" + "x" * 64}, {"Method": "HEAD", "Path": "/dags"}):
        assert requests.post(url, json=wrong, timeout=10).status_code == 400

"""The rehearsal's MWAA API, asked by boto3's own client, with real updates behind it."""

import json
import subprocess
from typing import Any

import botocore.exceptions
import pytest
import requests

from scripts.local import processes, record, state
from tests.local.conftest import NAME, SIGNED, Stand, zipped

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


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"StartupScriptS3Path": "startup.sh", "StartupScriptS3ObjectVersion": "6f0b5f0e"}, "no version '6f0b5f0e'"),
        ({"RequirementsS3Path": "other.txt"}, "of 'other.txt'"),
        ({"PluginsS3ObjectVersion": ""}, "no version ''"),
        ({"WorkerReplacementStrategy": "SLOW"}, "enum value set: [FORCED, GRACEFUL]"),
        ({"EnvironmentClass": "mw1.huge"}, "there is no 'mw1.huge'; MWAA has mw1.micro"),
        ({"EnvironmentClass": "mw1.micro", "MaxWorkers": 2}, "mw1.micro takes 1 to 1, not 2"),
        ({"EnvironmentClass": "mw1.small", "Schedulers": 1}, "mw1.small takes 2 to 5, not 1"),
        ({"Schedulers": 6}, "less than or equal to 5"),
        ({"EnvironmentClass": "mw1.small", "MinWorkers": 9}, "MinWorkers must not be greater than MaxWorkers"),
        ({"AirflowConfigurationOptions": {"core.multi_team": "True"}}, "core.multi_team is not supported on MWAA"),
        ({"AirflowConfigurationOptions": {"Core.Parallelism": "8"}}, "regular expression"),
        ({"AirflowConfigurationOptions": {"core.parallelism": 8}}, "must be of type string"),
        ({"AirflowConfigurationOptions": {"core.parallelism": ""}}, "greater than or equal to 1"),
        ({"NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}}, "SubnetIds"),
        ({"KmsKey": "alias/mine"}, "'KmsKey' failed to satisfy constraint: Member is not known"),
        ({"ExecutionRoleArn": "admin"}, "regular expression"),
        ({"WebserverAccessMode": "OPEN"}, "PUBLIC_AND_PRIVATE"),
        ({"WeeklyMaintenanceWindowStart": "SUN:03:15"}, "regular expression"),
        ({"LoggingConfiguration": {"TaskLogs": {"Enabled": True}}}, "LogLevel"),
        ({"AirflowVersion": "2.11.2"}, "cannot be changed in a rehearsal; its own is 3.3.1"),
        ({"SourceBucketArn": "arn:aws:s3:::other"}, "cannot be changed in a rehearsal"),
        ({"Colour": "red"}, "'Colour' failed to satisfy constraint: Member is not known"),
    ],
)
def test_nonsense_is_refused(shared: Stand, fields: dict[str, Any], told: str) -> None:
    """What MWAA would refuse changes nothing, and is told in its words."""
    before = record.read(shared.paths)
    answer = shared.call("UpdateEnvironment", Name=NAME, **fields)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert told in answer.json()["message"]
    assert record.read(shared.paths) == before


def test_bodies_are_objects(shared: Stand) -> None:
    """A body that is no JSON object is refused; what a client refuses by itself, boto3 does."""
    url = f"{shared.rehearsal.url('mwaa')}/environments/{NAME}"
    for body in ("[]", "{", "nonsense"):
        answer = requests.patch(url, data=body, headers=SIGNED, timeout=10)
        assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    with pytest.raises(botocore.exceptions.ParamValidationError):
        shared.client.update_environment(Name=NAME, Colour="red")


def test_what_is_not_played_is_recorded(stand: Stand) -> None:
    """Sizes, roles, access, window and logging are those of the last update; options are those of Airflow, too."""
    found = stand.update(
        EnvironmentClass="mw1.medium",
        MinWorkers=2,
        MaxWorkers=9,
        Schedulers=3,
        WebserverAccessMode="PRIVATE_ONLY",
        WeeklyMaintenanceWindowStart="MON:04:30",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/another",
        NetworkConfiguration={"SecurityGroupIds": ["sg-1", "sg-2"]},
        LoggingConfiguration={"TaskLogs": {"Enabled": False, "LogLevel": "ERROR"}},
        AirflowConfigurationOptions={"core.max_active_tasks_per_dag": "7"},
    )
    assert (found["Status"], found["LastUpdate"]["Status"]) == ("AVAILABLE", "SUCCESS")
    sizes = ("EnvironmentClass", "MinWorkers", "MaxWorkers", "Schedulers", "MaxWebservers")
    assert [found[field] for field in sizes] == ["mw1.medium", 2, 9, 3, 1]
    assert (found["WebserverAccessMode"], found["WeeklyMaintenanceWindowStart"]) == ("PRIVATE_ONLY", "MON:04:30")
    assert found["NetworkConfiguration"]["SecurityGroupIds"] == ["sg-1", "sg-2"]
    assert len(found["NetworkConfiguration"]["SubnetIds"]) == 2
    task = found["LoggingConfiguration"]["TaskLogs"]
    assert (task["Enabled"], task["LogLevel"]) == (False, "ERROR")
    assert task["CloudWatchLogGroupArn"].endswith(":airflow-mwaa-dbt-local-Task")
    assert found["LoggingConfiguration"]["WorkerLogs"]["Enabled"]
    assert found["AirflowConfigurationOptions"] == {"core.max_active_tasks_per_dag": "7"}
    variables = json.loads((state.folder(stand.paths) / "container.json").read_text())["variables"]
    assert variables["AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG"] == "7"
    assert "AIRFLOW__SECRETS__BACKEND" not in variables


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
    stand.client.tag_resource(ResourceArn=stand.environment["Arn"], Tags={"meanwhile": "tagged"})
    assert stand.environment["Status"] == "UPDATING"
    assert stand.environment["LastUpdate"]["Status"] == "PENDING"
    status, code, message = refusal(stand, WorkerReplacementStrategy="FORCED")
    assert (status, code) == (400, "ValidationException")
    assert "UPDATING" in message
    found = stand.wait()
    assert (found["Status"], found["Tags"]) == ("AVAILABLE", {"meanwhile": "tagged"})
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

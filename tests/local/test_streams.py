"""What the rehearsal's containers say when they start, in CloudWatch's logs as on MWAA."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scripts.env.containers import Fault, faults
from tests.local.conftest import NAME, Stand

GROUP = f"airflow-{NAME}-Worker"


def found(stand: Stand, since: datetime) -> list[Fault]:
    """Return what went wrong since then, as `mwaa doctor` looks for it."""
    return list(faults(stand.aws.logs, NAME, since))


def said(stand: Stand, streams: str) -> dict[str, list[str]]:
    """Return stream → lines of one kind, of this environment's containers only: moto keeps those of other tests."""
    told: dict[str, list[str]] = {}
    for line in stand.aws.logs.lines(GROUP, streams, stand.environment["CreatedAt"]):
        told.setdefault(line.stream, []).append(line.text)
    return told


def test_start_is_logged(stand: Stand) -> None:
    """Each container has a stream for startup.sh and one for pip, in the group of hybrid ones; none has a fault."""
    assert list(said(stand, "startup_script_execution_").values()) == [["hello from one"]]
    version = stand.put("startup.sh", "echo 'hello from two'\n")
    stand.update(StartupScriptS3Path="startup.sh", StartupScriptS3ObjectVersion=version)
    assert sorted(said(stand, "startup_script_execution_").values()) == [["hello from one"], ["hello from two"]]
    installs = said(stand, "requirements_install_")
    assert len(installs) == 2
    assert all("has all that is required" in "".join(lines) for lines in installs.values())
    assert found(stand, stand.environment["CreatedAt"]) == []


def test_failed_pip_is_found(stand: Stand) -> None:
    """The update is a success, as on MWAA; only the log says what pip lacked, once for a reader."""
    version = stand.put("requirements.txt", "some-tool==2.0\nno-such-package==1\n")
    begun = datetime.now(UTC) - timedelta(seconds=1)
    done = stand.update(RequirementsS3Path="requirements.txt", RequirementsS3ObjectVersion=version)
    assert done["LastUpdate"]["Status"] == "SUCCESS"
    cause, without = found(stand, begun)
    assert (cause.group, cause.stream.startswith("requirements_install_")) == (GROUP, True)
    assert cause.text.startswith("ERROR: ")
    assert "no-such-package" in cause.text
    assert without.text == "ERROR: Airflow starts without no-such-package, some-tool, as on MWAA"
    assert found(stand, datetime.now(UTC) + timedelta(minutes=1)) == []


def test_failed_script_is_logged(stand: Stand) -> None:
    """What a script said before it failed the container is in the log of an environment that was rolled back."""
    version = stand.put("startup.sh", "echo 'startup.sh: dbt virtualenv failed: no index'\nset -e\nfalse\n")
    begun = datetime.now(UTC) - timedelta(seconds=1)
    done = stand.update(StartupScriptS3Path="startup.sh", StartupScriptS3ObjectVersion=version)
    assert done["Status"] == "UPDATE_FAILED"
    assert [fault.text for fault in found(stand, begun)] == ["startup.sh: dbt virtualenv failed: no index"]


def test_logs_may_be_off(stand: Stand) -> None:
    """An environment whose worker logs are off writes none."""
    before = said(stand, "startup_script_execution_")
    stand.update(LoggingConfiguration={"WorkerLogs": {"Enabled": False, "LogLevel": "INFO"}})
    assert said(stand, "startup_script_execution_") == before


def test_long_logs_are_split(stand: Stand) -> None:
    """More lines and bytes than one call takes arrive, in order; empty ones do not."""
    texts = [f"{number:05} {'é' * 100}" for number in range(12_000)]
    stand.aws.logs.write("group", "stream", ["", *texts, "  "])
    stand.aws.logs.write("group", "stream", [])
    lines = stand.aws.logs.lines("group", "stream", datetime.now(UTC) - timedelta(hours=1))
    assert [line.text for line in lines] == texts

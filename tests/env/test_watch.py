"""What `mwaa env wait`, `status` and a failed `create` tell: MWAA's reason, CloudFormation's, and the containers'."""

from __future__ import annotations

import time
from typing import Any

import pytest

from scripts.env.site import KINDS
from tests.env.conftest import Site

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
PIP = "ERROR: Could not find a version that satisfies the requirement jaffle==9"
ERROR = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "You may need to check the execution role permissions"}


def say(site: Site, component: str, stream: str, text: str) -> None:
    """Write a line to a log group of the environment, as a container does."""
    logs, group = site.client("logs"), f"airflow-{site.name}-{component}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": f"[INFO] - {text}"}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def state(status: str, update: str, **error: Any) -> dict[str, Any]:
    """Return an environment's status and last update."""
    last = {"Status": update, "CreatedAt": time.time() - 60, "Source": "mwaa"}
    return {"Status": status, "LastUpdate": {**last, **({"Error": error} if error else {})}}


def test_wait_until_it_is_done(made: Site) -> None:
    """An update under way is awaited, and exit code 0 says that it went well."""
    made.mwaa.patches[made.name] = [
        state("UPDATING", "PENDING"),
        state("UPDATING", "PENDING"),
        state("AVAILABLE", "SUCCESS"),
    ]
    done = made.env("wait")
    assert (done.code, "is AVAILABLE" in done.out) == (0, True), done.seen


def test_wait_tells_why_it_failed(made: Site) -> None:
    """MWAA's own error and the words of pip, which MWAA keeps to itself, and what to do."""
    say(made, "Scheduler", "requirements_install_1", PIP)
    made.mwaa.patches[made.name] = [state("UPDATING", "PENDING"), state("UPDATE_FAILED", "FAILED", **ERROR)]
    done = made.env("wait")
    assert done.code == 1
    assert "is UPDATE_FAILED" in done.err
    assert f"MWAA: INCORRECT_CONFIGURATION {ERROR['ErrorMessage']}" in done.err
    assert f"airflow-{made.name}-Scheduler requirements_install_1: {PIP}" in done.err


def test_status(made: Site) -> None:
    """A table, and the same for a machine; the stacks and the last error are in it."""
    done = made.env("status")
    assert done.code == 0, done.seen
    assert all(
        word in done.out for word in ("AVAILABLE", "mw1.small, workers 1 to 5", f"s3://{made.name}/dags", "3.3.1")
    )
    made.mwaa.patches[made.name] = [state("UPDATE_FAILED", "FAILED", **ERROR)]
    done = made.env("status", "--json")
    assert (done.code, done.json["status"]) == (1, "UPDATE_FAILED")
    assert ERROR["ErrorMessage"] in done.json["last_update"]["error"]
    assert {one["stack"] for one in done.json["stacks"]} == {f"{made.name}-{kind}" for kind in KINDS}


def test_failed_creation_has_its_reasons(site: Site) -> None:
    """CloudFormation's event, MWAA's error and pip's words stand in one error, with the one way out."""

    def fail(text: str) -> str:
        if f"{site.name}-environment" not in text:
            return text
        if "CREATE_COMPLETE" in text and not site.mwaa.patches:
            say(site, "Worker", "requirements_install_1", PIP)
            site.mwaa.patches[site.name] = [state("CREATE_FAILED", "FAILED", **ERROR)]
        return text.replace("CREATE_COMPLETE", "ROLLBACK_COMPLETE")

    def because(text: str) -> str:
        status = "<ResourceStatus>{}</ResourceStatus>"
        failed = status.format("CREATE_FAILED") + "<ResourceStatusReason>no such subnet</ResourceStatusReason>"
        return text.replace(status.format("CREATE_COMPLETE"), failed)

    site.gate.edited |= {"DescribeStacks": fail, "DescribeStackEvents": because}
    done = site.env("create", "--yes")
    assert done.code == 1
    told = ("ended as ROLLBACK_COMPLETE", "no such subnet", "INCORRECT_CONFIGURATION", PIP, "delete-stack")
    assert [text for text in told if text not in done.err] == [], done.err
    # And the same command again says so before it plans anything.
    again = site.env("create", "--yes")
    assert (again.code, "delete-stack" in again.err, "Traceback" in again.err) == (1, True, False), again.seen

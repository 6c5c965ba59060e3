"""The commands with the maintenance DAG: S3, Airflow's REST API, and the job in a real Airflow 2."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import boto3
import pytest

from tests.migrate.conftest import CRM, HOURS, REGION
from tests.migrate.server import Store
from tests.operate.server import NAME

THEIRS = "210987654321"  # another account


def left(cloud: Store) -> list[str]:
    """Return what is left of maintenance DAGs."""
    assert cloud.bucket
    return [
        *cloud.bucket.objects("dags/mwaa_migrate_"),
        *(dag for dag in cloud.dags if dag.startswith("mwaa_migrate_")),
    ]


def counts(found: dict[str, list[str]]) -> dict[str, int]:
    """Return the number of rows."""
    return {name: len(found[name]) for name in ("dag_run", "task_instance", "xcom", "log")}


WHOLE = {"dag_run": HOURS - 1, "task_instance": 3 * (HOURS - 1) - 2, "xcom": HOURS - 1, "log": HOURS}
ALL = ("--table", "dag_run", "--table", "task_instance", "--table", "xcom", "--table", "log")


def test_history_goes_over(pair: Any) -> None:
    """History goes from one Airflow 2 to another by both commands; a second import says that nothing had to be done."""
    world, _, target = pair("2.11.2")
    done = world.run("export", *ALL)
    assert done.code == 0, done.seen
    done = world.run("import")
    assert done.code == 0, done.seen
    assert counts(target.tell()) == WHOLE
    again = world.run("import")
    assert "Nothing had to be changed." in again.out
    assert counts(target.tell()) == WHOLE
    assert left(world.old) == left(world.new) == []


def test_history_stays_with_airflow_3(pair: Any) -> None:
    """Airflow 3 takes no history: the import says so, and what keeps it."""
    world, *_ = pair("3.3.1")
    assert world.run("export", "--history", "--days", "1").code == 0
    assert world.manifest["tables"]["dag_run"]["rows"] in (23, 24)
    done = world.run("import")
    assert done.code == 0
    assert "which takes no history" in done.out
    assert "mwaa history" in done.out


@pytest.mark.parametrize("verb", ["export", "import"])
@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.slow
def test_ended_command(pair: Any, verb: str, signal_: int) -> None:
    """A command that is ended amid its work and run again leads to the same end; Ctrl-C leaves nothing behind."""
    world, _, target = pair("2.11.2")
    if verb == "import":
        assert world.run("export", *ALL).code == 0
    side = world.old if verb == "export" else world.new
    words = ALL if verb == "export" else ()
    process = world.project.start("migrate", verb, "--from", str(world.folder), "--env", "prod", *words)
    while not side.jobs and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal_)
    process.communicate()
    assert process.returncode != 0
    assert bool(left(side)) == (signal_ == signal.SIGKILL)
    for step in ("export", "import")[("export", "import").index(verb) :]:
        done = world.run(step, *(ALL if step == "export" else ()))
        assert done.code == 0, done.seen
    assert counts(target.tell()) == WHOLE
    assert left(world.old) == left(world.new) == []


def test_secrets(pair: Any) -> None:
    """Secrets go over unseen; the command prints what settings.toml lacks, and removes what has arrived."""
    world, *_ = pair("3.3.1")
    dry = world.run("secrets", "--dry-run")
    assert dry.code == 0, dry.seen
    assert world.aws.secrets.names("airflow") == []
    moved = world.run("secrets")
    assert moved.code == 0, moved.seen
    assert '[environments.prod.connections."crm"]\ntype = "http"\nhost = "https://crm.example.com"' in moved.out
    assert '[environments.prod.variables]\n"api_token" = ""' in moved.out
    assert json.loads(world.aws.secrets.read("airflow/connections/crm")) == CRM
    assert world.aws.secrets.read("airflow/variables/api_token") == "s3cr3t-2"
    assert world.run("secrets", "--json").json["counts"] == {"equal": 2}
    unasked = world.run("secrets", "--remove")
    assert unasked.code == 1
    assert "There is no terminal to ask at, so nothing was changed." in unasked.err
    removed = world.run("secrets", "--remove", "--yes")
    assert removed.code == 0, removed.seen
    assert "crm" not in world.old.objects["connections"]
    assert "api_token" not in world.old.objects["variables"]
    assert "country" in world.old.objects["variables"]
    stored = "".join(repr(world.bucket.get(key)) for key in world.keys)
    calls = repr(world.old.calls) + repr(world.new.calls)
    assert "s3cr3t" not in stored + calls + dry.seen + moved.seen + removed.seen
    assert left(world.old) == []


def test_other_secrets_are_there(pair: Any) -> None:
    """Another secret of the same name stops the whole move, until somebody says what then."""
    world, *_ = pair("3.3.1")
    world.aws.secrets.create("airflow/connections/crm", "theirs")
    stopped = world.run("secrets")
    assert stopped.code == 1
    assert "differs 1: connections/crm" in stopped.out
    assert "nothing was written" in stopped.err
    assert world.aws.secrets.names("airflow") == ["airflow/connections/crm"]
    assert world.run("secrets", "--on-conflict", "keep").code == 0
    assert world.aws.secrets.read("airflow/connections/crm") == "theirs"


def test_foreign_account(pair: Any) -> None:
    """A secret of another account needs a role of that account; with it all are made there, and none in the old one."""
    world, *_ = pair("3.3.1")
    world.new.described["Arn"] = f"arn:aws:airflow:eu-central-1:{THEIRS}:environment/new"
    done = world.run("secrets")
    assert done.code == 1
    assert f"{NAME} is in account 123456789012, {NAME} in {THEIRS}" in done.err
    assert "--role" in done.err
    role = f"arn:aws:iam::{THEIRS}:role/migration"
    done = world.run("secrets", "--role", role, "--json")
    assert done.code == 0, done.seen
    assert done.json["counts"] == {"moved": 2}
    assert world.aws.secrets.names("airflow") == []
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    given = {"endpoint_url": world.aws.endpoint, **keys}
    taken = boto3.client("sts", **given).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    given |= {"aws_access_key_id": taken["AccessKeyId"], "aws_secret_access_key": taken["SecretAccessKey"]}
    theirs = boto3.client("secretsmanager", **given, aws_session_token=taken["SessionToken"])
    found = theirs.get_secret_value(SecretId="airflow/connections/crm")
    assert (found["ARN"].split(":")[4], json.loads(found["SecretString"])) == (THEIRS, CRM)
    assert theirs.get_secret_value(SecretId="airflow/variables/api_token")["SecretString"] == "s3cr3t-2"
    assert world.run("secrets", "--role", role, "--json").json["counts"] == {"equal": 2}


def test_failed_job_is_explained(pair: Any) -> None:
    """What AWS refuses in the task is in the error, and the DAG is gone."""
    world, *_ = pair("3.3.1")
    real = world.old.start

    def start(text: str, conf: dict[str, Any]) -> Any:
        return real(text, {**conf, "bucket": "nowhere"})

    world.old.start = start
    done = world.run("secrets")
    assert done.code == 1
    assert "The maintenance DAG failed: " in done.err
    assert "NoSuchBucket" in done.err
    assert left(world.old) == []

"""The jobs of the maintenance DAG in a real Airflow 2: history out and in, secrets into Secrets Manager."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.aws import Aws, Secrets
from scripts.migrate.maintenance import source
from tests.migrate.airflow2 import KEYS, Airflow2

REGION = "eu-central-1"
CONNECTIONS: dict[str, dict[str, Any]] = {
    "crm": {"conn_type": "http", "host": "crm.example.com", "login": "u", "password": "s3cr3t-1", "port": 443},
    "snow": {
        "conn_type": "snowflake",
        "password": "s3cr3t-ä",
        "extra": '{"account": "a", "odd": {"deep": ["s3cr3t"]}}',
    },
    "my conn": {"conn_type": "ftp", "password": "s3cr3t-2"},
    "aws_default": {"conn_type": "aws"},
}
VARIABLES = {"country": "ch", "api_token": "s3cr3t-3", "crm": '{"password": "s3cr3t-4"}', "cosmos_xcom_backup_1": "x"}


@pytest.fixture(scope="module")
def full(bare: Airflow2, tmp_path_factory: pytest.TempPathFactory) -> Airflow2:
    """Fill one: 60 runs of three tasks, the newest runs, the one before waits for a trigger."""
    made = bare.copy(tmp_path_factory.mktemp("airflow2") / "full")
    code, text = made.do("fill", {"runs": 60, "connections": CONNECTIONS, "variables": VARIABLES})
    assert code == 0, text
    return made


def conf(url: str, folder: str, **more: Any) -> dict[str, Any]:
    """Return what the command gives a run."""
    return {"bucket": "new", "folder": f"migrate/{folder}", "region": REGION, "endpoint": url, **more}


def dumping(url: str, folder: str, **more: Any) -> dict[str, Any]:
    """Return the conf of a dump of everything."""
    tables = ["dag_run", "task_instance", "xcom", "log"]
    until = datetime.now(UTC) + timedelta(minutes=1)
    return conf(url, folder, **{"tables": tables, "since": None, "until": until.isoformat(), **more})


def work(side: Airflow2, job: Any, given: dict[str, Any], rows: int = 5000) -> str:
    """Run a job and return its output."""
    code, text = side.do("run", {"text": source(job, "mwaa_migrate_test"), "conf": given, "rows": rows})
    assert code == 0, text
    return text


def rows(aws: Aws, folder: str, table: str) -> list[dict[str, Any]]:
    """Return a table's exported rows."""
    bucket = aws.bucket("new")
    keys = sorted(bucket.objects(f"migrate/{folder}/{table}/"))
    return [json.loads(line) for key in keys for line in gzip.decompress(bucket.get(key)).splitlines()]


def finished(side: Airflow2) -> dict[str, list[str]]:
    """Return the history that is to be exported: of runs that have ended, without what still waits."""
    told = side.tell()
    runs = [row for row in told["dag_run"] if json.loads(row)["state"] == "success"]
    ids = {json.loads(row)["run_id"] for row in runs}
    tables = {
        name: [row for row in told[name] if json.loads(row)["run_id"] in ids] for name in ("task_instance", "xcom")
    }
    tables["task_instance"] = [row for row in tables["task_instance"] if json.loads(row)["state"] != "deferred"]
    return {"dag_run": runs, **tables, "log": told["log"]}


def test_there_and_back(full: Airflow2, bare: Airflow2, aws: Aws, cloud: str, tmp_path: Path) -> None:
    """History that was exported in small parts and imported is row by row what it was; a second import adds nothing."""
    work(full, "dump", dumping(cloud, "round"), rows=50)
    noted = json.loads(aws.bucket("new").get("migrate/round/history.json"))
    assert {name: sum(part["rows"] for part in one["parts"]) for name, one in noted.items()} == {
        "dag_run": 59,
        "task_instance": 59 * 3 - 2,
        "xcom": 59,
        "log": 60,
    }
    assert (noted["dag_run"]["left"], noted["task_instance"]["left"]) == (1, 2)
    assert len(noted["task_instance"]["parts"]) == 4
    note = aws.bucket("new").get("migrate/round/history.json")
    given = conf(cloud, "round", sha256=hashlib.sha256(note).hexdigest())
    target = bare.copy(tmp_path / "target")
    for new in (59, 0):
        work(target, "load", given)
        done = json.loads(aws.bucket("new").get("migrate/round/imported.json"))
        assert done["dag_run"] == {"new": new, "there": 59 - new, "left": 0}
    expected, found = finished(full), target.tell()
    assert {name: found[name] for name in expected} == expected


def test_days(full: Airflow2, aws: Aws, cloud: str) -> None:
    """Only what ended since then comes."""
    since = (datetime.now(UTC) - timedelta(hours=10, minutes=30)).isoformat()
    work(full, "dump", dumping(cloud, "days", since=since))
    assert len(rows(aws, "days", "dag_run")) == 10


@pytest.mark.parametrize("after", [3, *(pytest.param(after, marks=pytest.mark.slow) for after in (1, 6))])
def test_killed_dump_goes_on(full: Airflow2, aws: Aws, cloud: str, after: int) -> None:
    """A dump that is killed and run again ends in the same; its whole parts are not written again."""
    folder, bucket = f"killed{after}", aws.bucket("new")
    given = dumping(cloud, folder)
    process = full.start("run", {"text": source("dump", "mwaa_migrate_test"), "conf": given, "rows": 20})
    while len(bucket.objects(f"migrate/{folder}/")) < after:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = bucket.objects(f"migrate/{folder}/")
    work(full, "dump", given, rows=20)
    now = bucket.objects(f"migrate/{folder}/")
    assert {key: one.modified for key, one in before.items()} == {key: now[key].modified for key in before}
    for table, keys in (("dag_run", ("run_id",)), ("task_instance", ("run_id", "task_id", "map_index"))):
        found = [tuple(row[key] for key in keys) for row in rows(aws, folder, table)]
        assert len(found) == len(set(found)) == {"dag_run": 59, "task_instance": 175}[table]


def test_changed_part_is_refused(full: Airflow2, bare: Airflow2, aws: Aws, cloud: str, tmp_path: Path) -> None:
    """An export whose note is another than the manifest says is not imported."""
    work(full, "dump", dumping(cloud, "changed"))
    target = bare.copy(tmp_path / "target")
    wish = {"text": source("load", "mwaa_migrate_test"), "conf": conf(cloud, "changed", sha256="0" * 64)}
    code, text = target.do("run", wish)
    assert code == 1
    assert "history.json is not what was exported" in text
    assert target.tell()["dag_run"] == []


def moving(url: str, folder: str, **more: Any) -> dict[str, Any]:
    """Return the conf of a move."""
    names = {kind: f"{folder}/{kind}" for kind in ("connections", "variables")}
    reserved = {"connections": ["aws_default"], "variables": ["cosmos_xcom_backup"]}
    given = {"write": True, "all": False, "on_conflict": "stop", "kms_key": None, "role": None}
    return conf(url, folder, names=names, reserved=reserved, **{**given, **more})


def report(aws: Aws, folder: str) -> dict[str, str]:
    """Return what became of each."""
    found = json.loads(aws.bucket("new").get(f"migrate/{folder}/report.json"))["rows"]
    return {f"{row['kind']}/{row['id']}": row["state"] for row in found}


def secret(secrets: Secrets, name: str) -> Any:
    """Return a secret's text, or the JSON in it."""
    text = secrets.read(name)
    return json.loads(text) if text.startswith("{") else text


def test_secrets_move(full: Airflow2, aws: Aws, cloud: str) -> None:
    """Connections and secret variables are in Secrets Manager as they were; nobody else has seen a value."""
    first = work(full, "move", moving(cloud, "move"))
    expected = {
        "connections/crm": "moved",
        "connections/snow": "moved",
        "connections/my conn": "skipped",
        "connections/aws_default": "skipped",
        "variables/api_token": "moved",
        "variables/crm": "moved",
    }
    assert {key: value for key, value in report(aws, "move").items() if key in expected} == expected
    assert "variables/country" not in report(aws, "move")
    assert secret(aws.secrets, "move/connections/crm") == CONNECTIONS["crm"]
    snow = {"conn_type": "snowflake", "password": "s3cr3t-ä", "extra": {"account": "a", "odd": {"deep": ["s3cr3t"]}}}
    assert secret(aws.secrets, "move/connections/snow") == snow
    assert secret(aws.secrets, "move/variables/api_token") == "s3cr3t-3"
    again = work(full, "move", moving(cloud, "move"))
    assert set(report(aws, "move").values()) == {"equal", "skipped"}
    stored = "".join(aws.bucket("new").get(key).decode() for key in aws.bucket("new").objects("migrate/move/"))
    assert "s3cr3t" not in first + again + stored


def test_dry_move(full: Airflow2, aws: Aws, cloud: str) -> None:
    """A dry run says what would move, and writes nothing."""
    work(full, "move", moving(cloud, "dry", write=False, all=True))
    told = report(aws, "dry")
    assert (told["connections/crm"], told["variables/country"]) == ("new", "new")
    assert aws.secrets.names("dry") == []


@pytest.mark.parametrize(
    ("on_conflict", "crm", "snow"), [("stop", "theirs", 0), ("keep", "theirs", 1), ("replace", "", 1)]
)
def test_others_are_there(full: Airflow2, aws: Aws, on_conflict: str, crm: str, snow: int) -> None:
    """Another secret of the same name stops all, stays, or is replaced, as was said."""
    folder = f"others-{on_conflict}"
    aws.secrets.create(f"{folder}/connections/crm", "theirs")
    work(full, "move", moving(str(aws.endpoint), folder, on_conflict=on_conflict))
    assert secret(aws.secrets, f"{folder}/connections/crm") == (crm or CONNECTIONS["crm"])
    assert len([name for name in aws.secrets.names(folder) if name.endswith("snow")]) == snow


def test_given_before_the_database(full: Airflow2, aws: Aws, cloud: str) -> None:
    """What something else gives before the database is not moved, since nobody uses it; what has arrived is equal."""
    side = replace(full, more={"AIRFLOW_CONN_CRM": "http://elsewhere", "AIRFLOW_VAR_API_TOKEN": "other"})
    work(side, "move", moving(cloud, "before"))
    told = report(aws, "before")
    assert (told["connections/crm"], told["variables/api_token"]) == ("skipped", "skipped")
    assert told["connections/snow"] == "moved"
    aws.secrets.create("before/variables/api_token", "s3cr3t-3")
    work(side, "move", moving(cloud, "before"))
    assert report(aws, "before")["variables/api_token"] == "equal"


def test_other_fernet_key(full: Airflow2, aws: Aws, cloud: str) -> None:
    """Rows that cannot be decrypted are named; what is not encrypted moves all the same."""
    text = work(replace(full, key=KEYS[1]), "move", moving(cloud, "fernet"))
    told = report(aws, "fernet")
    assert (told["connections/crm"], told["variables/api_token"]) == ("failed", "failed")
    assert aws.secrets.names("fernet") == []
    assert "s3cr3t" not in text


def test_refusal_is_in_aws_words(full: Airflow2, cloud: str) -> None:
    """What AWS refuses ends the task with AWS's words, in which the command finds the right that is missing."""
    given = moving(cloud, "refused") | {"bucket": "nowhere"}
    code, text = full.do("run", {"text": source("move", "mwaa_migrate_test"), "conf": given})
    assert code == 1
    assert "AirflowFailException: AWS refused: NoSuchBucket" in text

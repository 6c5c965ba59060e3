"""`mwaa migrate check` as a person runs it: reports, exit codes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.migrate.check.conftest import DAG, ROOT, Bench
from tests.operate.conftest import make_project
from tests.operate.server import NAME, running
from tests.serving import moto

OLD = """from datetime import datetime

from airflow import DAG
from airflow.operators.dummy import DummyOperator

with DAG("old", schedule_interval=None, start_date=datetime(2026, 1, 1), catchup=False):
    DummyOperator(task_id="<b>work</b>", doc="{{ execution_date }}")
"""
QUICK = "--no-import"
KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}


def test_report_names_place_and_fix(bench: Bench) -> None:
    """What breaks is told with file and line, rule and fix; the exit code is 1."""
    bench.write({"old.py": OLD})
    done = bench.check(str(bench.old), "--to", "3.3.1", QUICK)
    assert done.code == 1
    assert "✗ breaks: does not work any more" in done.out
    for text in ("old.py:4", "there is no airflow.operators.dummy (module-gone)", "old.py:6", "write `schedule`"):
        assert text in done.out
    assert "Airflow 2.11.2 → 3.3.1: 1 file ·" in done.out


def test_narrow_terminal_shows_all(bench: Bench) -> None:
    """At 80 columns texts are folded, and none is cut."""
    bench.write({"old.py": OLD})
    done = bench.check(str(bench.old), QUICK, COLUMNS="80", FORCE_COLOR="1", TTY_COMPATIBLE="1")
    assert "…" not in done.out
    assert "module-gone" in done.out


def test_json_is_whole(bench: Bench) -> None:
    """A machine gets versions, counts and all fields of each finding."""
    bench.write({"old.py": OLD})
    done = bench.check(str(bench.old), "--from-version", "2.10.3", QUICK, "--json")
    told = done.json
    assert (told["from"], told["to"], told["files"], told["healthy"]) == ("2.10.3", "3.3.1", 1, False)
    first = next(one for one in told["findings"] if one["rule"] == "module-gone")
    assert (first["file"], first["line"], first["severity"], first["proved"]) == ("old.py", 4, "breaks", False)
    assert sum(told["counts"].values()) == len(told["findings"])


def test_page_is_one_inert_file(bench: Bench) -> None:
    """The page holds every finding, no script, no address, and no markup of the files."""
    bench.write({"old.py": OLD, "<i>.py": "x = 'airflow'\nimport airflow.contrib\n"})
    page = bench.root / "report.html"
    done = bench.check(str(bench.old), QUICK, "--html", str(page))
    text = page.read_text()
    assert "report.html: " in done.err
    assert "there is no airflow.operators.dummy" in text
    assert "&lt;i&gt;.py" in text
    assert [word for word in ("<script", "http:", "https:", "<i>.py", "@FILES@") if word in text] == []


def test_clean_folder(bench: Bench) -> None:
    """Where nothing breaks the exit code is 0; on the same version nothing of Airflow 2 is looked for."""
    bench.write({"new.py": DAG})
    assert bench.check(str(bench.old), QUICK).code == 0
    bench.write({"new.py": OLD})
    assert bench.check(str(bench.old), "--from-version", "3.0.6", QUICK).code == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--from-version", "3.3.1", "--to", "2.11.2"), "From Airflow 3.3.1 to 2.11.2 is the way back."),
        (("--to", "3.3.2"), "MWAA does not offer Airflow '3.3.2' to migrate to. Did you mean '3.3.1'?"),
        (("--to", "2.10.3"), "MWAA does not offer Airflow '2.10.3' to migrate to."),
        (("--from-version", "two"), "'two' is no version of Airflow."),
        (("--requirements", "nowhere.txt"), "There is no file nowhere.txt."),
        (("--env", "prdo"), "There is no environment 'prdo'. Did you mean 'prod'?"),
    ],
)
def test_wrong_wishes(bench: Bench, words: tuple[str, ...], what: str) -> None:
    """A wish that makes no sense is refused in three parts, before anything is done."""
    bench.write({"new.py": DAG})
    done = bench.check(str(bench.old), QUICK, *words)
    assert done.code == 1
    assert f"error: {what}" in done.err
    assert done.out == ""


def test_wrong_folders(bench: Bench) -> None:
    """A folder that is missing, a file, or without Python is told as such."""
    bench.write({"notes/readme.md": "nothing"})
    assert "nowhere is not there." in bench.check("nowhere", QUICK).err
    assert "readme.md is a file." in bench.check(str(bench.old / "notes" / "readme.md"), QUICK).err
    assert "There is no Python file in it." in bench.check(str(bench.old), QUICK).err


def test_files_that_are_no_python(bench: Bench) -> None:
    """A file that Python does not read breaks, with its line; one that is no text is named; the rest is looked at."""
    bench.write({"two.py": "print 'airflow dag'\n", "new.py": DAG})
    (bench.old / "binary.sql").write_bytes(b"\xff\xfe\x00{{ ds }}")
    (bench.old / "null.py").write_bytes(b"\x00")
    told = bench.check(str(bench.old), QUICK, "--json").json
    found = {one["file"]: (one["line"], one["severity"]) for one in told["findings"]}
    assert found["two.py"] == (1, "breaks")
    assert found["binary.sql"][1] == "unknown"
    assert found["null.py"][1] == "breaks"
    assert told["files"] == 4


def test_options_of_an_environment(bench: Bench) -> None:
    """Options of settings.toml that the new version lost, renamed or refuses, and defaults that changed."""
    bench.write({"new.py": DAG})
    settings = bench.root / "settings.toml"
    options = {"core.enable_xcom_pickling": "True", "webserver.instance_name": "x", "core.multi_team": "True"}
    lines = "".join(f'"{name}" = "{value}"\n' for name, value in options.items())
    settings.write_text(f"{settings.read_text()}\n[environments.staging.airflow]\n{lines}")
    told = bench.check(str(bench.old), "--env", "staging", QUICK, "--json").json
    found = {one["what"].split(" ")[1 if one["what"].startswith("option") else 0]: one for one in told["findings"]}
    assert found["core.enable_xcom_pickling"]["severity"] == "changes"
    assert found["webserver.instance_name"]["fix"] == "write api.instance_name"
    assert found["core.multi_team"]["severity"] == "breaks"
    assert found["scheduler.catchup_by_default"]["what"].endswith("it was True, and is False in Airflow 3")


def test_running_old_environment(tmp_path: Path) -> None:
    """Version, options, DAG files and requirements.txt come from an old environment, and nothing of it stays."""
    with running("2.11.2") as cloud, moto() as aws:
        cloud.described |= {
            "SourceBucketArn": "arn:aws:s3:::old",
            "DagS3Path": "dags",
            "RequirementsS3Path": "requirements.txt",
            "AirflowConfigurationOptions": {"core.dag_concurrency": "7"},
        }
        project = make_project(tmp_path, cloud, int(aws.rpartition(":")[2]))
        (tmp_path / "locks").symlink_to(ROOT / "locks")
        bucket = _bucket(aws)
        bucket.put_object(Bucket="old", Key="dags/team/old.py", Body=OLD.encode())
        bucket.put_object(Bucket="old", Key="requirements.txt", Body=b"apache-airflow==2.11.2\n")
        words = ("--from", "prod", "--to", "3.3.1", "--images", "http://127.0.0.1:9", QUICK, "--json")
        code, out, err = project.raw("migrate", "check", *words)
    told = json.loads(out)
    assert (code, told["from"]) == (1, "2.11.2"), err
    places = {(one["file"], one["rule"]) for one in told["findings"]}
    assert {("dags/team/old.py", "module-gone"), ("requirements.txt", "requirement")} <= places
    assert (f"options of {NAME}", "option") in places
    assert not (tmp_path / "dags").exists()


def _bucket(url: str) -> Any:
    client = boto3.client("s3", "eu-central-1", endpoint_url=url, **KEYS)
    client.create_bucket(Bucket="old", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client

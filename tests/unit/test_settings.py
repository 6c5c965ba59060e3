"""settings.toml: read, refused with the right line, and shipped to the DAGs unchanged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import (
    Alarms,
    Environment,
    Logs,
    Mwaa,
    Network,
    Runtime,
    Settings,
    Slack,
    Snowflake,
    Tasks,
    load,
    shipped,
)
from mwaa_dbt.tables import Source, read

ROOT = Path(__file__).parents[2]
GOOD = """\
[project]
name = "shop"
airflow_version = "3.3.1"

[environments.dev]
region = "eu-central-1"
bucket = "shop-dev"

[environments.dev.snowflake]
account = "org-acc"
user = "DBT"
role = "TRANSFORMER"
warehouse = "WH"
database = "DB"
authentication = "key_pair"

[environments.dev.slack]
channel = "#alerts"

[environments.dev.airflow]
"core.parallelism" = "8"
"""
SNOWFLAKE = Snowflake("org-acc", "DBT", "TRANSFORMER", "WH", "DB", "key_pair")
DEV = Environment("eu-central-1", "shop-dev", SNOWFLAKE, Slack("#alerts"), Tasks(), {"core.parallelism": "8"})


def settings(folder: Path, text: str) -> Settings:
    """Load a settings.toml with this text."""
    (folder / "settings.toml").write_text(text)
    return load(folder / "settings.toml")


def test_settings_are_read(tmp_path: Path) -> None:
    """Each value of the file arrives where the code looks for it."""
    assert settings(tmp_path, GOOD).environment("dev") == DEV


def test_defaults_are_known() -> None:
    """What most projects need not say has these values."""
    assert (SNOWFLAKE.schema, SNOWFLAKE.connection, SNOWFLAKE.threads) == ("{project}", "snowflake_default", 4)
    assert (SNOWFLAKE.query_tag, SNOWFLAKE.host, SNOWFLAKE.port, SNOWFLAKE.protocol) == (None, None, None, None)
    assert DEV.slack
    assert (DEV.slack.connection, DEV.tasks) == ("slack_default", Tasks(retries=2, retry_delay=300, poll=10))


@pytest.mark.parametrize("part", [DEV, DEV.snowflake, DEV.slack, DEV.tasks, Runtime("dev", DEV)])
def test_settings_cannot_change(part: Environment | Snowflake | Slack | Tasks | Runtime) -> None:
    """Nothing can set a setting after it was read."""
    with pytest.raises(AttributeError):
        setattr(part, part._fields[0], "other")


WRONG = {
    "unknown key": (("bucket =", "buckett ="), "Did you mean 'bucket'?", "line 7, environments.dev.buckett"),
    "unknown table": (("dev.slack]", "dev.slak]"), "Did you mean 'slack'?", "line 17, environments.dev.slak"),
    "missing key": (('user = "DBT"\n', ""), "'user' is missing", "line 9, environments.dev.snowflake"),
    "wrong type": (('"WH"', "3"), "Wrong value 3", "line 13, environments.dev.snowflake.warehouse"),
    "wrong choice": (('"key_pair"', '"pass"'), "Wrong value 'pass'", "line 15, environments.dev.snowflake.authenti"),
    "bool for int": (('"key_pair"', '"key_pair"\nport = true'), "Wrong value True", "line 16, environments.dev.sno"),
    "wrong option": (('"8"', "8"), "Wrong value 8", "environments.dev.airflow.core.parallelism"),
    "broken TOML": (('"shop"', '"shop'), "not valid TOML: Illegal character", "settings.toml"),
}


@pytest.mark.parametrize(("change", "what", "where"), WRONG.values(), ids=WRONG.keys())
def test_wrong_setting_is_told(change: tuple[str, str], what: str, where: str, tmp_path: Path) -> None:
    """A wrong setting is told with its value and the line it stands in."""
    with pytest.raises(ProjectError) as caught:
        settings(tmp_path, GOOD.replace(*change))
    assert what in caught.value.what
    assert where in caught.value.where
    assert caught.value.fix


def test_broken_toml_names_line(tmp_path: Path) -> None:
    """TOML's own words say in which line it breaks."""
    with pytest.raises(ProjectError, match="line 2"):
        settings(tmp_path, GOOD.replace('"shop"', '"shop'))


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A project without settings.toml is told with the path that was looked at."""
    with pytest.raises(ProjectError, match=r"There is no settings\.toml") as caught:
        load(tmp_path / "settings.toml")
    assert caught.value.where == str(tmp_path / "settings.toml")


@pytest.mark.parametrize(("name", "hint"), [("dve", " Did you mean 'dev'?"), ("staging", "")])
def test_unknown_environment_is_told(name: str, hint: str, tmp_path: Path) -> None:
    """An unknown environment is told with the known ones and the table to add."""
    with pytest.raises(ProjectError) as caught:
        settings(tmp_path, GOOD).environment(name)
    assert caught.value.what == f"There is no environment {name!r}.{hint}"
    assert caught.value.fix == f"use one of: dev, or add [environments.{name}]"


@pytest.mark.parametrize("name", ["local", "staging", "prod"])
def test_own_settings_load(name: str) -> None:
    """This repository's settings.toml is right for both of its environments."""
    environment = load(ROOT / "settings.toml").environment(name)
    assert environment.bucket.endswith(name)
    assert environment.snowflake.schema == "{project}"


def test_only_rehearsal_takes_password() -> None:
    """Snowflake refuses passwords of services, so only the rehearsal has one."""
    environments = load(ROOT / "settings.toml").environments
    assert {name: one.snowflake.authentication for name, one in environments.items()} == {
        "local": "password",
        "staging": "key_pair",
        "prod": "key_pair",
    }


@pytest.mark.parametrize("name", ["local", "staging", "prod"])
def test_shipped_reads_back(name: str) -> None:
    """The settings.json that goes with the DAGs says what settings.toml says, but how the environment is made."""
    environment = load(ROOT / "settings.toml").environment(name)
    text = shipped(name, environment)
    known = environment._replace(mwaa=environment.mwaa and Mwaa(environment.mwaa.name))
    assert read(Runtime, json.loads(text), Source("settings.json", text)) == Runtime(name, known)


def test_how_an_environment_is_made(tmp_path: Path) -> None:
    """Levels of logs are words of a list, OFF among them; tags are whatever one likes."""
    table = """[environments.dev.mwaa]
name = "shop"
logs = {task = "DEBUG", webserver = "OFF"}
tags = {"cost centre" = "42"}
"""
    mwaa = settings(tmp_path, f"{GOOD}\n{table}").environments["dev"].mwaa
    assert mwaa is not None
    assert (mwaa.logs, mwaa.tags) == (Logs(task="DEBUG", webserver="OFF"), {"cost centre": "42"})
    with pytest.raises(ProjectError, match="'OFF'"):
        settings(tmp_path, f"{GOOD}\n{table.replace('DEBUG', 'LOUD')}")


def test_infrastructure_is_no_release() -> None:
    """A change of how the environment is made changes no byte of what is shipped."""
    large = Mwaa("shop", "mw1.large", access="PRIVATE_ONLY", logs=Logs(retention=7))
    other = DEV._replace(mwaa=large, network=Network(("subnet-1", "subnet-2")), alarms=Alarms(("a@example.com",)))
    assert shipped("dev", other) == shipped("dev", DEV._replace(mwaa=Mwaa("shop")))


def test_shipped_is_the_same_text() -> None:
    """Equal settings give equal bytes, since the release is named by them."""
    turned = DEV._replace(airflow={"b": "2", "a": "1"})
    assert shipped("dev", turned) == shipped("dev", DEV._replace(airflow={"a": "1", "b": "2"}))


def imported(dags: Path) -> subprocess.CompletedProcess[str]:
    """Ask a DAG folder's own copy of the package what it was built for."""
    code = "from mwaa_dbt.settings import runtime; print(runtime().name, runtime().environment.bucket)"
    environment = {"PYTHONPATH": str(dags), "PATH": os.defpath}
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_runtime_is_the_shipped_one(tmp_path: Path) -> None:
    """A built DAG folder knows the environment that it was built for, and no other."""
    shutil.copytree(ROOT / "dags" / "mwaa_dbt", tmp_path / "mwaa_dbt")
    (tmp_path / "mwaa_dbt" / "settings.json").write_text(shipped("dev", DEV))
    assert imported(tmp_path).stdout == "dev shop-dev\n"


def test_source_tree_is_refused(tmp_path: Path) -> None:
    """A DAG folder that was never built says what to do."""
    shutil.copytree(ROOT / "dags" / "mwaa_dbt", tmp_path / "mwaa_dbt")
    done = imported(tmp_path)
    assert done.returncode == 1
    assert "This DAG folder was not built." in done.stderr
    assert "made by `mwaa build`" in done.stderr

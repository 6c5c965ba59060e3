"""What is written by the REST API of a real Airflow 3, and read again, is what it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.airflow.environment import Environment
from scripts.airflow.rest import Airflow, Answer, Ask
from scripts.aws import Aws
from scripts.console import step
from scripts.migrate.objects import IDS, Kind, Record, read, same
from scripts.migrate.write import Failure, Writer
from tests.migrate.airflow2 import empty
from tests.migrate.test_task_of_3 import VERSION

OBJECTS: dict[Kind, list[Record]] = {
    "variables": [
        {"key": "ünïcode key/1", "value": "Zürich ✓", "description": "für alle"},
        {"key": "json", "value": '{"a": [1, 2.5], "ä": null}', "description": None},
        *({"key": f"n{number:03}", "value": str(number), "description": None} for number in range(250)),
    ],
    "pools": [{"name": "snowflake", "slots": 4, "description": None, "include_deferred": True}],
    "connections": [
        {"connection_id": "crm", "conn_type": "http", "host": "h", "login": "u", "schema": "s", "port": 443}
        | {"extra": {"region_name": "x", "verify": True}, "description": "d"},
        {"connection_id": "bare", "conn_type": "ftp"},
    ],
}


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Return an environment whose Airflow is a real one of version 3, without any server between."""
    home = empty(tmp_path_factory.mktemp("rest") / "home", "", VERSION)
    options = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True"}
    manager = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    variables = {**home.environment, **options, "AIRFLOW__CORE__AUTH_MANAGER": manager}
    command = [str(home.python), str(Path(__file__).with_name("rest3.py"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=variables, stdin=pipe, stdout=pipe, text=True, cwd=home.home) as process:
        assert process.stdin
        assert process.stdout

        def send(ask: Ask) -> Answer:
            assert process.stdin
            assert process.stdout
            given = {"method": ask.method, "address": ask.address, "body": ask.body}
            process.stdin.write(f"{json.dumps(given)}\n")
            process.stdin.flush()
            told = next(line for line in process.stdout if line.startswith("answer "))
            return Answer(*json.loads(told.removeprefix("answer ")))

        aws = Aws("eu-central-1", "http://127.0.0.1:9")
        made = Environment("prod", aws, aws.environment("x"), {"AirflowVersion": VERSION, "Status": "AVAILABLE"})
        made.__dict__["airflow"] = Airflow(send, VERSION, "")
        yield made
        process.stdin.close()


def write(side: Environment, kind: Kind, verb: str, records: list[Record]) -> list[Failure]:
    """Create or replace objects."""
    with step(kind) as notes:
        writer: Any = Writer(side, kind, notes)
        return list(getattr(writer, verb)(records))


def found(side: Environment, kind: Kind) -> dict[str, Record]:
    """Return what is there, by id."""
    return {str(record[IDS[kind]]): record for record in read(side, kind)}


@pytest.mark.parametrize("kind", list(OBJECTS))
def test_written_and_read(side: Environment, kind: Kind) -> None:
    """Each object comes back as it was sent, also a second time; each of its fields can be replaced."""
    name = IDS[kind]
    assert write(side, kind, "create", OBJECTS[kind]) == []
    assert write(side, kind, "create", OBJECTS[kind]) == []
    there = found(side, kind)
    assert [one[name] for one in OBJECTS[kind] if not same(one, there[str(one[name])], kind)] == []
    news: dict[Kind, Record] = {
        "variables": {"value": "new"},
        "pools": {"slots": 7},
        "connections": {"host": "new", "conn_type": "ssh"},
    }
    changed = {**OBJECTS[kind][0], **news[kind]}
    assert write(side, kind, "replace", [changed]) == []
    assert same(changed, found(side, kind)[str(changed[name])], kind)


def test_password_outlives_a_replacement(side: Environment) -> None:
    """Replacing a connection leaves the password that is there."""
    one = {"connection_id": "kept", "conn_type": "http", "password": "s3cr3t"}
    side.airflow.call("POST", "connections", json=one)
    assert write(side, "connections", "replace", [{"connection_id": "kept", "conn_type": "http", "host": "new"}]) == []
    kept = side.airflow.call("GET", "connections/kept")
    assert (kept["host"], kept["password"]) == ("new", "***")


def test_refused_one_by_one(side: Environment) -> None:
    """One that Airflow refuses is told; the others of its request are there."""
    pools = [{"name": "fine", "slots": 1}, {"name": "bad", "slots": -7}]
    ((name, why),) = write(side, "pools", "create", pools)
    assert name == "bad"
    assert "422" in why
    assert "fine" in found(side, "pools")


def test_default_pool(side: Environment) -> None:
    """The default pool's slots can be replaced."""
    one = {"name": "default_pool", "slots": 32, "description": "Default pool", "include_deferred": False}
    assert write(side, "pools", "replace", [one]) == []
    assert found(side, "pools")["default_pool"]["slots"] == 32

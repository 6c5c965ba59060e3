"""A migration from one rehearsal to another: both run at once, each command is killed several times and repeated.

Afterwards both sides are compared object by object.
"""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.sizing import is_2
from scripts.airflow.environment import Environment, find_environment
from scripts.airflow.find import all_dags
from scripts.airflow.pausing import set_paused
from scripts.local import state
from scripts.migrate.maintenance import NAME
from scripts.migrate.objects import IDS, Kind, read, same
from scripts.migrate.place import find_place
from tests.command import MWAA
from tests.e2e.conftest import Done, Project
from tests.e2e.pairs import OLD, make_pair, running

pytestmark = [pytest.mark.e2e, pytest.mark.pair]
INSIDE = Path(__file__).parents[1] / "migrate" / "inside.py"
SECRET = "s3cr3t-Value"
RUNS, PAUSED = 5000, 12
IDS_OF_DAGS = [f"dag{number:02}" for number in range(30)]
# In the new environment they begin paused, as on MWAA.
DAGS = f"""\
from datetime import datetime

from airflow import DAG

for name in {IDS_OF_DAGS}:
    globals()[name] = DAG(name, start_date=datetime(2026, 1, 1), schedule=None)
"""
VARIABLES = {f"plain{number:02}": f"Zürich {number}" for number in range(40)}
VARIABLES |= {"version": "1.10", "rates": '{"chf": 1.5}'}
SECRETS = {f"api_token_{number}": f"{SECRET}-{number}" for number in range(8)}
CONNECTIONS = [
    {
        "connection_id": f"conn{number:02}",
        "conn_type": "http",
        "host": f"{number}.example.com",
        "login": "u",
        "password": f"{SECRET}-{number}",
        "port": 443,
        "extra": json.dumps({"region_name": "eu-central-1", "odd": {"deep": [f"{SECRET}-{number}"]}}),
    }
    for number in range(20)
]
# Verb → seconds within which it is killed: about as long as it takes.
SPANS = {"export": 30.0, "import": 5.0, "secrets": 20.0}
type Pair = tuple[Project, Project]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Start two rehearsals and fill the first one."""
    made = make_pair(tmp_path_factory.mktemp("migrate"))
    for project in made:
        (project.paths.root / "dags" / "many.py").write_text(DAGS)
    with running(*made):
        fill(side(made[0]))
        if is_2(OLD):
            # The first run has not ended, and of the second one tasks wait: Airflow does nothing for a paused DAG.
            inside(made[0], "fill", {"runs": RUNS, "dags": IDS_OF_DAGS})
        yield made


def side(project: Project) -> Environment:
    """Return a rehearsal's environment."""
    return find_environment("local", project.paths)


def inside(project: Project, verb: str, wish: dict[str, Any]) -> Any:
    """Run a verb of tests/migrate/inside.py on a rehearsal's own metadata database, and return what it tells."""
    container = json.loads((state.folder(project.paths) / "container.json").read_text())
    done = subprocess.run(
        [Path(container["airflow"]) / "bin" / "python", INSIDE, verb],
        env=container["variables"],
        cwd=project.paths.home,
        input=json.dumps(wish),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def fill(old: Environment) -> None:
    """Have 50 variables, 20 connections, 10 pools and 12 paused DAGs."""
    variables = [{"key": key, "value": value} for key, value in (VARIABLES | SECRETS).items()]
    pools = [{"name": f"pool{number}", "slots": number + 1, "description": "für dbt"} for number in range(10)]
    for kind, bodies in (("variables", variables), ("connections", CONNECTIONS), ("pools", pools)):
        for body in bodies:
            old.airflow.call("POST", kind, json=body)
    for name in IDS_OF_DAGS[:PAUSED]:
        set_paused(old.airflow, name, True)


def words(pair: Pair, verb: str, *more: str) -> list[str]:
    """Return the words of `mwaa migrate …` in the new project."""
    return ["migrate", verb, "--from", str(pair[0].paths.root), "--env", "local", *more]


def migrate(pair: Pair, verb: str, *more: str) -> Done:
    """Run `mwaa migrate …`."""
    done = pair[1].mwaa(*words(pair, verb, *more))
    assert SECRET not in done.out + done.err
    return done


def despite_kills(pair: Pair, verb: str, *more: str, times: int = 3) -> Done:
    """Kill a command at moments of chance, then run it to its end."""
    for _ in range(times):
        command = [str(MWAA), *words(pair, verb, *more)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=pair[1].paths.root, stdout=pipe, stderr=pipe) as process:
            try:
                process.communicate(timeout=random.uniform(0.5, SPANS[verb]))  # noqa: S311 - any moment will do
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
    done = migrate(pair, verb, *more)
    assert done.code == 0, done.err
    return done


def by_id(project: Project, kind: Kind) -> dict[str, Any]:
    """Return a side's objects of a kind."""
    return {str(record[IDS[kind]]): record for record in read(side(project), kind)}


def differing(pair: Pair, kind: Kind) -> set[str]:
    """Return the ids of what is not the same on both sides, in whichever it is."""
    old, new = (by_id(project, kind) for project in pair)
    return {name for name in {*old, *new} if name not in old or name not in new or not same(old[name], new[name], kind)}


def test_export(pair: Pair) -> None:
    """Each object, and each run that has ended, is in the export once."""
    despite_kills(pair, "export", *(["--history"] if is_2(OLD) else []))
    old, new = map(side, pair)
    place = find_place(new, old.mwaa.name, None)
    manifest = place.manifest()
    for kind, many in (("variables", 50), ("connections", 20), ("pools", 11)):
        assert manifest["tables"][kind]["rows"] == many, kind
    assert {key.removeprefix(f"{place.root}/").partition("/")[0] for key in new.bucket.objects(place.root)} == {
        "manifest.json", manifest["folder"],
    }  # fmt: skip
    if not is_2(OLD):
        return
    told = {name: list(map(json.loads, rows)) for name, rows in inside(pair[0], "tell", {}).items()}
    ended = {run["run_id"] for run in told["dag_run"] if run["state"] in ("success", "failed")}
    keys = {"dag_run": ("dag_id", "run_id", "state"), "task_instance": ("dag_id", "run_id", "task_id", "map_index")}
    for table, names in keys.items():
        rows = [tuple(str(row[name]) for name in names) for row in place.records(manifest, table)]
        there = [row for row in told[table] if row["run_id"] in ended and row["state"] != "deferred"]
        assert sorted(rows) == sorted(tuple(row[name] for name in names) for row in there)
        assert len(rows) == {"dag_run": RUNS - 1, "task_instance": 3 * (RUNS - 1) - 2}[table]


def test_import(pair: Pair) -> None:
    """Variables, pools and connections are the same on both sides but for secrets; a second import does nothing."""
    stopped = migrate(pair, "import")
    # In the rehearsal DAGs begin unpaused, so the twelve run there: that must be said.
    assert stopped.code == 1
    assert "has others of the same name: dag dag00" in stopped.err
    done = despite_kills(pair, "import", "--on-conflict", "replace")
    assert ("which takes no history" in done.out) == is_2(OLD)
    assert differing(pair, "variables") == set(SECRETS)
    assert differing(pair, "connections") == differing(pair, "dags") == set()
    assert differing(pair, "pools") <= {"default_pool"}
    assert {name for name, dag in by_id(pair[1], "dags").items() if dag["paused"]} == {*IDS_OF_DAGS[:PAUSED]}
    again = migrate(pair, "import")
    assert again.code == 0, again.err
    assert "Nothing had to be changed." in again.out


def test_secrets(pair: Pair) -> None:
    """The maintenance DAG moves connections whole, and what is removed afterwards has arrived."""
    new = side(pair[1])
    done = despite_kills(pair, "secrets", "--json")
    states = {f"{row['kind']}/{row['id']}": row["state"] for row in done.json["rows"]}
    wanted = [*(f"connections/{one['connection_id']}" for one in CONNECTIONS), *(f"variables/{key}" for key in SECRETS)]
    # What a killed command has moved is equal.
    assert {states[name] for name in wanted} <= {"moved", "equal"}
    for one in CONNECTIONS:
        expected: dict[str, Any] = {key: value for key, value in one.items() if key != "connection_id"}
        expected["extra"] = json.loads(expected["extra"])
        assert json.loads(new.aws.secrets.read(f"airflow/connections/{one['connection_id']}")) == expected
    assert new.aws.secrets.names("airflow/variables") == sorted(f"airflow/variables/{key}" for key in SECRETS)
    for key, value in SECRETS.items():
        assert new.aws.secrets.read(f"airflow/variables/{key}") == value
    despite_kills(pair, "secrets", "--remove", "--yes", times=2)
    assert by_id(pair[0], "connections") == {}
    assert set(by_id(pair[0], "variables")) == set(VARIABLES)


def test_nothing_is_left(pair: Pair) -> None:
    """No secret is in a log or in S3, and no maintenance DAG in either environment."""
    for project in pair:
        where = side(project)
        assert not where.bucket.objects(f"dags/{NAME}")
        assert not [dag.dag for dag in all_dags(where.airflow) if dag.dag.startswith(NAME)]
        logs = [path.read_text(errors="replace") for path in (project.paths.home / "logs").rglob("*.log")]
        assert SECRET not in "".join(logs)
    texts = [where.bucket.get(key) for key in where.bucket.objects("migrate/")]
    unpacked = [gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data for data in texts]
    assert SECRET.encode() not in b"".join(unpacked)

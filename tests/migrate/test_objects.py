"""`mwaa migrate export` and `import` of variables, pools, connections and pauses, by REST."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from tests.migrate.conftest import Make, World
from tests.operate.answers import Dag
from tests.operate.server import NAME

WAYS = [("2.11.2", "3.3.1"), ("2.10.3", "2.11.2"), ("3.0.6", "3.3.1")]


def moved(world: World) -> World:
    """Export and import."""
    for verb in ("export", "import"):
        done = world.run(verb)
        assert done.code == 0, done.seen
    return world


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_objects_arrive(make: Make, before: str, after: str) -> None:
    """What is no secret is in the new environment as it was in the old one; text stays text, to the last digit."""
    world = moved(make(before, after))
    old, new = world.old.objects, world.new.objects
    kept = {"country", "ünïcode", "version", "empty", "big"}
    assert {key: new["variables"][key]["value"] for key in kept} == {
        key: old["variables"][key]["value"] for key in kept
    }
    assert json.loads(new["variables"]["rates"]["value"]) == {"chf": 1.5, "eur": [1, 2]}
    assert set(new["variables"]) == {*kept, "rates"}
    assert new["pools"]["snowflake"] == old["pools"]["snowflake"]
    crm = new["connections"]["crm"]
    assert (crm["conn_type"], crm["host"], crm["login"], crm["port"]) == (
        "http",
        "https://crm.example.com",
        "mwaa",
        443,
    )
    assert json.loads(crm["extra"]) == {"region_name": "eu-central-1", "verify": True}
    assert "host" not in new["connections"]["hook"]
    assert "my conn/old" not in new["connections"]


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_no_secret_leaves(make: Make, before: str, after: str) -> None:
    """No secret is in S3, on the terminal or in the new environment."""
    world = make(before, after)
    seen = [world.run(verb, *words).seen for verb in ("export", "import") for words in ((), ("--json",))]
    stored = [world.bucket.get(key) for key in world.keys]
    texts = [gzip.decompress(data).decode() if data[:2] == b"\x1f\x8b" else data.decode() for data in stored]
    assert "crm.example.com" in "".join(texts)
    assert "s3cr3t" not in "".join([*texts, *seen, json.dumps(world.new.objects)])


def test_second_import_changes_nothing(make: Make) -> None:
    """A second import writes nothing and says so."""
    world = moved(make("2.11.2", "3.3.1"))
    world.new.writes = 0
    done = world.run("import")
    assert done.code == 0
    assert "Nothing had to be changed." in done.out
    assert world.new.writes == 0


def test_left_is_told(make: Make) -> None:
    """What is not brought is named, with why."""
    world = make("3.3.1", "3.3.1")
    world.new.dags["daily"] = Dag("daily", paused=True)
    world.run("export")
    done = world.run("import")
    for text in (
        "left: variables api_token, crm: a secret: `mwaa migrate secrets` moves it",
        "left: connections my conn/old: Airflow's API takes no connection of this id",
        "left: pools default_pool: 64 slots there, 128 here: they follow from the environment's class",
        "left: dags gone, weekly: not deployed here yet",
        "left: dags daily: runs there; `mwaa migrate cutover` unpauses it here",
    ):
        assert text in done.out
    assert world.new.dags["daily"].paused


def test_pauses(make: Make) -> None:
    """A DAG that is paused in the old environment and runs in the new one is a conflict, not silently stopped."""
    world = make("2.11.2", "3.3.1")
    world.new.dags |= {"weekly": Dag("weekly"), "gone": Dag("gone", paused=True)}
    world.run("export")
    stopped = world.run("import")
    assert (stopped.code, world.new.writes) == (1, 0)
    assert "has others of the same name: dag weekly. Nothing was changed." in stopped.err
    assert world.run("import", "--on-conflict", "keep").code == 0
    assert not world.new.dags["weekly"].paused
    assert world.run("import", "--on-conflict", "replace").code == 0
    assert world.new.dags["weekly"].paused


@pytest.mark.parametrize("after", ["2.11.2", "3.3.1"])
def test_conflicts(make: Make, after: str) -> None:
    """Others of the same name are listed and nothing is written, unless somebody has said what then."""
    world = make("2.11.2", after)
    world.new.put("variables", "country", value="de", description=None)
    world.new.put("connections", "crm", conn_type="http", host="https://other", password="theirs", extra='{"own": 1}')
    world.run("export")
    stopped = world.run("import")
    assert (stopped.code, world.new.writes) == (1, 0)
    assert "variable country, connection crm" in stopped.err
    assert "keep" in stopped.err
    kept = world.run("import", "--on-conflict", "keep", "--json")
    assert kept.code == 0, kept.seen
    assert kept.json["counts"]["variables"]["kept"] == 1
    assert world.new.objects["variables"]["country"]["value"] == "de"
    replaced = world.run("import", "--on-conflict", "replace")
    assert replaced.code == 0, replaced.seen
    crm = world.new.objects["connections"]["crm"]
    assert (crm["host"], crm["password"]) == ("https://crm.example.com", "theirs")
    assert world.new.objects["variables"]["country"]["value"] == "ch"


def test_dry_run(make: Make) -> None:
    """--dry-run says what would be done."""
    world = make("2.11.2", "3.3.1")
    world.run("export")
    done = world.run("import", "--dry-run", "--json")
    assert (done.code, world.new.writes) == (0, 0)
    assert done.json["counts"]["variables"]["created"] == 6


def test_refused_object_does_not_stop_the_rest(make: Make) -> None:
    """One object that Airflow refuses is named, the others of its request come all the same, and the exit code is 1."""
    world = make("2.11.2", "3.3.1")
    world.old.put("pools", "bad", slots=-7, description=None, include_deferred=False)
    world.run("export")
    done = world.run("import")
    assert done.code == 1
    assert "failed: pools bad: Airflow refused (422)" in done.out
    assert "snowflake" in world.new.objects["pools"]


@pytest.mark.slow
def test_many_variables(make: Make) -> None:
    """Thousands come page by page and in parts, past MWAA's limits of size and pace."""
    world = make("2.11.2", "3.3.1")
    for number in range(5_200):
        world.old.put("variables", f"n{number:05}", value=str(number), description=None)
    for number in range(120):
        world.old.put("variables", f"large{number:03}", value="ä" * 60_000, description=None)
    moved(world)
    assert len(world.new.objects["variables"]) == 5_200 + 120 + 6
    assert [part["rows"] for part in world.manifest["tables"]["variables"]["parts"]] == [5_000, 328]
    assert {"invoke", "web"} <= world.old.ways("variables")


def test_no_export(make: Make) -> None:
    """Without an export, or with half a one, import says what to do."""
    world = make("2.11.2", "3.3.1")
    none = world.run("import")
    assert none.code == 1
    assert "There is no export." in none.err
    world.old.faults = [("GET /connections", 403), ("GET /connections", 403)]
    assert world.run("export").code == 1
    half = world.run("import")
    assert "There is no export. One was begun and has not come to its end." in half.err
    assert world.run("export").code == 0
    assert len([key for key in world.keys if key.endswith("request.json")]) == 1
    assert world.run("import").code == 0


def test_second_export_replaces_the_first(make: Make) -> None:
    """An export stays whole until the next one is, whose parts are then the only ones."""
    world = make("2.11.2", "3.3.1")
    world.run("export")
    first = world.manifest
    world.old.faults = [("GET /connections", 403), ("GET /connections", 403)]
    assert world.run("export").code == 1
    assert world.manifest == first
    assert world.run("import").code == 0
    world.old.put("variables", "later", value="1", description=None)
    assert world.run("export").code == 0
    assert world.manifest["folder"] != first["folder"]
    assert not [key for key in world.keys if first["folder"] in key]


@pytest.mark.parametrize("fault", ["missing", "changed"])
def test_damaged_export(make: Make, fault: str) -> None:
    """A part that is missing, or is another, is told before anything is written."""
    world = make("2.11.2", "3.3.1")
    world.run("export")
    (key,) = [key for key in world.keys if "/pools/" in key]
    if fault == "missing":
        world.bucket.delete(key)
    else:
        world.bucket.put(key, data := gzip.compress(b"{}"), hashlib.sha256(data).hexdigest())
    done = world.run("import")
    assert (done.code, world.new.writes) == (1, 0)
    assert "pools/part-0001.jsonl.gz" in done.err
    assert "mwaa migrate export" in done.err


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_interrupted_import(make: Make, writes: int) -> None:
    """Whenever the new environment goes away, a repeat leads to the same end, each thing once."""
    world = make("2.11.2", "3.3.1")
    world.run("export")
    world.new.stop_after = writes
    assert world.run("import").code == 1
    world.new.stop_after = 1_000_000
    assert world.run("import").code == 0
    assert len(world.new.objects["variables"]) == 6
    assert set(world.new.objects["connections"]) == {"crm", "hook"}


@pytest.mark.parametrize(
    ("verb", "words", "told"),
    [
        ("export", ("--history",), "since 3.0 no task reads the metadata database"),
        ("export", ("--days", "7"), "is for --history or --table"),
        ("export", ("--table", "task_instances"), "Did you mean 'task_instance'?"),
        ("export", ("--folder", "bucket/folder"), "'bucket/folder' is no address in S3."),
        ("export", ("--folder", "s3://nowhere/x"), "There is no 'nowhere'"),
        ("import", ("--on-conflict", "merge"), "'merge' is not one of"),
        ("secrets", ("--remove", "--dry-run"), "--dry-run alone tells"),
    ],
)
def test_bad_input(make: Make, verb: str, words: tuple[str, ...], told: str) -> None:
    """What makes no sense, or cannot be, is said at once."""
    world = make("3.3.1", "3.3.1")
    done = world.run(verb, *words)
    assert done.code in (1, 2)
    assert told in " ".join(done.err.split())
    assert world.keys == []


def test_wrong_way(make: Make) -> None:
    """There is no way back to an older Airflow."""
    done = make("3.3.1", "2.11.2").run("export")
    assert done.code == 1
    assert f"{NAME} has Airflow 3.3.1, {NAME} has 2.11.2: that is the way back." in done.err


def test_import_without_the_old_one(make: Make) -> None:
    """The old environment may be gone: an import does not ask it."""
    world = make("2.11.2", "3.3.1")
    world.run("export")
    world.old.calls.clear()
    assert world.run("import").code == 0
    assert world.old.calls == []

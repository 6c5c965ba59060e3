"""What is looked at without asking anybody: tools, settings, pins, build; each thing broken, and its one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.doctor import tools
from scripts.doctor.examine import Report, Wish, examine
from scripts.doctor.finding import Finding
from scripts.paths import Paths
from tests.doctor.airflow import Airflow
from tests.doctor.broken import Broken, bad
from tests.doctor.conftest import make_project
from tests.doctor.gate import Gate
from tests.doctor.world import ENVIRONMENT, SETTINGS, World

DBT = "dbt/requirements"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Make a project with a build, and nothing else."""
    made = World(make_project(tmp_path), "shop", Gate(""), Airflow())
    made.paths.settings.write_text(SETTINGS.format(name="shop"))
    made.build()
    yield made


def settings(old: str, new: str) -> Callable[[World], None]:
    """Return what replaces a text of settings.toml."""
    return lambda world: world.edit("settings.toml", old, new)


def append(path: str, text: str) -> Callable[[World], None]:
    """Return what appends a text to a source and builds anew."""

    def do(world: World) -> None:
        with (world.paths.root / path).open("a") as file:
            file.write(text)
        shutil.rmtree(world.paths.build(ENVIRONMENT))
        world.build()

    return do


def slow(world: World) -> None:
    """Put a build there one of whose files takes long to parse."""
    shutil.rmtree(world.paths.build(ENVIRONMENT))
    world.build([{"file": "big.py", "dag": "big", "tasks": 10, "nodes": 10, "seconds": 9.0}])


def damage(world: World) -> None:
    """Edit a file of the build."""
    (world.paths.build(ENVIRONMENT) / "requirements.txt").write_text("edited")


def other_environment(world: World) -> None:
    """Let the build be that of another environment."""
    (path,) = world.paths.build(ENVIRONMENT).glob("releases/*/release.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"environment": "staging"}))


def lost_manifest(world: World) -> None:
    """Delete a file that the build keeps beside the release."""
    (kept,) = world.paths.build(ENVIRONMENT).glob("releases/files/*")
    kept.unlink()


def dead_python(world: World) -> None:
    """Leave a virtualenv whose Python was uninstalled."""
    python = world.paths.state / "airflow-3.3.1" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(world.paths.root / "gone")


NAME = 'name = "shop"\nenvironment_class'
BROKEN = {
    "virtualenv": Broken(dead_python, "tools", "error", "airflow-3.3.1 is gone", "delete that folder"),
    "region": Broken(
        settings('region = "eu-central-1"', 'region = "Frankfurt"'),
        "settings",
        "error",
        "'Frankfurt' is no region (settings.toml, line 6, environments.prod.region)",
        '"eu-central-1"',
    ),
    "bucket": Broken(
        settings('bucket = "shop"', 'bucket = "Shop_1"'), "settings", "error", "'Shop_1' is no name", "lower-case"
    ),
    "environment": Broken(
        settings(NAME, NAME.replace("shop", "1 shop")), "settings", "error", "'1 shop': MWAA wants it to", "a letter"
    ),
    "role": Broken(
        settings(NAME, f'role = "my-role"\n{NAME}'), "settings", "error", "'my-role': MWAA wants it to", "arn:aws:iam::"
    ),
    "alias": Broken(
        settings(NAME, f'kms_key = "alias/mwaa"\n{NAME}'), "settings", "error", "MWAA takes no alias", ":key/<id>"
    ),
    "key elsewhere": Broken(
        settings(NAME, f'kms_key = "arn:aws:kms:us-east-1:123456789012:key/1"\n{NAME}'),
        "settings",
        "error",
        "is not in eu-central-1",
        "arn:aws:kms:eu-central-1:",
    ),
    "window": Broken(
        settings(NAME, f'maintenance = "SUN:03:15"\n{NAME}'),
        "settings",
        "error",
        "'SUN:03:15': MWAA wants it to",
        '"SUN:03:30"',
    ),
    "subnets": Broken(
        settings(
            "[environments.prod.secrets]",
            '[environments.prod.network]\nsubnets = ["a", "b", "c"]\n[environments.prod.secrets]',
        ),
        "settings",
        "error",
        "MWAA wants it to have length less than or equal to 2",
        "two private ones",
    ),
    "template": Broken(
        settings('account = "org-acc"', 'account = "my_organization-my_account"'),
        "settings",
        "warning",
        "the Snowflake account is still the template's",
        "write your own",
    ),
    "secret twice": Broken(
        settings(
            "[environments.prod.secrets]",
            '[environments.prod.connections.slack_default]\ntype = "http"\n[environments.prod.secrets]',
        ),
        "settings",
        "error",
        "'slack_default' is declared twice",
        "rename one",
    ),
    "version": Broken(
        settings('airflow_version = "3.3.1"', 'airflow_version = "3.3.0"'),
        "pins",
        "error",
        "MWAA does not offer Airflow '3.3.0'. Did you mean '3.3.1'?",
        "write one of 3.3.1, 3.2.1",
    ),
    "opted out": Broken(
        append("requirements.txt", "# no --constraint here\n"),
        "pins",
        "warning",
        "line 8, names constraints: MWAA leaves out its own, even for a comment",
        "take the line out",
    ),
    "other provider": Broken(
        lambda world: world.edit("requirements.txt", "snowflake==6.16.0", "snowflake==6.12.0"),
        "pins",
        "error",
        "requirements.txt asks for apache-airflow-providers-snowflake==6.12.0, locks/airflow-3.3.1.txt has 6.16.0",
        "write apache-airflow-providers-snowflake==6.16.0",
    ),
    "essential": Broken(
        append("requirements.txt", "Celery>=6\n"),
        "pins",
        "error",
        "requirements.txt asks for Celery>=6, MWAA lets nobody change it",
        "write Celery==5",
    ),
    "not locked": Broken(
        append("requirements.txt", "left-pad==1.0\n"),
        "pins",
        "error",
        "left-pad==1.0 is not in locks",
        "renew the lock",
    ),
    "dbt": Broken(
        append(f"{DBT}.in", "dbt-duckdb~=1.9\n"),
        "pins",
        "error",
        f"asks for dbt-duckdb~=1.9, {DBT}.txt has nothing of it",
        "renew",
    ),
    "sources": Broken(
        lambda world: (world.paths.root / "startup.sh").write_text("true"),
        "build",
        "warning",
        "the sources have changed since",
        "`mwaa build --env prod`",
    ),
    "damaged": Broken(
        damage, "build", "error", "The build is not whole: requirements.txt is missing or changed", "run `mwaa build"
    ),
    "other's build": Broken(
        other_environment, "build", "error", "The build is of environment 'staging'", "run `mwaa build --env prod`"
    ),
    "slow": Broken(slow, "build", "warning", "big.py parsed in 9.0 s here, of 30 s", "fewer nodes"),
}


def look(world: World) -> Report:
    """Look at what needs nobody."""
    return examine(world.paths, ENVIRONMENT, Wish(offline=True))


def test_sound_project_is_all_right(world: World) -> None:
    """With nothing broken, nothing is told."""
    assert bad(look(world)) == []


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_one_line_tells(broken: Broken, world: World) -> None:
    """What was broken is told by one line, with what mends it."""
    broken.do(world)
    broken.check(look(world))


def test_build_that_lost_a_manifest(world: World) -> None:
    """A build that has lost what sizing reads is not whole, and its DAGs are not weighed."""
    lost_manifest(world)
    build, sizing = bad(look(world))
    assert (build[0], build[1].state) == ("build", "error")
    assert "The build is not whole" in build[1].what
    assert sizing == ("sizing", Finding("skipped", "DAGs were not looked at: there is no whole build"))


def test_nothing_is_built(world: World) -> None:
    """Without a build the command that makes it is told; it is no fault of the environment."""
    shutil.rmtree(world.paths.build(ENVIRONMENT))
    found = bad(look(world))
    assert [(group, one.state) for group, one in found] == [("build", "warning"), ("sizing", "skipped")]
    assert found[0][1].fix == "run `mwaa build --env prod`"


@pytest.mark.parametrize(("gigabytes", "state"), [(0.4, "error"), (0.6, "warning"), (3.0, "ok")])
def test_space(gigabytes: float, state: str) -> None:
    """A disk that is nearly full is told before a build fails on it."""
    assert tools.space(int(gigabytes * tools.GB)).state == state


def test_older_airflow_has_another_python(tmp_path: Path) -> None:
    """A version whose Python the project's code does not run on is told, and the lock that is lacking."""
    world = World(make_project(tmp_path), "shop", Gate(""), Airflow())
    world.paths.settings.write_text(SETTINGS.format(name="shop").replace("3.3.1", "2.10.3"))
    pins = examine(Paths(tmp_path), ENVIRONMENT, Wish(("pins",), offline=True)).groups["pins"]
    assert "Airflow 2.10.3 has Python 3.11 on MWAA, this project is written for 3.12" in pins[0].what
    assert "There is no lock for Airflow 2.10.3" in pins[1].what

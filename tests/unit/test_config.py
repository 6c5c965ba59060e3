"""`mwaa config`: each option with its reason, and those that would not be heeded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from mwaa_dbt.settings import load
from scripts.config import read_config
from scripts.known import known_options, mistyped
from scripts.options import MWAA_FORCED, explained, project_options
from scripts.paths import Paths
from scripts.refused import AIRFLOW_2, AIRFLOW_3, ANY, BLOCKED, KEY, OVERRIDDEN, refusals
from scripts.venvs import airflow_venv
from tests.unit.settings_text import TEXT
from tests.unit.test_cli import ROOT, mwaa

VERSIONS = ("2.11.2", "3.0.6", "3.2.1", "3.3.1")
MWAA_TABLE = '\n[environments.dev.mwaa]\nname = "dev"\n'


def project(folder: Path, *options: str, version: str = "3.3.1") -> Paths:
    """Make a project with these lines in its table of options."""
    text = TEXT.replace("3.3.1", version) + MWAA_TABLE + "\n[environments.dev.airflow]\n" + "\n".join(options) + "\n"
    (folder / "settings.toml").write_text(text)
    return Paths(folder)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["local", "staging", "prod"])
def test_each_option_has_a_reason(name: str, version: str) -> None:
    """Nothing is set without why and where from, under a name that is heeded."""
    environment = load(ROOT / "settings.toml").environment(name)
    options = explained(environment, version)
    assert all(one.reason and one.source for one in options)
    assert project_options(environment, version) == {one.name: one.value for one in options}
    assert list(refusals(project_options(environment, version), version)) == []


def test_own_option_says_its_line(tmp_path: Path) -> None:
    """One of settings.toml's replaces ours, and tells what that was and why; another is the person's own."""
    paths = project(tmp_path, '"core.lazy_load_plugins" = "True"', '"core.default_task_retries" = "3"')
    found = {one.name: one for one in read_config(paths, "dev").options}
    changed, own = found["core.lazy_load_plugins"], found["core.default_task_retries"]
    assert (changed.value, changed.source) == ("True", "settings.toml, line 22")
    assert changed.reason.startswith("instead of False: tasks share")
    assert (own.value, own.source) == ("3", "settings.toml, line 23")


def test_what_is_set_is_not_left(tmp_path: Path) -> None:
    """MWAA's defaults are told as left alone, unless they are not."""
    assert "scheduler.task_queued_timeout" in read_config(project(tmp_path), "dev").left
    paths = project(tmp_path, '"scheduler.task_queued_timeout" = "3600"')
    assert "scheduler.task_queued_timeout" not in read_config(paths, "dev").left


@pytest.mark.parametrize(("version", "served"), [("2.11.2", False), ("3.0.6", False), ("3.2.1", True), ("3.3.1", True)])
def test_defaults_are_of_the_version(tmp_path: Path, version: str, served: bool) -> None:
    """MWAA says how the API is served since its image for 3.2."""
    assert ("api.server_type" in read_config(project(tmp_path, version=version), "dev").left) is served


def test_typo_is_refused(tmp_path: Path) -> None:
    """A name that is a letter off one that Airflow knows is told with that; others may be a team's own, or Cosmos'."""
    known = {"core.parallelism", "cosmos.propagate_logs", "dag_processor.parsing_processes"}
    given = dict.fromkeys(
        ("core.paralelism", "dag_procesor.parsing_processes", "shop.colour", "cosmos.propagate_log"), "1"
    )
    assert [(one.name, one.fix) for one in mistyped(given, known, "3.3.1")] == [
        ("core.paralelism", 'did you mean "core.parallelism"?'),
        ("dag_procesor.parsing_processes", 'did you mean "dag_processor.parsing_processes"?'),
    ]
    assert list(mistyped(given, known_options(project(tmp_path), "3.3.1"), "3.3.1")) == []


def test_airflow_says_what_it_knows() -> None:
    """The names are asked of the Airflow that is installed here, and of no other."""
    version = load(ROOT / "settings.toml").project.airflow_version
    airflow_venv(Paths(ROOT), version)
    known = known_options(Paths(ROOT), version)
    assert {"core.parallelism", "celery.worker_autoscale", "secrets.backend"} <= known
    assert known_options(Paths(ROOT), "1.10.15") == frozenset()


REFUSED = {
    "forced": ('"core.executor" = "LocalExecutor"', "3.3.1", "MWAA sets it, whatever anybody says", "leave it out"),
    "blocked": ('"core.multi_team" = "True"', "3.3.1", "MWAA's API refuses it", "leave it out"),
    "ignored": (
        '"celery.worker_concurrency" = "4"',
        "3.3.1",
        "celery.worker_autoscale wins",
        'write "celery.worker_autoscale" instead',
    ),
    "old name": (
        '"scheduler.parsing_processes" = "1"',
        "3.0.6",
        "Airflow 3.0.6 knows it as dag_processor.parsing_processes",
        'write "dag_processor.parsing_processes" instead',
    ),
    "new name": (
        '"dag_processor.refresh_interval" = "60"',
        "2.11.2",
        "Airflow 2.11.2 knows it as scheduler.dag_dir_list_interval",
        'write "scheduler.dag_dir_list_interval" instead',
    ),
    "webserver's": ('"webserver.secret_key" = "x"', "2.11.2", "MWAA sets it", "leave it out"),
    "upper case": ('"core.Parallelism" = "4"', "3.3.1", "section.option in lower case", "core.parallelism"),
    "no section": ('"parallelism" = "4"', "3.3.1", "section.option in lower case", "core.parallelism"),
    "long": (f'"core.{"a" * 60}" = "4"', "3.3.1", "MWAA takes 64 characters, it has 65", "startup.sh"),
    "empty": ('"core.parallelism" = ""', "3.3.1", "printable ASCII, and not nothing", "leave it out"),
    "not ASCII": ('"core.hostname_callable" = "größe"', "3.3.1", "printable ASCII", "mend its value"),
}


@pytest.mark.parametrize(("line", "version", "why", "fix"), REFUSED.values(), ids=REFUSED.keys())
def test_unheeded_option_is_refused(line: str, version: str, why: str, fix: str, tmp_path: Path) -> None:
    """An option that would do nothing is told with its line, why, and what does it."""
    answer = mwaa("config", "--env", "dev", folder=project(tmp_path, line, version=version).root)
    told = " ".join(answer.err.split())
    assert answer.code == 1
    assert answer.out == ""
    assert "would not be heeded" in told
    assert why in told
    assert f"settings.toml, line 22, environments.dev.airflow.{line.split('"')[1]}"[:60] in told
    assert fix in told


def test_same_name_is_taken_where_it_is_heeded(tmp_path: Path) -> None:
    """What one version forces or renames, another takes."""
    project(tmp_path, '"webserver.secret_key" = "x"')
    assert [one.name for one in read_config(Paths(tmp_path), "dev").options if one.name == "webserver.secret_key"]


def test_json_is_what_the_api_takes(tmp_path: Path) -> None:
    """`options` of --json is AirflowConfigurationOptions, as botocore's model of MWAA checks it."""
    answer = json.loads(mwaa("config", "--env", "dev", "--json", folder=project(tmp_path).root).out)
    assert answer["options"] == {one["name"]: one["value"] for one in answer["explained"]}
    model = botocore.session.get_session().get_service_model("mwaa")
    shapes: dict[str, Any] = {name: model.shape_for(name).metadata for name in ("ConfigKey", "ConfigValue")}
    assert shapes["ConfigKey"]["pattern"] == KEY.pattern
    for name, value in answer["options"].items():
        assert re.fullmatch(shapes["ConfigKey"]["pattern"], name)
        assert len(name) <= shapes["ConfigKey"]["max"]
        assert re.fullmatch(shapes["ConfigValue"]["pattern"], value)


def test_table_for_a_person(tmp_path: Path) -> None:
    """Options and what is left alone are two tables; a log has them in full width."""
    answer = mwaa("config", "--env", "dev", folder=project(tmp_path).root)
    assert answer.code == 0
    assert "Set on Airflow 3.3.1" in answer.out
    assert "Left alone" in answer.out
    assert "secrets.backend_kwargs" in answer.out


def test_unknown_environment_is_told(tmp_path: Path) -> None:
    """A typo of an environment's name gets the nearest one."""
    answer = mwaa("config", "--env", "dve", folder=project(tmp_path).root)
    assert answer.code == 1
    assert "Did you mean 'dev'" in " ".join(answer.err.split())


def test_what_the_rehearsal_forces_is_refused() -> None:
    """What MWAA sets in the rehearsal is among what is refused."""
    refused = {*ANY, *AIRFLOW_2, *AIRFLOW_3, *BLOCKED, *OVERRIDDEN}
    assert refused >= MWAA_FORCED.keys()

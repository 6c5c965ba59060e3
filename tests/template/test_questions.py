"""Bad answers and bad sources: each is told at once, by its allowed form, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Done
from tests.template.conftest import Git, copier, generate

NAME = "'project_name': use a-z, 0-9 and -, 2 to 40 of them, a letter first, as orders-platform: "
BAD = {
    "blank": ({"project_name": "my project"}, NAME),
    "capitals": ({"project_name": "Orders"}, NAME),
    "dbt": ({"project_name": "dbt_orders"}, NAME),
    "underscore": ({"project_name": "orders_platform"}, NAME),
    "hyphen last": ({"project_name": "orders-"}, NAME),
    "digit first": ({"project_name": "2orders"}, NAME),
    "short": ({"project_name": "o"}, NAME),
    "long": ({"project_name": "o" * 41}, NAME),
    "empty": ({"project_name": ""}, NAME),
    "region": ({"region": "Frankfurt"}, "'region': use a form like eu-central-1: "),
    "zone": ({"region": "eu-central-1a"}, "'region': use a form like eu-central-1: "),
    "version": ({"airflow_version": "3.1.0"}, "'3.1.0' is not in ['3.3.1', '3.2.1', '3.0.6', '2.11.2']"),
    "provider": ({"ci_provider": "jenkins"}, "'jenkins' is not in ['github', 'gitlab', 'codebuild', 'none']"),
    "account": (
        {"snowflake_account": "https://acme.snowflakecomputing.com"},
        "'snowflake_account': use <organization>-<account>, a locator like ",
    ),
    "one environment": ({"environments": "prod"}, "'environments': use staging,prod or dev,staging,prod: "),
    "environment": ({"environments": "qa,prod"}, "'qa,prod' is not in ['staging,prod', 'dev,staging,prod', 'prod']"),
}


def last(done: Done) -> str:
    """Return the last line of what a command told."""
    return done.err.strip().splitlines()[-1]


@pytest.mark.parametrize("case", BAD)
def test_bad_answer(light: Git, tmp_path: Path, case: str) -> None:
    """The last words are the allowed form, and no project is begun.

    Of an answer given by --data Copier shows its own traceback first; who types one is just asked again.
    """
    answers, wanted = BAD[case]
    done = copier(tmp_path, "copy", light.url, tmp_path / "project", **answers)
    assert done.code != 0
    assert wanted in last(done), done.err
    assert not (tmp_path / "project").exists()


EDGES = [
    {"project_name": "ab", "region": "us-gov-west-1", "snowflake_account": "acme-analytics_eu"},
    {"project_name": "a1-b2", "snowflake_account": "xy12345.eu-central-1.aws"},
    {"project_name": "o" * 40, "snowflake_account": "AB12345"},
]


@pytest.mark.parametrize("answers", EDGES, ids=lambda one: one["project_name"][:5])
def test_edge_of_what_is_good(light: Git, tmp_path: Path, answers: dict[str, str]) -> None:
    """What is just allowed is taken, and lands in settings.toml."""
    project = generate(light, tmp_path / "project", **answers)
    assert [value for value in answers.values() if f'"{value}' not in project.text("settings.toml")] == []


def test_relative_path(light: Git, tmp_path: Path) -> None:
    """A template named by a relative path is refused, since no update would find it."""
    done = copier(light.folder.parent, "copy", light.folder.name, tmp_path / "project")
    assert done.code != 0
    assert f"give the template by git URL or absolute path: {light.folder.name} is relative" in last(done)
    assert not (tmp_path / "project").exists()


def test_next_steps(light: Git, tmp_path: Path) -> None:
    """Copier ends with three commands."""
    done = copier(tmp_path, "copy", light.url, "orders", project_name="orders")
    assert done.code == 0
    commands = [line.strip() for line in done.err.splitlines() if line.startswith("    ")][-3:]
    assert commands[0].startswith("cd orders && git init")
    assert commands[1:] == ["make run", "make test"]

"""Which commands of Airflow's CLI MWAA takes, by version."""

import pytest

from scripts.cli_commands import allowed, commands


@pytest.mark.parametrize(
    ("line", "since_2", "in_3"),
    [
        ("version", "2.7.2", True),
        ("dags list -o json", "2.7.2", True),
        ("providers notifications", "2.8.1", True),
        ("dags backfill shop", "2.7.2", False),
        ("tasks run shop task 2026-01-01", "2.7.2", False),
        ("backfill create --dag-id shop", None, True),
        ("assets list", None, True),
        ("pools list", None, False),
        ("connections list", None, False),
        ("db migrate", None, False),
        ("config list", None, False),
        ("dags", None, False),
        ("--help", None, False),
        ("", None, False),
    ],
)
def test_table_is_that_of_the_guide(line: str, since_2: str | None, in_3: bool) -> None:
    """A command is taken from the version on that MWAA's guide names, and anew with Airflow 3."""
    taken = [version for version in ("2.7.2", "2.8.1", "2.11.2") if allowed(version, line.split())]
    assert (taken[0] if taken else None) == since_2
    assert {allowed(version, line.split()) for version in ("3.0.6", "3.2.1", "3.3.1")} == {in_3}


def test_command_has_more_words() -> None:
    """Only the command counts: options before it hide it, as `airflow` itself has none there."""
    assert allowed("3.3.1", ["dags", "trigger", "pools", "list"])
    assert not allowed("3.3.1", ["-v", "dags", "list"])


def test_versions_grow() -> None:
    """Airflow 2.11 has all commands of 2.10; 3 has none that only 2 had."""
    assert commands("2.10.3") <= commands("2.11.2")
    assert {"dags backfill", "tasks run"} == commands("2.11.2") - commands("3.3.1")
    assert len(commands("3.3.1")) == 47

"""A made-up dbt project of any size: a layered graph with documented columns and tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.airflow import Place
from scripts.dbt import Dbt
from scripts.projects import DbtProject

LAYERS, COLUMNS, TESTED, PARENTS = 10, 10, 2, 3
PROFILE = {
    "target": "local",
    "outputs": {
        "local": {
            "type": "snowflake",
            **dict.fromkeys(("account", "user", "password", "database", "warehouse", "schema"), "none"),
        }
    },
}


def write(folder: Path, models: int) -> None:
    """Write the project; the same number gives the same project."""
    (folder / "models").mkdir(parents=True)
    project = {"name": folder.name, "version": "1.0.0", "profile": folder.name}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    for name, parents in _graph(models):
        (folder / "models" / f"{name}.sql").write_text(_sql(parents))
        documented = {"models": [{"name": name, "description": f"Model {name}.", "columns": _columns()}]}
        (folder / "models" / f"{name}.yml").write_text(yaml.safe_dump(documented))


def parsed(project: DbtProject, where: Place) -> None:
    """Let dbt parse the project: it leaves its manifest in target/."""
    profiles = where.folder / "profiles"
    profiles.mkdir()
    (profiles / "profiles.yml").write_text(yaml.safe_dump({project.name: PROFILE}))
    environment = {**where.environment, "DBT_TARGET_PATH": "target", "DBT_LOG_PATH": "logs"}
    Dbt(where.dbt, environment, profiles, "local").parse(project)


def _graph(models: int) -> Iterator[tuple[str, list[str]]]:
    # A fixed seed: two runs measure the same graph.
    chance, width = random.Random(0), -(-models // LAYERS)  # noqa: S311
    names = [f"model_{number:05}" for number in range(models)]
    for number, name in enumerate(names):
        layer = number // width
        above = names[(layer - 1) * width : layer * width] if layer else []
        yield name, chance.sample(above, min(len(above), chance.randint(1, PARENTS)))


def _sql(parents: list[str]) -> str:
    columns = ", ".join(f"column_{number}" for number in range(COLUMNS))
    if not parents:
        return "select " + ", ".join(f"{number} as column_{number}" for number in range(COLUMNS))
    # Nobody runs it: dbt only parses.
    return "\nunion all\n".join(f"select {columns} from {{{{ ref('{parent}') }}}}" for parent in parents)  # noqa: S608


def _columns() -> list[dict[str, object]]:
    return [
        {
            "name": f"column_{number}",
            "description": f"Column {number}, documented in one line as people do.",
            **({"data_tests": ["not_null"]} if number < TESTED else {}),
        }
        for number in range(COLUMNS)
    ]

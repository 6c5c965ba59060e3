"""A made-up dbt project of any size: a layered graph with documented columns and tests.

Its SQL runs on Snowflake and on the rehearsal's. Every model has as many rows as the first ones, whatever the size:
the parents of one are put together by their key.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.airflow import Place
from scripts.dbt import Dbt
from scripts.projects import DbtProject

LAYERS, COLUMNS, TESTED, PARENTS, ROWS = 10, 10, 2, 3, 20
# As people lay out a project: views first, tables from there on.
FOLDERS = ("staging", "intermediate", "marts")
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
    materialized = {"staging": {"+materialized": "view"}, **{name: {"+materialized": "table"} for name in FOLDERS[1:]}}
    project = {
        "name": folder.name,
        "version": "1.0.0",
        "profile": folder.name,
        "models": {folder.name: materialized},
    }
    for name in FOLDERS:
        (folder / "models" / name).mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    for name, layer, parents in _graph(models):
        path = folder / "models" / FOLDERS[0 if layer == 0 else 2 if layer == LAYERS - 1 else 1] / name
        path.with_suffix(".sql").write_text(_sql(parents))
        documented = {"models": [{"name": name, "description": f"Model {name}.", "columns": _columns()}]}
        path.with_suffix(".yml").write_text(yaml.safe_dump(documented))


def parsed(project: DbtProject, where: Place) -> None:
    """Let dbt install the project's packages and parse it: it leaves its manifest in target/."""
    profiles = where.folder / "profiles"
    profiles.mkdir(exist_ok=True)
    (profiles / "profiles.yml").write_text(yaml.safe_dump({project.name: PROFILE}))
    environment = {**where.environment, "DBT_TARGET_PATH": "target", "DBT_LOG_PATH": "logs"}
    dbt = Dbt(where.dbt, environment, profiles, "local")
    dbt.deps(project)
    dbt.parse(project)


def _graph(models: int) -> Iterator[tuple[str, int, list[str]]]:
    # A fixed seed: two runs measure the same graph.
    chance, width = random.Random(0), -(-models // LAYERS)  # noqa: S311
    names = [f"model_{number:05}" for number in range(models)]
    for number, name in enumerate(names):
        layer = number // width
        above = names[(layer - 1) * width : layer * width] if layer else []
        yield name, layer, chance.sample(above, min(len(above), chance.randint(1, PARENTS)))


def _sql(parents: list[str]) -> str:
    names = [f"column_{number}" for number in range(COLUMNS)]
    if not parents:
        rows = ",\n    ".join(str(tuple(range(row * COLUMNS, (row + 1) * COLUMNS))) for row in range(ROWS))
        columns = ", ".join(f"column{number} as {name}" for number, name in enumerate(names, 1))
        return f"select {columns}\nfrom values\n    {rows}"
    values = ",\n    ".join(f"max({name}) as {name}" for name in names[1:])
    each = [f"    select {', '.join(names)} from {{{{ ref('{parent}') }}}}" for parent in parents]  # noqa: S608
    put = "\n    union all\n".join(each)
    return f"with parents as (\n{put}\n)\nselect\n    column_0,\n    {values}\nfrom parents\ngroup by column_0"


def _columns() -> list[dict[str, object]]:
    return [
        {
            "name": f"column_{number}",
            "description": f"Column {number}, documented in one line as people do.",
            **({"data_tests": ["not_null"]} if number < TESTED else {}),
        }
        for number in range(COLUMNS)
    ]

"""A warehouse as companies have it: more than 300 models of twelve departments, and every kind of node that dbt knows.

The kinds are files of tests/e2e/warehouse; the departments, which are many and alike, are written here.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template
from typing import Any

import yaml

KINDS = Path(__file__).with_name("warehouse")
NAME = KINDS.name
DEPARTMENTS = (
    *("sales", "marketing", "finance", "logistics", "support", "product"),
    *("people", "legal", "risk", "stores", "web", "partners"),
)
STAGED, JOINED, REPORTS = 8, 5, 7
ROWS = 12

# In string templates, since in f-strings each brace of dbt's would have to be doubled.
STAGING = Template("select id, kind, amount + $part as amount, booked_on from {{ ref('raw_$name') }} where id > $part")
INTERMEDIATE = Template(
    "select a.id, a.kind, a.amount + coalesce(b.amount, 0) as amount, a.booked_on"
    " from {{ ref('stg_${name}_$part') }} as a left join {{ ref('stg_${name}_$other') }} as b on b.id = a.id"
)
FACT = Template("select id, kind, amount, booked_on from {{ ref('int_${name}_$part') }}")
REPORT = Template(
    "select kind, sum(amount) as amount, count(*) as bookings from (select * from {{ ref('fct_${name}_$one') }}"
    " union all select * from {{ ref('fct_${name}_$other') }}) as booked group by kind"
)
GROWING = "{{ config(materialized='incremental', unique_key='kind') }} "
VIEW = "{{ config(materialized='view') }} "
ADDS_UP = Template(
    "select 1 as missing from (select count(distinct kind) as kinds from {{ ref('fct_${name}_1') }}) as facts,"
    " (select count(*) as kinds from {{ ref('${name}_report_1') }}) as reported where facts.kinds > reported.kinds"
)

type Models = dict[str, str]


def write_warehouse(folder: Path) -> None:
    """Write the project; each call writes the same."""
    shutil.copytree(KINDS, folder)
    for department in DEPARTMENTS:
        _write_department(folder, department)


def _write_department(folder: Path, name: str) -> None:
    _write(folder / "seeds" / name / f"raw_{name}.csv", _seed(len(name)))
    _write(folder / "tests" / f"{name}_adds_up.sql", ADDS_UP.substitute(name=name))
    for layer, models in _layers(name).items():
        for model, sql in models.items():
            _write(folder / "models" / layer / name / f"{model}.sql", sql)
        _write(folder / "models" / layer / name / f"_{layer}.yml", yaml.safe_dump(_described(models)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def _seed(salt: int) -> str:
    lines = (f"{row},{row % 4},{row * salt % 17},2026-01-{row:02}" for row in range(1, ROWS + 1))
    return "\n".join(("id,kind,amount,booked_on", *lines))


def _layers(name: str) -> dict[str, Models]:
    staging = {f"stg_{name}_{part}": STAGING.substitute(name=name, part=part) for part in range(STAGED)}
    intermediate = {
        f"int_{name}_{part}": INTERMEDIATE.substitute(name=name, part=part, other=part + STAGED - JOINED)
        for part in range(JOINED)
    }
    facts = {f"fct_{name}_{part}": FACT.substitute(name=name, part=part) for part in range(JOINED)}
    return {"staging": staging, "intermediate": intermediate, "marts": {**facts, **_reports(name)}}


def _reports(name: str) -> Models:
    """Return sums of two facts each: the first grows, the second is a view."""
    configs = (GROWING, VIEW, *[""] * (REPORTS - 2))
    return {
        f"{name}_report_{part}": config + REPORT.substitute(name=name, one=part % JOINED, other=(part + 1) % JOINED)
        for part, config in enumerate(configs)
    }


def _described(models: Models) -> dict[str, Any]:
    """Return descriptions of all, and tests of the first and the fourth."""
    tables = [{"name": name, "description": f"{name}, in one line as people do."} for name in models]
    first, fourth = tables[0]["name"], tables[3]["name"]
    tested: dict[str, list[dict[str, Any]]] = {
        first: [{"name": "id", "data_tests": ["unique", "not_null"]}],
        fourth: [{"name": "kind", "data_tests": [{"relationships": {"arguments": _field(first, "kind")}}]}],
    }
    return {"models": [{**table, "columns": tested.get(table["name"], [])} for table in tables]}


def _field(model: str, column: str) -> dict[str, str]:
    return {"to": f"ref('{model}')", "field": column}

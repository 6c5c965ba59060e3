"""`mwaa new dag`: one file in dags/, as dags/jaffle_shop.py is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.new.made import refuse_existing, undone
from scripts.new.names import check_name
from scripts.paths import Paths

DAILY = "0 5 * * *"
PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
NEVER = "none"
LONGEST = 30  # characters of a selection in the file's first line
FIELD = r"[\d*,/\-A-Za-z#?]+"
CRON = re.compile(rf"{FIELD}(\s+{FIELD}){{4}}")
TEXT = '''"""{about}"""

from datetime import datetime

from airflow import DAG

from mwaa_dbt import alerts, dbt_group

with DAG(
    {name},
    schedule={schedule},
    start_date=datetime({year}, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={{"owner": {owner}}},
    tags=["dbt", {project}],
    **alerts(),
):
    dbt_group({project}{selection})
'''


@dataclass(frozen=True)
class DagWish:
    """What a new DAG is to be: its id, the dbt project it runs, and when."""

    name: str
    project: str
    schedule: str = DAILY
    select: tuple[str, ...] = ()
    owner: str = "analytics"


def new_dag(paths: Paths, wish: DagWish) -> Path:
    """Write the file of a new DAG and return its path.

    Raises:
        ProjectError: if the name is taken or not allowed, or the schedule is none.
    """
    check_name("DAG", wish.name)
    check_schedule(wish.schedule)
    path = dag_file(paths, wish.name)
    refuse_existing(paths.root, path, "edit it, or give the new DAG another name")
    with undone() as made:
        made.append(path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(dag_text(wish))
    return path


def dag_file(paths: Paths, name: str) -> Path:
    """Return where the file of a DAG is."""
    return paths.root / "dags" / f"{name}.py"


def dag_text(wish: DagWish) -> str:
    """Return the file of a DAG, formatted as the lint wants it."""
    chosen = f", select={json.dumps(list(wish.select), ensure_ascii=False)}" if wish.select else ""
    text = TEXT.format(
        about=_about(wish),
        name=_quoted(wish.name),
        schedule="None" if wish.schedule == NEVER else _quoted(wish.schedule),
        year=datetime.now(UTC).year,
        owner=_quoted(wish.owner),
        project=_quoted(wish.project),
        selection=chosen,
    )
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--quiet", "--isolated", "--line-length", "120", "-"]
    return str(subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout)


def _about(wish: DagWish) -> str:
    """Return the file's first line; a selection that does not fit stands below anyway."""
    chosen = " ".join(wish.select).replace("\\", "").replace('"', "'")
    what = f"a part of {wish.project} ({chosen})" if 0 < len(chosen) <= LONGEST else f"{wish.project}"
    when = "when it is triggered" if wish.schedule == NEVER else f"by the schedule {wish.schedule}"
    return f"Build {what} {when}: one task per node and its tests."


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def check_schedule(schedule: str) -> None:
    """Raise ProjectError if a text is no schedule that Airflow takes."""
    if schedule == NEVER or schedule in PRESETS or CRON.fullmatch(schedule.strip()):
        return
    raise ProjectError(
        f"{schedule!r} is no schedule.{suggestion(schedule, [*PRESETS, NEVER])}",
        "--schedule",
        f"give five fields of cron in quotes ({DAILY!r}), one of {', '.join(PRESETS)}, or {NEVER}",
    )

"""Rules one by one: what each finds, and what looks alike and is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.migrate.check.examine import all_rules
from scripts.migrate.check.source import Move
from tests.migrate.check.conftest import ROOT, seen

HEAD = "from datetime import datetime\nfrom airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
CRON = HEAD + "with DAG('a', schedule='@daily', catchup=False):\n    BashOperator(task_id='b', bash_command='{}')\n"


def rules(folder: Path, text: str, name: str = "a.py", move: Move | None = None) -> set[str]:
    """Return the rules that find something in a file, besides what is merely deprecated."""
    (folder / name).write_text(text)
    (folder / "other.py").write_text("")
    return {one.rule for one in seen(folder, move) if one.severity != "deprecated"}


FOUND = {
    "rest-api": [
        "URL = f'https://{HOST}/api/v1/dags/{DAG}/dagRuns'",
        "URL = HOST + '/api/experimental/dags'",
        "LOGIN = 'https://host/aws_mwaa/login'",
    ],
    "airflow-command": [
        "import os\nos.system('airflow db clean -y')",
        "COMMAND = '''set -e\n/usr/local/bin/airflow variables get x'''",
        "COMMAND = 'X=$(airflow connections get y)'",
        "COMMAND = ['airflow', 'dags', 'trigger', 'x']",
    ],
    "database": [
        "from airflow import settings\ndef f():\n    return settings.Session()",
        "from airflow.utils.session import create_session as made\ndef f():\n    with made() as s: pass",
        "from airflow.models import DagRun\nfrom sqlalchemy import select\ndef f(s):\n    s.scalars(select(DagRun))",
        "import os\nURL = os.environ['AIRFLOW__CORE__SQL_ALCHEMY_CONN']",
        "from airflow.models.dagrun import DagRun\ndef f():\n    return DagRun.find(dag_id='x')",
    ],
    "context-key": [
        "def f(**kwargs):\n    return kwargs['next_execution_date']",
        "from airflow.sdk import get_current_context\ndef f():\n    return get_current_context()['conf']",
        "X = '{% if execution_date %}{{ ts }}{% endif %}'",
        "X = f'{{{{ prev_ds }}}} {1 + 1}'",
        "X = '{{{{ next_ds }}}}'.format()",
    ],
    "context-attribute": [
        "def f(ti):\n    return ti.execution_date",
        "def f(**context):\n    return context['dag'].following_schedule(1)",
        "X = '{{ task_instance.execution_date }}'",
    ],
    "cron-interval": [
        CRON.format("{{ data_interval_start }}"),
        CRON.format("{{ ds }}").replace("'@daily'", "'5 4 * * 1'"),
        HEAD + "def f(**context):\n    context['logical_date']\nDAG('a', schedule='@hourly', catchup=False)",
    ],
    "xcom-pull": [
        "def f(ti):\n    return ti.xcom_pull(key='x')",
        "def f(ti):\n    return ti.xcom_pull(task_ids=None)",
        "X = '{{ ti.xcom_pull(key=\"x\") }}'",
    ],
    "xcom-output": ["from airflow.decorators import task\n@task\ndef f(): pass\nx = f()\ny = x.output"],
    "cosmos-uri": ["from airflow import Dataset\nDataset('snowflake://account/db.schema.orders')"],
    "plugin-views": [
        "from airflow.plugins_manager import AirflowPlugin\nclass P(AirflowPlugin):\n    flask_blueprints = [1]"
    ],
    "plugin-menus": [
        "from airflow.plugins_manager import AirflowPlugin\nclass P(AirflowPlugin):\n    menu_links = [1]"
    ],
    "option-gone": ["from airflow.configuration import conf\nX = conf.get('webserver', 'worker_class')"],
    "ignored-argument": ["default_args = {'sla': 1}\nX = dict(default_args=default_args)"],
    "module-gone": ["def f():\n    import airflow.contrib.hooks.aws_hook"],
}
ALONE = [
    # Another service's address, a person's word, another command.
    "URL = 'https://example.com/api/v1/orders'\nX = 'the airflow dags are nice; my-airflow dags list'",
    "COMMAND = 'airflow version'\nURL = '/pluginsv2/aws_mwaa/login'",
    # Names of one's own, in a template and in Python.
    "X = '{{ params.execution_date }} {{ dag_run.conf }} {% set conf = 1 %}{{ conf }} {{ var.value.next_ds }}'",
    "ROW = {}\nX = ROW['execution_date']\nY = ROW.get('conf')",
    '"""Templates: {{ execution_date }}, `airflow dags list`."""',
    # Runs of a listener are rows.
    "from airflow.listeners import hookimpl\n@hookimpl\ndef on_dag_run_success(dag_run):\n    dag_run.queued_at",
    # A plugin's own pages may open the database.
    "from airflow.plugins_manager import AirflowPlugin\nfrom airflow.utils.session import create_session\n"
    "class P(AirflowPlugin):\n    pass\ndef page():\n    with create_session() as session: pass",
    # Both versions in one file.
    "try:\n    from airflow.sdk import Asset\nexcept ImportError:\n    from airflow.datasets import Dataset as Asset",
    CRON.format("{{ ds }}").replace("'@daily'", "None"),
    CRON.format("{{ ds }}").replace("'@daily'", "CronDataIntervalTimetable('0 0 * * *', timezone='UTC')"),
    "def f(ti, which):\n    return ti.xcom_pull('a') or ti.xcom_pull(task_ids=['b'], key='c') or ti.xcom_pull(**which)",
    "from airflow.sdk import Asset\nAsset('s3://bucket/orders.csv')",
    "X = 'no template {{ at all'",
]


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in FOUND.items() for text in texts])
def test_found(tmp_path: Path, rule: str, text: str) -> None:
    """Each of these is found, by its rule."""
    assert rule in rules(tmp_path, text)


@pytest.mark.parametrize("text", ALONE)
def test_left_alone(tmp_path: Path, text: str) -> None:
    """Each of these works on both versions, and is not told."""
    assert rules(tmp_path, text) == set()


@pytest.mark.parametrize("text", [texts[0] for texts in FOUND.values()])
def test_within_airflow_3(tmp_path: Path, text: str) -> None:
    """Nothing of this is told of files that run on Airflow 3 already."""
    assert rules(tmp_path, text, move=Move("3.0.6", "3.3.1")) - {"option-gone"} == set()


def test_options_keep_meanings(tmp_path: Path) -> None:
    """An option that keeps an old meaning silences what is told of it."""
    move = Move(
        "2.11.2", "3.3.1", {"scheduler.create_cron_data_intervals": "True", "scheduler.catchup_by_default": "True"}
    )
    assert rules(tmp_path, CRON.format("{{ ds }}").replace(", catchup=False", ""), move=move) == set()


def test_templates_in_files(tmp_path: Path) -> None:
    """Files that operators read are templates, too; a dbt project's are not Airflow's."""
    assert rules(tmp_path, "select 1\nwhere day = '{{ tomorrow_ds }}'", "a.sql") == {"context-key"}
    (tmp_path / "dbt_project.yml").write_text("")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "b.py").write_text("")
    assert seen(tmp_path) == []


@pytest.mark.parametrize(
    ("pattern", "fix"),
    [
        ("hel.*", "write hel*"),
        ("helpers/", None),
        ("^helpers/.*\\.py$", "write helpers/*.py"),
        ("_two", "write *_two*"),
        ("one|a_two", 'set "core.dag_ignore_file_syntax" = "regexp"'),
        ("nothing", None),
        ("nothing.*at_all", "write nothing*at_all"),
    ],
)
def test_ignore_patterns(tmp_path: Path, pattern: str, fix: str | None) -> None:
    """A pattern is told if it hides other files as a glob, with a glob that hides the same."""
    for name in ("helpers/one.py", "helpers/a_two.py", "a_two.py", "dag.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".airflowignore").write_text(f"# ours\n{pattern}  # why\n")
    found = [(one.line, one.fix) for one in seen(tmp_path)]
    assert found == ([(2, fix)] if fix else [])


def test_rules_are_documented() -> None:
    """The table of docs/migrate-check.md is that of the code."""
    lines = [f"| `{one.name}` | {one.severity} | {one.title} |" for one in all_rules()]
    text = (ROOT / "docs" / "migrate-check.md").read_text()
    assert "\n".join(lines) in text

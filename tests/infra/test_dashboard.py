"""The dashboard, the lines of logs that it reads, and the filters that make a metric of what containers say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt import durations
from mwaa_dbt.history import About
from mwaa_dbt.results import Outcome, merge
from scripts.env.containers import GROUPS, PIP, group
from tests.infra.metrics import is_known
from tests.infra.templates import ACCOUNT, REGION, Template
from tests.unit.test_results import invocation

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "infra" / "monitoring.yaml").read_text()
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
type Deploy = Callable[..., dict[str, str]]
TEMPLATE = Template("monitoring.yaml", Name="shop")
PIP_FAILS = [
    "ERROR: Could not find a version that satisfies the requirement nothing==9 (from versions: none)",
    "[INFO] - ERROR: No matching distribution found for nothing==9",
    "[INFO] - ERROR: Cannot install a and b because these package versions have conflicting dependencies.",
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
]
# What else goes to the same groups.
HARMLESS = [
    "ERROR: pip's dependency resolver does not currently take into account all the packages that are installed.",
    "ERROR:    Exception in ASGI application",
    "psycopg2.errors.DeadlockDetected: ERROR:  deadlock detected",
    "[2026-11-21T20:00:00.000+0000] {scheduler_job_runner.py:1} ERROR - Exception when executing",
    "Successfully installed apache-airflow-providers-snowflake-6.16.0",
]


def widgets() -> list[dict[str, Any]]:
    """Return the dashboard's widgets."""
    (one,) = TEMPLATE.resources("AWS::CloudWatch::Dashboard").values()
    return list(json.loads(one["DashboardBody"])["widgets"])


def graphed() -> list[list[Any]]:
    """Return the rows of all graphs, each whole: "..." stands for what the row before has."""
    rows: list[list[Any]] = []
    for widget in widgets():
        for row in widget["properties"].get("metrics", []):
            names = [one for one in row if isinstance(one, str)]
            if names[:1] == ["..."]:
                names = [*rows[-1][:-1], names[1]]
            rows += [names] if names else []
    return rows


def test_dashboard_is_there(session: Any, deploy: Deploy) -> None:
    """It is called as the environment, and shows what is to be seen, each thing in a place of its own."""
    outputs = deploy("shop-dashboard", TEXT, Name="shop")
    body = json.loads(session("cloudwatch").get_dashboard(DashboardName="shop")["DashboardBody"])
    assert body["widgets"] == widgets()
    names = {row[1] for row in graphed()} | {
        row[-1] for row in graphed() if row[-1] in ("AdditionalWorker", "AdditionalWebservers")
    }
    assert names >= {"ApproximateAgeOfOldestTask", "RunningTasks", "QueuedTasks", "OpenSlots", "TotalParseTime"}
    assert names >= {"ImportErrors", "SchedulerHeartbeat", "TriggererHeartbeat", "AdditionalWorker", "FreeableMemory"}
    assert "CeleryWorkerHeartbeat" in json.dumps(body)
    fields = [(x, y) for one in widgets() for x in cover(one, "x", "width") for y in cover(one, "y", "height")]
    assert len(set(fields)) == len(fields)
    assert max(x for x, _ in fields) < 24
    assert outputs["DashboardUrl"].endswith("dashboard/shop")


def cover(widget: dict[str, Any], at: str, size: str) -> range:
    """Return the fields of the dashboard's grid that a widget covers."""
    return range(widget[at], widget[at] + widget[size])


def test_dashboard_shows_every_alarm() -> None:
    """All alarms stand at its head."""
    (head,) = [one for one in widgets() if one["type"] == "alarm"]
    names = [one["AlarmName"] for one in TEMPLATE.resources("AWS::CloudWatch::Alarm").values()]
    wanted = {f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}" for name in names}
    assert set(head["properties"]["alarms"]) == wanted


def test_graphs_are_known() -> None:
    """Every metric that is shown is one that MWAA documents, with the dimensions that it has."""
    for namespace, name, _, environment, *rest in graphed():
        assert environment == "shop"
        assert is_known(namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))), (name, rest)


def query(title: str) -> list[str]:
    """Return the stages of a log query of the dashboard."""
    (one,) = [one for one in widgets() if one["properties"].get("title") == title]
    return str(one["properties"]["query"]).split(" | ")


def fields(title: str, line: str) -> dict[str, str] | None:
    """Return what a query reads of a line, None if it passes over it; Insights' patterns are nearly Python's."""
    found: dict[str, str] = {}
    for stage in query(title):
        kind, _, pattern = stage.partition(" @message ")
        inner = pattern.removeprefix("like ").strip("/")
        match = re.search(inner.replace("(?<", "(?P<"), line) if pattern else None
        if kind in ("filter", "parse") and match is None:
            return None
        found |= match.groupdict() if match and kind == "parse" else {}
    return found


@pytest.mark.parametrize("wrapped", [False, True])
def test_queries_read_what_dags_log(wrapped: bool) -> None:
    """The tables of runs and nodes find dbt_finish's own lines, in a log of text as in one of JSON."""
    about = About("daily", "run 0", "shop", "shop", "a8b8faec1297", None, datetime(2026, 11, 2, tzinfo=UTC), 36.24)
    outcomes = [
        Outcome("model.shop.orders", "success", 1.0, 12.5),
        Outcome("model.shop.x", "partial success", 2.0, 3.0),
    ]
    logged = list(durations.lines(about, merge([invocation("producer", 1, outcomes)])))
    run, slow, other = [json.dumps({"event": one, "level": "info"}) if wrapped else one for one in logged]
    assert fields("dbt runs", run) == {
        "dag": "daily",
        "group": "shop",
        "state": "success",
        "nodes": "2",
        "seconds": "36.2",
    }
    node = {"node": "model.shop.orders", "status": "success", "tries": "1", "seconds": "12.5"}
    assert fields("Slowest dbt nodes, s", slow) == node
    assert (fields("Slowest dbt nodes, s", other) or {})["status"] == "partial_success"
    assert fields("dbt runs", slow) is fields("Slowest dbt nodes, s", run) is None


def test_queries_read_their_groups() -> None:
    """Each table reads the log groups that have its lines."""
    for title, components in (
        ("dbt runs", ["Task"]),
        ("Slowest dbt nodes, s", ["Task"]),
        ("What containers said when they started", list(GROUPS)),
    ):
        sources = [stage for stage in query(title) if stage.startswith("SOURCE")]
        assert sources == [f"SOURCE '{group('shop', one)}'" for one in components]


def filters() -> list[tuple[str, str, str]]:
    """Return group, pattern and metric of each filter."""
    made = TEMPLATE.resources("AWS::Logs::MetricFilter").values()
    return [(one["LogGroupName"], one["FilterPattern"], one["MetricTransformations"][0]["MetricName"]) for one in made]


def matches(pattern: str, line: str) -> bool:
    """Say whether CloudWatch's filter takes a line: all plain phrases, one of those with ?, none of those with -."""
    terms = re.findall(r'([?-]?)"([^"]*)"', pattern)
    kinds = {sign: [phrase in line for one, phrase in terms if one == sign] for sign in ("", "?", "-")}
    return all(kinds[""]) and (any(kinds["?"]) or not kinds["?"]) and not any(kinds["-"])


def test_filters_look_everywhere(session: Any) -> None:
    """Both filters stand on each group that containers write to when they start, and CloudWatch takes them."""
    assert {(name, metric) for name, _, metric in filters()} == {
        (group("shop", one), f"shop-{kind}") for one in GROUPS for kind in ("requirements", "startup")
    }
    logs = session("logs")
    for one in TEMPLATE.resources("AWS::Logs::MetricFilter").values():
        if not logs.describe_log_groups(logGroupNamePrefix=one["LogGroupName"])["logGroups"]:
            logs.create_log_group(logGroupName=one["LogGroupName"])
        (change,) = one["MetricTransformations"]
        logs.put_metric_filter(
            logGroupName=one["LogGroupName"],
            filterName=change["MetricName"],
            filterPattern=one["FilterPattern"],
            metricTransformations=[{name[0].lower() + name[1:]: value for name, value in change.items()}],
        )
    assert len(logs.describe_metric_filters()["metricFilters"]) == len(filters())


def test_failed_pip_is_counted() -> None:
    """What pip says of a failure makes the alarm, as it makes `mwaa doctor` tell of it; what others say does not."""
    for _, pattern, metric in filters():
        if metric.endswith("-requirements"):
            assert [line for line in PIP_FAILS if not matches(pattern, line)] == []
            assert [line for line in HARMLESS if matches(pattern, line)] == []
    assert all(PIP.search(line) for line in PIP_FAILS)


def test_failed_startup_is_counted() -> None:
    """What startup.sh says in the end makes the alarm if it left no dbt, or an old one."""
    said = re.search(r'mwaa_dbt_say "(dbt virtualenv \$MWAA_DBT_STATUS[^"]*)"', (ROOT / "startup.sh").read_text())
    assert said
    for status, counts in (("ready", False), ("skipped: webserver", False), ("failed: pip", True), ("kept: uv", True)):
        line = f"[INFO] - startup.sh: {said[1]}".replace("$MWAA_DBT_STATUS", status)
        assert {matches(pattern, line) for _, pattern, metric in filters() if metric.endswith("-startup")} == {counts}

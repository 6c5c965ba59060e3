"""`mwaa dags`, `runs`, `errors`, `pause` and `unpause`, on Airflow 2 and 3."""

from __future__ import annotations

from tests.operate.answers import Dag, Run
from tests.operate.conftest import LONG, Project


def test_dags_are_listed(project: Project) -> None:
    """Each DAG has its schedule, its next run if somebody will start it, its last run and its tags."""
    done = project.mwaa("dags")
    assert done.code == 0, done.err
    (shop,) = [line for line in done.out.splitlines() if "│ shop " in line]
    assert [cell.strip() for cell in shop.strip("│").split("│")] == [
        *("shop", "", "0 5 * * *", "2026-11-21 05:00:00", "failed", "2026-11-20 05:00:03", "dbt, daily"),
    ]
    (hourly,) = [line for line in done.out.splitlines() if "shop_hourly" in line]
    assert [cell.strip() for cell in hourly.strip("│").split("│")] == ["shop_hourly", "paused", *[""] * 5]
    found = project.mwaa("dags", "--json").json
    assert [(dag["dag"], dag["paused"], dag["schedule"]) for dag in found] == [
        ("shop", False, "0 5 * * *"),
        ("shop_hourly", True, None),
    ]
    assert found[0]["last_run"]["seconds"] == 122.25
    assert found[1]["last_run"] is None


def test_dags_by_pattern(project: Project) -> None:
    """Patterns and ids choose; a word that fits nothing is answered with the close one."""
    assert [dag["dag"] for dag in project.mwaa("dags", "*_hourly", "--json").json] == ["shop_hourly"]
    done = project.mwaa("dags", "shop_houry")
    assert (done.code, done.out) == (1, "")
    assert "There is no DAG 'shop_houry'. Did you mean 'shop_hourly'?" in done.err


def test_hundreds_of_dags_are_paged(project: Project) -> None:
    """Pages have a hundred at most; the last run of a DAG that is not among the newest is asked for alone."""
    project.cloud.dags = {f"dag_{number:03}": Dag(f"dag_{number:03}") for number in range(103)}
    project.cloud.dags["dag_000"].runs = [Run(f"run_{number}") for number in range(100)]
    project.cloud.dags["dag_001"].runs = [Run("old")]
    found = project.mwaa("dags", "dag_00[01]", "--json").json
    assert [(dag["dag"], dag["last_run"]["run"]) for dag in found] == [("dag_000", "run_0"), ("dag_001", "old")]
    assert [call.query["offset"] for call in project.cloud.calls if call.path == "/dags"] == [["0"], ["100"]]


def test_runs_are_listed(project: Project) -> None:
    """The newest first, with how long each took; by state, and no more than asked for."""
    done = project.mwaa("runs", "shop")
    assert done.code == 0, done.err
    assert done.out.index("scheduled__2026-11-20") < done.out.index("first")
    assert "2 min 02 s" in done.out
    assert [run["run"] for run in project.mwaa("runs", "shop", "--state", "success", "--json").json] == ["first"]
    assert len(project.mwaa("runs", "shop", "-n", "1", "--json").json) == 1
    asked = {call.query["order_by"][0] for call in project.cloud.calls if call.path.endswith("dagRuns")}
    assert asked == {"-start_date" if project.cloud.is_2 else "-run_after"}
    assert "shop_hourly has no run in state failed." in project.mwaa("runs", "shop_hourly", "--state", "failed").out
    assert project.mwaa("runs", "shop", "--state", "done").code == 2


def test_runs_of_more_than_a_page(project: Project) -> None:
    """Of more than a hundred runs the next page is asked for."""
    project.cloud.dags["shop"].runs = [Run(f"run_{number}") for number in range(130)]
    assert len(project.mwaa("runs", "shop", "-n", "120", "--json").json) == 120
    assert len(project.mwaa("runs", "shop", "-n", "500", "--json").json) == 130


def test_dag_that_is_gone(project: Project) -> None:
    """A DAG whose file has gone is in Airflow's database still, and is none."""
    project.cloud.dags["gone"] = Dag("gone", there=False)
    done = project.mwaa("runs", "gone")
    assert done.code == 1
    assert "There is no DAG 'gone'." in done.err
    assert "use one of: shop, shop_hourly; `mwaa errors --env prod`" in done.err


def test_long_names_take_the_session(project: Project) -> None:
    """A path that InvokeRestApi refuses goes to the web server; all others do not."""
    project.cloud.dags[LONG] = Dag(LONG, runs=[Run("first")])
    assert project.mwaa("runs", LONG, "--json").json[0]["run"] == "first"
    assert project.cloud.ways(f"/dags/{LONG}/dagRuns") == {"web"}
    assert project.mwaa("runs", "shop").code == 0
    assert project.cloud.ways("/dags/shop/dagRuns") == {"invoke"}


def test_pause_and_unpause(project: Project) -> None:
    """Patterns are taken, what is so already is told, and a name that is wrong changes nothing."""
    done = project.mwaa("pause", "shop*")
    assert (done.code, done.out) == (0, "shop is paused\nshop_hourly was paused already\n")
    assert project.cloud.dags["shop"].paused
    done = project.mwaa("unpause", "shop", "shpo_hourly")
    assert (done.code, "Did you mean 'shop_hourly'?" in done.err) == (1, True)
    assert project.cloud.dags["shop"].paused
    assert project.mwaa("unpause", "shop", "shop", "--json").json == {
        "changed": ["shop"],
        "already": [],
        "unfinished": {},
    }
    assert not project.cloud.dags["shop"].paused
    assert len([call for call in project.cloud.calls if call.method == "PATCH"]) == 2


def test_pause_warns_of_runs(project: Project) -> None:
    """Airflow does nothing more for a paused DAG: what it leaves midway is told, of the DAGs that are named alone."""
    shop = project.cloud.dags["shop"]
    shop.runs = [Run("one", "running"), Run("two", "queued"), Run("done")]
    project.cloud.dags["other"] = Dag("other", runs=[Run("its", "running")])
    done = project.mwaa("pause", "shop")
    assert (done.code, done.out) == (0, "shop is paused\n")
    assert done.err == "! Begun and not ended: 2 runs of shop. Until it is unpaused, no further task starts.\n"
    assert project.mwaa("pause", "shop", "--json").json["unfinished"] == {"shop": ["one", "two"]}
    assert project.mwaa("unpause", "shop").err == ""


def test_errors(project: Project) -> None:
    """Without any, 0; with some, 1: file and last lines of an import error, DAG and words of a warning."""
    done = project.mwaa("errors")
    assert (done.code, done.out) == (0, "No import errors, no warnings.\n")
    trace = "\n".join(
        ["Traceback (most recent call last):", *(f"  line {number}" for number in range(9)), "KeyError: 'x'"]
    )
    stamp = "2026-11-20T05:00:00+00:00"
    project.cloud.import_errors = [{"filename": "shop.py", "stack_trace": trace, "timestamp": stamp}]
    project.cloud.warnings = [
        {"dag_id": "shop", "warning_type": "non-existent pool", "message": "no [red]", "timestamp": stamp}
    ]
    done = project.mwaa("errors")
    assert done.code == 1
    assert "import error shop.py  2026-11-20 05:00:00 UTC" in done.out
    assert "KeyError: 'x'" in done.out
    assert "line 3" not in done.out
    assert "warning DAG shop" in done.out
    assert "non-existent pool: no [red]" in done.out
    done = project.mwaa("errors", "--json")
    assert (done.code, [fault["kind"] for fault in done.json]) == (1, ["import error", "warning"])
    assert done.json[0]["text"] == trace

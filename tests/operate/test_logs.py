"""`mwaa logs` of tasks, on Airflow 2 and 3."""

from __future__ import annotations

import signal
import time

import pytest

from tests.operate.answers import Run, Task
from tests.operate.conftest import Project, line


def test_failed_tasks_of_the_last_run(project: Project) -> None:
    """Without a task, those that failed: each with its last lines, and what else there is."""
    project.cloud.dags["shop"].runs[0].tasks[1].log = [line(f"line {number}") for number in range(40)]
    done = project.mwaa("logs", "shop")
    assert done.code == 0, done.err
    texts = done.out.splitlines()
    assert (len(texts), texts[-1][-7:]) == (30, "line 39")
    assert "shop.stg_orders" in done.err
    assert "… the last 30 of 40 lines" in done.err
    assert "shop.orders" not in done.err.replace("shop.stg_orders", "")
    assert project.mwaa("logs", "shop", "-n", "2").out.splitlines() == texts[-2:]
    assert project.cloud.ways("/logs/") == {"web"}


def test_run_without_failures(project: Project) -> None:
    """Where nothing failed, that is said; a DAG that has not run says so, too."""
    done = project.mwaa("logs", "shop", "--run", "first")
    assert (done.code, done.out) == (0, "")
    assert "shop · first: success, no task failed." in done.err
    done = project.mwaa("logs", "shop_hourly")
    assert (done.code, "DAG shop_hourly has not run yet." in done.err) == (1, True)


def test_one_task(project: Project) -> None:
    """A task's log is whole, by the task's id or dbt's name of its node; --grep chooses lines."""
    done = project.mwaa("logs", "shop", "stg_orders")
    assert (done.code, done.err) == (0, "")
    assert [text.split()[-1] for text in done.out.splitlines()] == ["starting", "identifier"]
    if not project.cloud.is_2:
        assert done.out.splitlines()[1] == "2026-11-20 05:00:04 ERROR invalid identifier"
    assert project.mwaa("logs", "shop", "shop.stg_orders").out == done.out
    assert project.mwaa("logs", "shop", "stg_orders", "--grep", "starting").out.count("\n") == 1


def test_tries(project: Project) -> None:
    """The last try is shown if none is named; one that there was not is told."""
    assert project.mwaa("logs", "shop", "stg_orders").code == 0
    assert project.mwaa("logs", "shop", "stg_orders", "--try", "1").code == 0
    asked = [call.path.rsplit("/", 1)[-1] for call in project.cloud.calls if "/logs/" in call.path]
    assert asked == ["2", "1"]
    done = project.mwaa("logs", "shop", "stg_orders", "--try", "7")
    assert (done.code, done.out) == (1, "")
    assert "Task shop.stg_orders has no log of try 7." in done.err


def test_task_that_has_not_begun(project: Project) -> None:
    """A task that never ran has no log."""
    done = project.mwaa("logs", "shop", "orders")
    assert (done.code, done.out) == (0, "")
    assert "shop.orders has not begun (upstream_failed)" in done.err


def test_mapped_task(project: Project) -> None:
    """Each instance of a mapped task has a log of its own, under its number."""
    tasks = [Task("copy", map_index=number, log=[line(f"from {number}")]) for number in (0, 1)]
    project.cloud.dags["shop"].runs = [Run("first", tasks=tasks)]
    done = project.mwaa("logs", "shop", "copy")
    assert [text[-6:] for text in done.out.splitlines()] == ["from 0", "from 1"]
    assert "copy[1]" in done.err
    assert project.mwaa("logs", "shop", "copy[1]").out.endswith("from 1\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shpo",), "There is no DAG 'shpo'. Did you mean 'shop'?"),
        (("shop", "stg_order"), "The run has no task 'stg_order'. Did you mean"),
        (("shop", "--run", "fist"), "DAG shop has no run 'fist'. Did you mean 'first'?"),
    ],
)
def test_unknown_names(project: Project, words: tuple[str, ...], said: str) -> None:
    """A name that is wrong is answered with the close one."""
    done = project.mwaa("logs", *words)
    assert (done.code, done.out) == (1, "")
    assert said in done.err


def test_run_by_a_part_of_its_id(project: Project) -> None:
    """A part of a run's id is enough if no other has it."""
    assert "invalid identifier" in project.mwaa("logs", "shop", "--run", "2026-11-20").out
    project.cloud.dags["shop"].runs.append(Run("first again"))
    done = project.mwaa("logs", "shop", "--run", "irst")
    assert (done.code, "2 runs of shop have 'irst' in their id." in done.err) == (1, True)


def test_colours_of_a_log_are_not_shown(project: Project) -> None:
    """What a log has in it does not move, colour or rename the terminal."""
    project.cloud.dags["shop"].runs[0].tasks[1].log = [line("\x1b]0;title\x07 \x1b[31mred\x1b[0m [bold]x")]
    out = project.mwaa("logs", "shop").out
    assert "red [bold]x" in out
    assert "\x1b" not in out


def test_error_of_a_task(project3: Project) -> None:
    """Airflow 3 has what a task raised beside its event; folding marks are left out."""
    raised = line("Task failed with exception", "error", error_detail=[{"exc_type": "KeyError", "exc_value": "'x'"}])
    failed = Task("t", "failed", log=[line("::group::Log message source details"), raised, line("::endgroup::")])
    project3.cloud.dags["shop"].runs = [Run("first", "failed", tasks=[failed])]
    texts = project3.mwaa("logs", "shop").out.splitlines()
    assert texts == ["2026-11-20 05:00:04 ERROR Task failed with exception", "KeyError: 'x'"]


def test_follow(project: Project) -> None:
    """--follow shows what comes, each line once, tells a new try, and ends with the task."""
    task = Task("t", "running", log=[line("one")])
    project.cloud.dags["shop"].runs = [Run("first", "running", tasks=[task])]
    with project.start("logs", "shop", "t", "--env", "prod", "--follow") as process:
        assert process.stdout
        assert process.stdout.readline().endswith(b"one\n")
        task.log.append(line("two"))
        assert process.stdout.readline().endswith(b"two\n")
        task.attempt, task.log = 2, [line("again")]
        assert process.stdout.readline().endswith(b"again\n")
        task.state = "success"
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"")
    assert [text for text in err.decode().splitlines() if "t" in text] == ["t, try 1", "t, try 2", "t: success"]


def test_interrupted_follow(project3: Project) -> None:
    """Ctrl-C ends it without a word."""
    project3.cloud.dags["shop"].runs = [Run("first", "running", tasks=[Task("t", "running", log=[line("one")])])]
    with project3.start("logs", "shop", "t", "--env", "prod", "--follow") as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"t, try 1\n")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("shop", "--component", "worker"),
        ("--component", "worker", "--try", "2"),
        ("--component", "wroker"),
        ("shop", "--since", "2h"),
        ("shop", "--follow"),
        ("--component", "worker", "--since", "yesterday"),
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense(project3: Project, words: tuple[str, ...]) -> None:
    """Wrong usage is told before anything is asked."""
    done = project3.mwaa("logs", *words)
    assert (done.code, "Usage:" in done.err) == (2, True)
    assert project3.cloud.calls == []

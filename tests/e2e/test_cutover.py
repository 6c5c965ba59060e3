"""A DAG that runs every minute moves between two real Airflow environments: each minute is run once, by one of them."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.airflow.environment import find_environment
from scripts.migrate.cutover.times import read_turns
from tests.command import MWAA
from tests.e2e.conftest import Project
from tests.e2e.pairs import make_pair, running

pytestmark = [pytest.mark.e2e, pytest.mark.pair]
MINUTE, PATIENCE = timedelta(minutes=1), 480.0
STARTING = 6 * MINUTE  # that two rehearsals take at least: a DAG that catches up would begin with runs by the dozen
DAGS = {"skips": False, "catches_up": True}  # whether with catchup
# Several tasks: a DAG that is paused between them would stop midway. Airflow does not end a run before its teardowns.
PARTS = ("first", "second", "third")
DAG = '''
"""A note of each minute, in parts."""

from datetime import datetime
from pathlib import Path

try:
    from airflow.sdk import DAG, get_current_context, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.operators.python import get_current_context


@task
def note(part):
    run = get_current_context()["dag_run"]
    due = getattr(run, "run_after", None) or run.data_interval_end
    with Path("{file}").open("a") as file:
        file.write(f"{{due:%Y-%m-%dT%H:%M}} {{part}} {side}\\n")


with DAG(
    "{dag}", schedule="* * * * *", start_date=datetime({start}), catchup={catchup}, is_paused_upon_creation={paused}
):
    first, second, last = (note.override(task_id=part)(part) for part in {parts})
    first >> second >> last.as_teardown()
'''


class World:
    """Two rehearsals and what their tasks noted."""

    def __init__(self, root: Path) -> None:
        self.root, self.begun = root, datetime.now(UTC) + STARTING
        self.old, self.new = make_pair(root)
        for side, project in (("old", self.old), ("new", self.new)):
            self._fill(project, side)

    def _fill(self, project: Project, side: str) -> None:
        project.drop_samples(projects=False)
        start = ", ".join(map(str, self.begun.timetuple()[:5]))
        for dag, catchup in DAGS.items():
            text = DAG.format(
                dag=dag,
                side=side,
                parts=PARTS,
                file=self.root / f"{dag}.txt",
                catchup=catchup,
                paused=side == "new",
                start=start,
            )
            (project.paths.root / "dags" / f"{dag}.py").write_text(text)
        project.edit(
            "settings.toml",
            "[environments.local.slack]",
            '[environments.local.airflow]\n"scheduler.use_job_schedule" = "True"\n\n[environments.local.slack]',
        )

    def notes(self, dag: str) -> Counter[tuple[str, str]]:
        """Return how often each part of each minute was run."""
        lines = (self.root / f"{dag}.txt").read_text().splitlines() if (self.root / f"{dag}.txt").exists() else []
        return Counter((line.split()[0], line.split()[1]) for line in lines)

    def wait(self, side: str) -> None:
        """Wait until a side has noted a whole minute more of each DAG."""
        for file in (self.root / f"{dag}.txt" for dag in DAGS):
            file.touch()
            begun, end = file.read_text().count(f"third {side}"), time.monotonic() + PATIENCE
            while file.read_text().count(f"third {side}") == begun:
                assert time.monotonic() < end, f"{file.stem} does not run in {side}"
                time.sleep(1)

    def cutover(self, *words: str) -> subprocess.Popen[str]:
        """Start a cutover of both DAGs from the old to the new one."""
        sides = ("--from", str(self.old.paths.root), "--yes", "--verify", "240")
        command = [str(MWAA), "migrate", "cutover", *DAGS, *words, *sides]
        return subprocess.Popen(
            command, cwd=self.new.paths.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start both, one after the other, and end them."""
    made = World(tmp_path_factory.mktemp("cutover"))
    with running(made.old, made.new):
        yield made


def each_once(notes: Counter[tuple[str, str]]) -> None:
    """Check that each minute between the first and the last was run once, all parts of it."""
    minutes = sorted({datetime.fromisoformat(minute) for minute, _ in notes})
    assert minutes == [minutes[0] + number * MINUTE for number in range(len(minutes))]
    assert set(notes.values()) == {1}
    assert len(notes) == len(PARTS) * len(minutes)


def test_each_minute_once(world: World) -> None:
    """The cutover is killed at three random moments and repeated, then taken back: no minute is lost or doubled."""
    world.wait("old")
    for _ in range(3):
        process = world.cutover("--group", "2")
        time.sleep(random.uniform(2, 20))  # noqa: S311 - any moment will do
        process.send_signal(signal.SIGKILL)
        process.communicate()
    ended(world.cutover())
    world.wait("new")
    ended(world.cutover("--return"))
    world.wait("old")
    stop(world)
    for dag in DAGS:
        each_once(world.notes(dag))


def ended(process: subprocess.Popen[str]) -> None:
    """Wait until a cutover has come to a good end."""
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out


def stop(world: World) -> None:
    """Pause the DAGs in the old side once nothing of them runs, so that their last minute is whole."""
    side = find_environment("local", world.old.paths)
    while any(turn.state not in ("success", "failed") for dag in DAGS for turn in read_turns(side.airflow, dag)):
        time.sleep(0.5)
    assert world.old.mwaa("pause", *DAGS).code == 0

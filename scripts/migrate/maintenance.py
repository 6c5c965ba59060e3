"""The maintenance DAG: put into an environment for one job, waited for, run, and taken away again, whatever happens."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mwaa_dbt.errors import ProjectError
from scripts.airflow.causes import cause
from scripts.airflow.environment import Environment
from scripts.airflow.find import all_dags
from scripts.airflow.pausing import set_paused
from scripts.airflow.rest import dag_path, run_path
from scripts.airflow.run import DONE
from scripts.aws.errors import said
from scripts.console import Notes, step

type Job = Literal["dump", "load", "move"]
NAME = "mwaa_migrate_"  # how the DAG's id begins, and its file's name
INSIDE = Path(__file__).parent / "inside"
# Job → its file, before which the others stand.
FILES: dict[Job, tuple[str, ...]] = {
    "dump": ("lines", "shared", "history"),
    "load": ("lines", "shared", "history"),
    "move": ("rule", "shared", "secrets"),
}
OURS = "# Made by `mwaa migrate`, and deleted by it: an Airflow DAG."
DOCSTRING = re.compile(r'\A""".*?"""\n', re.DOTALL)
IMPORTS = re.compile(r"^from (__future__|scripts\.migrate\.inside\.\w+) import .*\n", re.MULTILINE)
PATIENCE = 900.0  # seconds; MWAA copies a new file within 30, and Airflow looks for new ones every 300
PAUSE = 3.0  # seconds between two looks, at most; in the beginning they are shorter


def source(job: Job, name: str) -> str:
    """Return the DAG's file: the parts that a job needs, one after the other, as they stand."""
    texts = [DOCSTRING.sub("", (INSIDE / f"{part}.py").read_text()) for part in FILES[job]]
    body = "\n\n\n".join(IMPORTS.sub("", text).strip("\n") for text in texts)
    return f"{OURS}\nfrom __future__ import annotations\n\n{body}\n\n\ndag = make_dag({job}, {name!r})\n"


@dataclass(frozen=True)
class Maintenance:
    """One job in an environment's Airflow; its DAG has a name of its own, so that no file of before is taken for it."""

    side: Environment
    job: Job
    name: str

    def run(self, conf: Mapping[str, Any]) -> None:
        """Do the job and wait for its end.

        Raises:
            ProjectError: if the DAG does not come up, or the job fails, with why.
        """
        with self._placed():
            with step(f"Airflow of {self.side.mwaa.name} has the maintenance DAG") as notes:
                self._wait(notes)
            with step(f"Maintenance DAG in {self.side.mwaa.name}, job {self.job}") as notes:
                self._follow(self.side.airflow.trigger(self.name, conf, self.name), notes)

    @contextmanager
    def _placed(self) -> Iterator[None]:
        key, data = f"{self.side.dags}/{self.name}.py", source(self.job, self.name).encode()
        try:
            self.side.bucket.put(key, data, hashlib.sha256(data).hexdigest())
            yield
        finally:
            self.side.bucket.delete(key)
            forget(self.side, self.name)

    def _wait(self, notes: Notes) -> None:
        begun = time.monotonic()
        while not self._up():
            if (waited := time.monotonic() - begun) > PATIENCE:
                raise ProjectError(
                    f"Airflow has not read the maintenance DAG after {waited / 60:.0f} minutes.",
                    f"{self.side.mwaa.name}, s3://{self.side.bucket.name}/{self.side.dags}/{self.name}.py",
                    "see whether Airflow reads DAGs at all (`mwaa logs --component dag-processing`), then run it again",
                )
            notes.now(f"waiting for Airflow to read it, {waited:.0f} s (on MWAA up to six minutes)")
            _pause(waited)

    def _up(self) -> bool:
        airflow = self.side.airflow
        for error in airflow.pages("importErrors", "import_errors"):
            if self.name in str(error.get("filename", "")):
                last = str(error["stack_trace"]).strip().splitlines()[-1]
                what = f"Airflow {self.side.version} cannot import the maintenance DAG: {last}"
                raise ProjectError(
                    what, f"{self.side.mwaa.name}, {self.name}.py", "with Airflow 2.4 or later, report it"
                )
        found = airflow.call("GET", dag_path(self.name))
        if found and found["is_paused"]:
            set_paused(airflow, self.name, False)
        return bool(found)

    def _follow(self, run: str, notes: Notes) -> None:
        airflow, begun = self.side.airflow, time.monotonic()
        while (state := airflow.state(self.name, run)) not in DONE:
            notes.now(f"{state}, {(waited := time.monotonic() - begun):.0f} s")
            _pause(waited)
        if state == "success":
            return
        failed = [one for one in airflow.tasks(self.name, run) if one["state"] == "failed"]
        why = cause(airflow, failed[0]) if failed else "its task was not run"
        where = f"{self.side.mwaa.name}, DAG {self.name}, job {self.job}"
        raise ProjectError(f"The maintenance DAG failed: {why}", where, _fix(why))


def _pause(waited: float) -> None:
    time.sleep(min(PAUSE, 0.3 + waited / 10))


def _fix(why: str) -> str:
    refused = said(why)
    if not refused:
        return "mend what it names, then run the same command: it goes on where it was"
    line = f'{{"Effect": "Allow", "Action": "{refused[0]}", "Resource": "{refused[1]}"}}'
    return f"allow the environment's execution role: {line}; then run the same command: it goes on where it was"


def maintain(side: Environment, job: Job, conf: Mapping[str, Any]) -> None:
    """Do a job in an environment's Airflow; nothing of it stays there, nor of a command that was killed before.

    Raises:
        ProjectError: if it cannot be done.
    """
    sweep(side)
    Maintenance(side, job, f"{NAME}{secrets.token_hex(4)}").run(conf)


def sweep(side: Environment) -> None:
    """Take away what killed commands have left in an environment: files, runs, DAGs."""
    for key in side.bucket.objects(f"{side.dags}/{NAME}"):
        if side.bucket.get(key).decode(errors="replace").startswith(OURS):
            side.bucket.delete(key)
    for dag in all_dags(side.airflow):
        if dag.dag.startswith(NAME):
            forget(side, dag.dag)


def forget(side: Environment, name: str) -> None:
    """End a maintenance DAG's runs and delete what Airflow knows of it; without its file it cannot run in any case."""
    with suppress(ProjectError):
        for run in side.airflow.pages(f"{dag_path(name)}/dagRuns", "dag_runs"):
            if run["state"] not in DONE:
                side.airflow.call("PATCH", run_path(name, str(run["dag_run_id"])), json={"state": "failed"})
        side.airflow.call("DELETE", dag_path(name))

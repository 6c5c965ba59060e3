"""An MWAA environment whose Airflow has a scheduler: it makes runs, works them off, and parses from time to time."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from tests.migrate.cutover.jobs import BEGIN, Job, Made
from tests.operate.server import Call, Cloud, Refusal, answering

PARSE, TICK = 0.4, 0.05  # seconds


@dataclass
class Victim:
    """A command that is to be killed just before, or just after, its n-th change of either environment."""

    process: subprocess.Popen[bytes]
    at: int
    before: bool
    seen: int = 0

    def look(self, before: bool) -> None:
        """Kill it if it is its turn."""
        self.seen += before
        if self.seen == self.at and before == self.before:
            self.process.kill()
            self.process.wait()


@dataclass
class Scheduled(Cloud):
    """The environment; `victim` is shared by both sides."""

    jobs: dict[str, Job] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    victims: list[Victim] = field(default_factory=list)
    backfillable: bool = True
    failed: list[dict[str, Any]] = field(default_factory=list)  # task instances
    over: threading.Event = field(default_factory=threading.Event)

    def environment(self) -> dict[str, Any]:
        """Answer GetEnvironment."""
        place = {"SourceBucketArn": f"arn:aws:s3:::{self.name}", "DagS3Path": "dags"}
        arn = f"arn:aws:airflow:eu-central-1:123456789012:environment/{self.name}"
        return {**super().environment(), "Arn": arn, **place, **self.described}

    def add(self, job: Job) -> Job:
        """Add a DAG."""
        self.jobs[job.id] = job
        job.reckon()
        return job

    def live(self) -> None:
        """Schedule and parse until it is over."""
        parsed = 0.0
        while not self.over.wait(TICK):
            now = time.monotonic()
            with self.lock:
                for job in self.jobs.values():
                    job.work(now)
                    if now - parsed > PARSE:
                        job.reckon()
            parsed = now if now - parsed > PARSE else parsed

    def rest(self, call: Call) -> tuple[int, Any]:
        """Answer as Airflow does; whoever is to be killed is killed at a change."""
        change = call.method != "GET" and not call.path.endswith("dry_run")
        for victim in self.victims if change else ():
            victim.look(before=True)
        if any(victim.process.poll() is not None and victim.before for victim in self.victims if change):
            return 503, "nobody is there"
        with self.lock:
            answer = super().rest(call)
        for victim in self.victims if change else ():
            victim.look(before=False)
        return answer

    def _rest(self, call: Call) -> Any:  # noqa: PLR0911 - one for each path
        parts = [unquote(part) for part in call.path.strip("/").split("/")]
        match parts:
            case ["dags"]:
                return self._page(call, "dags", [job.answer(self.is_2) for job in self.jobs.values()])
            case ["assets" | "datasets" as kind]:
                return self._page(call, kind, self._assets())
            case ["backfills"] if call.method == "GET":
                job = self.jobs[call.query["dag_id"][0]]
                return self._page(call, "backfills", job.backfills)
            case ["backfills", *rest]:
                return self._backfill(rest, call.body or {})
            case ["dags", "~", "dagRuns"]:
                return self._runs(call, [*self.jobs.values()])
            case ["dags", "~", "dagRuns", "~", "taskInstances"]:
                assert call.query["state"] == ["failed"]
                return self._page(call, "task_instances", self.failed)
            case ["dags", dag, *rest]:
                return self._job(call, self._found(self.jobs, dag, "DAG"), rest)
        raise Refusal(404, {"detail": "Not Found"})

    def _assets(self) -> list[dict[str, Any]]:
        key = "consuming_dags" if self.is_2 else "scheduled_dags"
        made = [(maker, job.id) for job in self.jobs.values() for maker in job.made_by]
        return [{key: [{"dag_id": user}], "producing_tasks": [{"dag_id": maker}]} for maker, user in made]

    def _runs(self, call: Call, jobs: list[Job]) -> Any:
        asked = {name: values[0] for name, values in call.query.items()}
        runs = [(job, run) for job in jobs for run in job.runs if run.state == asked.get("state", run.state)]
        name = "execution_date" if self.is_2 else "logical_date"
        if exact := asked.get(f"{name}_gte"):
            assert asked[f"{name}_lte"] == exact
            runs = [(job, run) for job, run in runs if run.logical == datetime.fromisoformat(exact)]
        order = asked.get("order_by", "-run_after")
        assert order == ("-execution_date" if self.is_2 and "order_by" in asked else "-run_after")
        runs.sort(key=lambda pair: pair[1].after, reverse=True)
        return self._page(call, "dag_runs", [run.answer(job.id, self.is_2) for job, run in runs])

    def _job(self, call: Call, job: Job, rest: list[str]) -> Any:
        match rest:
            case [] if call.method == "PATCH":
                job.paused = call.body["is_paused"]
                return job.answer(self.is_2)
            case [] | ["details"]:
                return job.answer(self.is_2)
            case ["tasks"]:
                return {"tasks": [{"task_id": "wait", "operator_name": "ExternalTaskSensor"}]}
            case ["dagRuns"] if call.method == "POST":
                return self._by_hand(job, call.body)
            case ["dagRuns"]:
                return self._runs(call, [job])
            case ["dagRuns", name, *more]:
                run = self._found({run.id: run for run in job.runs}, name, "DagRun")
                return self._run(call, job, run, more)
        raise Refusal(404, {"detail": "Not Found"})

    def _run(self, call: Call, job: Job, run: Made, rest: list[str]) -> Any:
        match rest:
            case ["taskInstances"]:
                return self._page(call, "task_instances", [{"task_id": name, "state": None} for name in run.left])
            case ["taskInstances", task]:
                assert call.body["new_state"] == "success"
                run.left.remove(task)
            case [] if call.method == "PATCH" and "state" in call.body:
                # Airflow's mark_tasks.py: a run with teardown tasks that have not ended stays as it is; in 2 for good.
                run.settled = not run.left
                run.state = call.body["state"] if run.settled and not (self.is_2 and job.teardowns) else run.state
            case [] | ["setNote"] if call.method == "PATCH":
                run.note = call.body["note"]
        return run.answer(job.id, self.is_2)

    def _by_hand(self, job: Job, body: dict[str, Any]) -> Any:
        logical = datetime.fromisoformat(body["logical_date"])
        if job.at(logical) or any(run.id == body["dag_run_id"] for run in job.runs):
            raise Refusal(409, {"detail": "DAGRun already exists"})
        made = job.make("manual", job.due(logical), body["dag_run_id"])
        assert made.end.isoformat() == body["data_interval_end"]
        return made.answer(job.id, self.is_2)

    def _backfill(self, rest: list[str], body: dict[str, Any]) -> Any:
        if self.is_2 or not self.backfillable:
            raise Refusal(404 if self.is_2 else 403, {"detail": "Forbidden"})
        if rest[1:] == ["cancel"]:
            job, found = next(
                (job, one) for job in self.jobs.values() for one in job.backfills if one["id"] == int(rest[0])
            )
            if found["completed_at"]:
                raise Refusal(409, {"detail": "Backfill is already completed."})
            for run in job.runs:
                run.state = "failed" if run.state == "queued" and run.id in found["runs"] else run.state
            found["completed_at"] = datetime.now(UTC).isoformat()
            return found
        job = self._found(self.jobs, body["dag_id"], "DAG")
        first, last = (datetime.fromisoformat(body[name]) for name in ("from_date", "to_date"))
        dues = job.dues(first, last)
        if body["reprocess_behavior"] == "none":
            dues = [due for due in dues if job.at(job.logical(due)) is None]
        if rest == ["dry_run"]:
            return {"backfills": [{"logical_date": job.logical(due).isoformat()} for due in dues]}
        if any(one["completed_at"] is None for one in job.backfills):
            raise Refusal(409, {"detail": f"There is already a running backfill for dag {job.id}"})
        made = [job.make("backfill", due) for due in dues]
        job.backfills.append(
            {
                **{name: body[name] for name in ("dag_id", "from_date", "to_date")},
                "id": next(BEGIN),
                "completed_at": None,
                "runs": [run.id for run in made],
            }
        )
        return job.backfills[-1]


def begin(stack: ExitStack, cloud: Scheduled) -> Scheduled:
    """Let an environment live as long as a stack is open."""
    stack.enter_context(answering(cloud))
    thread = threading.Thread(target=cloud.live, daemon=True)
    thread.start()

    def end() -> None:
        cloud.over.set()
        thread.join()

    stack.callback(end)
    return cloud


def until(true: Callable[[], object], patience: float = 30.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(TICK)

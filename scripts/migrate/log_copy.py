"""Task logs from one environment's log group to the other's, as MWAA names their streams."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.aws.logs import Event, Stream
from scripts.console import step
from scripts.history.text import count
from scripts.migrate.sides import Sides

AT_ONCE = 4  # streams; GetLogEvents is allowed 25 times a second (CloudWatch Logs quotas)
# Airflow's logging.log_filename_template, with "_" for ":" (the Amazon provider's cloudwatch_task_handler).
NAME = re.compile(r"dag_id=(?P<dag>.+?)/run_id=.+?/task_id=.+/attempt=\d+\.log")
SAFETY = timedelta(minutes=10)  # that an event may age on its way
Outcome = Literal["copied", "whole", "completed", "old", "other"]


@dataclass(frozen=True)
class Wanted:
    """Which logs: of how many days, of which DAGs (a pattern), of failed tasks alone; old ones as files, too."""

    days: int
    dag: str
    failed: bool
    files: bool


@dataclass
class Copied:
    """What was done: streams by outcome, events written, and those too old for CloudWatch or refused by it."""

    streams: dict[str, int] = field(default_factory=dict)
    events: int = 0
    old: int = 0
    others: list[str] = field(default_factory=list)


def copy_logs(sides: Sides, wanted: Wanted) -> Copied:
    """Copy task logs; what is whole in the new group is not written again.

    Raises:
        ProjectError: if an environment writes no task logs, or AWS refuses.
    """
    source, target = map(_group, (sides.old, sides.new))
    days = sides.new.aws.logs.days(target)
    if days is None:
        raise ProjectError(
            f"There is no log group {target} in {sides.new.aws.region}.",
            f"CloudWatch, {sides.new.aws.region}",
            f"switch on the task logs of {sides.new.mwaa.name}: MWAA then makes it",
        )
    oldest = datetime.now(UTC) - timedelta(days=days) + SAFETY
    copy = _Copy(sides, source, target, int(oldest.timestamp() * 1000), wanted.files)
    with step(f"streams of {source}") as notes:
        found = [*_streams(sides, source, wanted)]
        notes.append(f"{len(found)} to look at")
    done = Copied()
    with step(f"logs to {target}") as notes, ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(copy.stream, stream) for stream in found]
        try:
            for number, job in enumerate(as_completed(jobs), 1):
                _add(done, *job.result())
                notes.now(f"logs to {target}: {number} of {len(found)} streams, {done.events} events")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        notes.append(f"{done.events} events")
    return done


def _group(side: Environment) -> str:
    if not side.logging("task").get("Enabled", True):
        what = f"{side.mwaa.name} writes no task logs to CloudWatch."
        raise ProjectError(what, f"LoggingConfiguration.TaskLogs of {side.name}", "switch them on")
    return side.log_group("task")


def _streams(sides: Sides, source: str, wanted: Wanted) -> Iterator[Stream]:
    since = datetime.now(UTC) - timedelta(days=wanted.days)
    failed = {*_failed(sides, since)} if wanted.failed else None
    for stream in sides.old.aws.logs.streams(source):
        if stream.last and stream.last < since.timestamp() * 1000:
            # Newest first.
            return
        found = NAME.fullmatch(stream.name)
        if not found or not fnmatchcase(found["dag"], wanted.dag):
            continue
        if failed is None or stream.name.rpartition("/attempt=")[0] in failed:
            yield stream


def _failed(sides: Sides, since: datetime) -> Iterator[str]:
    """Yield what the names of failed tasks' streams begin with, of all their tries."""
    filters = {"state": "failed", "start_date_gte": since.isoformat()}
    for task in sides.old.airflow.pages("dags/~/dagRuns/~/taskInstances", "task_instances", **filters):
        number = int(task.get("map_index", -1))
        mapped = f"/map_index={number}" if number >= 0 else ""
        name = f"dag_id={task['dag_id']}/run_id={task['dag_run_id']}/task_id={task['task_id']}{mapped}"
        yield name.replace(":", "_")


def _add(done: Copied, outcome: Outcome, stream: str, events: int, old: int) -> None:
    done.streams[outcome] = done.streams.get(outcome, 0) + 1
    done.events += events
    done.old += old
    if outcome == "other":
        done.others.append(stream)


class _Copy:
    """Copies streams one by one.

    Args:
        sides: both environments.
        source: the group to read.
        target: the group to write.
        oldest: the earliest event that CloudWatch takes, in milliseconds.
        files: put what is older into the new environment's bucket.
    """

    def __init__(self, sides: Sides, source: str, target: str, oldest: int, files: bool) -> None:
        self._old, self._new = sides.old.aws.logs, sides.new.aws.logs
        self._bucket, self._folder = sides.new.bucket, f"{sides.folder}/logs"
        self._source, self._target, self._oldest, self._files = source, target, oldest, files
        with step(f"streams of {target}"):
            self._there = {stream.name: stream for stream in self._new.streams(target)}

    def stream(self, stream: Stream) -> tuple[Outcome, str, int, int]:
        """Copy a stream; return the outcome, its name, events written, and events too old."""
        there = self._there.get(stream.name)
        if there and stream.last and stream.first >= self._oldest and there[1:] == stream[1:]:
            return "whole", stream.name, 0, 0
        events = sorted(self._old.events(self._source, stream.name), key=lambda event: event.at)
        young = [event for event in events if event.at >= self._oldest]
        old = events[: len(events) - len(young)]
        if old and self._files:
            self._keep(stream.name, events)
        if not young:
            return "old", stream.name, 0, len(old)
        known = self._new.events(self._target, stream.name) if there else []
        # Events may have grown too old since they were copied.
        known = [event for event in known if event.at >= young[0].at]
        if known != young[: len(known)]:
            return "other", stream.name, 0, len(old)
        if len(known) == len(young):
            return "whole", stream.name, 0, len(old)
        taken = self._new.append(self._target, stream.name, young[len(known) :])
        missed = len(young) - len(known) - taken
        return ("completed" if known else "copied"), stream.name, taken, len(old) + missed

    def _keep(self, name: str, events: Sequence[Event]) -> None:
        """Put a whole log into the bucket, once."""
        text = "".join(f"{_stamp(event.at)} {event.text}\n" for event in events).encode()
        key, data = f"{self._folder}/{name}.gz", gzip.compress(text, mtime=0)
        sha256 = hashlib.sha256(data).hexdigest()
        found = self._bucket.head(key)
        if found is None or found.sha256 != sha256:
            self._bucket.put(key, data, sha256)


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def told(done: Copied) -> Iterable[str]:
    """Yield what was done, in lines."""
    words = {
        "copied": "copied",
        "completed": "completed, begun by an earlier copy",
        "whole": "there already, whole",
        "old": "older than CloudWatch takes",
        "other": "left alone: the new group has other lines under that name",
    }
    for outcome, text in words.items():
        if number := done.streams.get(outcome, 0):
            yield f"{count(number, 'stream')} {text}"

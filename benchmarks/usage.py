"""What a rehearsal's processes used meanwhile: CPU by component, and the memory of those that hold a slot."""

from __future__ import annotations

import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from scripts.local.state import POSTGRES

EVERY = 0.2  # seconds between two looks at the tasks
TICK = os.sysconf("SC_CLK_TCK")
# As Airflow 3.3.1 calls a task's process (task_runner.py), and whatever runs in dbt's virtualenv.
SLOTS = {"task MB": re.compile(r"^airflow worker -- [0-9a-f]{8}-"), "dbt MB": re.compile(r"^\S*/dbt-venv/\S*/bin/")}
COMPONENTS = ("scheduler", "workers", "api-server", "triggerer", "dag-processor", "warehouse")
CALLED = {"outside": "warehouse"}


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it: own CPU seconds, and those of children that ended."""

    pid: int
    parent: int
    session: int
    own: float
    children: float


class Usage:
    """Looks at the processes of some sessions from `with` to its end; `facts` then has what they used.

    Args:
        sessions: name of a component → its session's id, which is its first process.
    """

    def __init__(self, sessions: Mapping[str, int]) -> None:
        self.names = {session: name for name, session in sessions.items()}
        self.peaks = dict.fromkeys(SLOTS, 0.0)
        self.facts: dict[str, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Usage:
        self._before = self._seconds()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        after = self._seconds()
        self._done.set()
        self._thread.join()
        # The database has processes of its own only if it is a server.
        names = [*COMPONENTS, *(name for name in self.names.values() if name == POSTGRES)]
        used = {name: max(0.0, after[name] - self._before[name]) for name in names}
        self.facts = {**used, **self.peaks}

    def _seconds(self) -> dict[str, float]:
        seconds: dict[str, float] = defaultdict(float)
        for process, member in self._processes():
            name = component(member)
            # LocalExecutor's workers are children of the scheduler.
            forked = name == "scheduler"
            seconds["workers" if forked and process.pid not in self.names else name] += process.own
            seconds["workers" if forked else name] += process.children
        return seconds

    def _processes(self) -> Iterator[tuple[Process, str]]:
        table = {process.pid: process for process in processes()}
        for process in table.values():
            above: Process | None = process
            # BashOperator and Cosmos start dbt in a session of its own.
            while above and above.session not in self.names:
                above = table.get(above.parent)
            if above:
                yield process, self.names[above.session]

    def _watch(self) -> None:
        while not self._done.wait(EVERY):
            for process, _ in self._processes():
                self._look(Path("/proc", str(process.pid)))

    def _look(self, folder: Path) -> None:
        try:
            title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            for name in (name for name, pattern in SLOTS.items() if pattern.search(title)):
                self.peaks[name] = max(self.peaks[name], _peak((folder / "status").read_text()))
        except OSError:
            return


def component(member: str) -> str:
    """Return the column of a rehearsal's process; Celery's workers share one."""
    return "workers" if member.startswith("worker") else CALLED.get(member, member)


def processes() -> Iterator[Process]:
    """Yield all processes of this machine."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (found := _stat(folder)):
            yield found


def _stat(folder: Path) -> Process | None:
    try:
        # The name, in brackets, may have blanks and brackets in it.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    own, children = (sum(map(int, fields[first : first + 2])) / TICK for first in (11, 13))
    return Process(int(folder.name), int(fields[1]), int(fields[3]), own, children)


def _peak(status: str) -> float:
    # A process that has just ended has no memory any more.
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0.0

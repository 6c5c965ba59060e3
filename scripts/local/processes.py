"""Starting, watching and ending the processes of a rehearsal."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests

from mwaa_dbt.errors import ProjectError
from scripts.local import state
from scripts.local.state import MARK, POSTGRES, Member, Rehearsal, folder
from scripts.paths import Paths

QUIET = 10  # looks in a row, a tenth of a second apart, that find no worker at work
SERVER_ERRORS = 500  # the first of these statuses
POLITE = 10.0  # seconds between SIGTERM and SIGKILL


class Launcher:
    """Starts processes with a log file each, and writes each one down before the next."""

    def __init__(self, paths: Paths, rehearsal: Rehearsal) -> None:
        self.paths, self.rehearsal = paths, rehearsal

    def start(self, name: str, command: list[object], environment: Mapping[str, str]) -> None:
        """Start a process of its own session, so that Ctrl-C reaches only us."""
        log = log_file(self.paths, name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                list(map(str, command)),
                env={**environment, MARK: str(self.paths.root)},
                cwd=folder(self.paths),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.rehearsal.members[name] = Member(process.pid, psutil.Process(process.pid).create_time())
        self.rehearsal.save(self.paths)

    def wait(self, name: str, url: str, limit: float = 60.0) -> None:
        """Wait until a process answers at a URL.

        Raises:
            ProjectError: if it ends or is not ready in time; the end of its log is shown.
        """
        # Another program may have taken the port since it was found free, and would answer in its place.
        self.wait_until(name, lambda: self.listens(name, url) and answers(url), limit)

    def wait_until(self, name: str, ready: Callable[[], bool], limit: float = 60.0) -> None:
        """Wait until a process is ready.

        Raises:
            ProjectError: if it ends or is not ready in time; the end of its log is shown.
        """
        end = time.monotonic() + limit
        while not ready():
            if not self.rehearsal.members[name].alive or time.monotonic() > end:
                log = log_file(self.paths, name)
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise ProjectError(
                    f"{name} did not start:\n{tail}", str(log), "mend what its log names, then try again"
                )
            time.sleep(0.1)

    def listens(self, name: str, url: str) -> bool:
        """Say whether a process, or a child of it, listens on the port of a URL."""
        port = urlsplit(url).port
        try:
            leader = psutil.Process(self.rehearsal.members[name].pid)
            found = [
                found for one in (leader, *leader.children(recursive=True)) for found in one.net_connections("tcp")
            ]
        except psutil.Error:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found)

    def drain(self, name: str, limit: float) -> bool:
        """Ask a process alone, not its children, to end; say whether it, or its work, has within `limit` seconds."""
        member, end, quiet = self.rehearsal.members.get(name), time.monotonic() + limit, 0
        if member and member.alive:
            _signal(psutil.Process(member.pid).terminate)
        # Whoever started it need not have looked: psutil would wait for a zombie for ever. And of idle workers one
        # may stay for ever (LocalExecutor 3.3.1 asks as many to end as are alive, and some end before they are asked).
        while member and member.alive and quiet < QUIET:
            if time.monotonic() > end:
                return False
            quiet = 0 if _works(member.pid) else quiet + 1
            time.sleep(0.1)
        return True

    def finish(self, names: Iterable[str], limit: float) -> bool:
        """Ask processes alone to end once their work is done; say whether all have within `limit` seconds."""
        asked = [self.rehearsal.members[name] for name in names if name in self.rehearsal.members]
        end = time.monotonic() + limit
        for member in asked:
            if member.alive:
                _signal(psutil.Process(member.pid).terminate)
        while any(member.alive for member in asked):
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def stop(self, names: Iterable[str]) -> None:
        """Kill processes and all that is left of their sessions, then strike them off."""
        gone = {name: self.rehearsal.members[name].pid for name in names if name in self.rehearsal.members}
        end = time.monotonic() + POLITE
        # What was forked meanwhile is found by another look.
        while (found := _living(set(gone.values()))) and time.monotonic() < end:
            for process in found:
                _signal(process.kill)
            time.sleep(0.05)
        for name in gone:
            del self.rehearsal.members[name]
        self.rehearsal.save(self.paths)


def _works(pid: int) -> bool:
    """Say whether a scheduler has a worker that runs a task; they say so in their titles."""
    try:
        return any(_is_busy(child) for child in psutil.Process(pid).children())
    except psutil.NoSuchProcess:
        return False


def _is_busy(worker: psutil.Process) -> bool:
    try:
        title = " ".join(worker.cmdline())
    except psutil.Error:
        # Ended: a zombie has no command line.
        return False
    # One that is idle is called `LocalExecutor: <idle>`, by Airflow 2 nothing but `LocalExecutor`.
    return "LocalExecutor: " in title and "<idle>" not in title


def log_file(paths: Paths, name: str) -> Path:
    """Return where a process writes its log."""
    return folder(paths) / "logs" / f"{name}.log"


def answers(url: str) -> bool:
    """Say whether an HTTP server answers at all."""
    try:
        # The front sends on to an Airflow that may not have started yet.
        return requests.get(url, timeout=2, allow_redirects=False).status_code < SERVER_ERRORS
    except requests.RequestException:
        return False


def end(paths: Paths) -> int:
    """End every process of this project's rehearsal, children and orphans too; return how many there were."""
    database = state.member(paths, POSTGRES)
    # Its clients end first, or they would fill their logs with its loss.
    found = _ours(paths, but=_family(database))
    for process in found:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs(found, timeout=POLITE)
    # What was forked meanwhile is found by a second look.
    for process in {*stubborn, *_ours(paths, but=_family(database))}:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=POLITE)
    return len(found) + interrupt(database)


def interrupt(server: Member | None) -> int:
    """End a PostgreSQL server with its clients' connections; return how many processes it had."""
    family = _family(server)
    # SIGTERM would wait for its clients, SIGKILL would leave its shared memory behind.
    for leader in family[:1]:
        _signal(partial(leader.send_signal, signal.SIGINT))
    _, stubborn = psutil.wait_procs(family, timeout=POLITE)
    for process in stubborn:
        _signal(process.kill)
    return len(family)


def _family(member: Member | None) -> list[psutil.Process]:
    """Return a process that still runs and all that it has started, whatever their sessions are."""
    if member is None or not member.alive:
        return []
    leader = psutil.Process(member.pid)
    return [leader, *leader.children(recursive=True)]


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return


def _ours(paths: Paths, but: Iterable[psutil.Process]) -> list[psutil.Process]:
    sessions, root, left = state.sessions(paths), str(paths.root), set(but)
    found = (process for process in psutil.process_iter() if process not in left)
    return [process for process in found if _session(process) in sessions or _mark(process) == root]


def _living(sessions: set[int]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _session(process) in sessions and not _zombie(process)]


def _zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _session(process: psutil.Process) -> int | None:
    # The session stays when a parent dies and when Airflow renames a process, which wipes its environment.
    try:
        return os.getsid(process.pid)
    except OSError:
        return None


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None

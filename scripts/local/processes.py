"""Starting, watching and ending the processes of a rehearsal."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import requests

from mwaa_dbt.errors import ProjectError
from scripts.local import state
from scripts.local.state import MARK, Member, Rehearsal, folder
from scripts.paths import Paths

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
        end = time.monotonic() + limit
        while not answers(url):
            if not self.rehearsal.members[name].alive or time.monotonic() > end:
                log = log_file(self.paths, name)
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise ProjectError(
                    f"{name} did not start:\n{tail}", str(log), "mend what its log names, then try again"
                )
            time.sleep(0.1)


def log_file(paths: Paths, name: str) -> Path:
    """Return where a process writes its log."""
    return folder(paths) / "logs" / f"{name}.log"


def answers(url: str) -> bool:
    """Say whether an HTTP server answers at all."""
    try:
        return requests.get(url, timeout=2).status_code < 500  # noqa: PLR2004 - server errors begin here
    except requests.RequestException:
        return False


def end(paths: Paths) -> int:
    """End every process of this project's rehearsal, children and orphans too; return how many there were."""
    found = _ours(paths)
    for process in found:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs(found, timeout=POLITE)
    # What was forked meanwhile is found by a second look.
    for process in {*stubborn, *_ours(paths)}:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=POLITE)
    return len(found)


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return


def _ours(paths: Paths) -> list[psutil.Process]:
    sessions, root = state.sessions(paths), str(paths.root)
    return [process for process in psutil.process_iter() if _session(process) in sessions or _mark(process) == root]


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

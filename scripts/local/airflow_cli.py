"""Airflow's command line as MWAA's endpoint runs it: one command at a time, never through a shell."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

from mwaa_dbt.tables import suggestion
from scripts.cli_commands import allowed, commands
from scripts.local import state
from scripts.local.state import MARK
from scripts.paths import Paths
from scripts.venvs import Airflow

LIMIT = 300.0  # seconds; MWAA's own is not documented


class Ended(NamedTuple):
    """What a command has said, and its exit code."""

    code: int
    out: bytes
    err: bytes


class AirflowCli:
    """Runs commands in what the container's processes run in."""

    def __init__(self, paths: Paths) -> None:
        self._paths, self._one = paths, threading.Lock()

    def run(self, line: str, version: str) -> Ended:
        """Run a command that MWAA allows and return its end; one that it does not allow ends at once.

        Args:
            line: the words after `airflow`, quoted as in a shell.
            version: that of Airflow.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            return _refused(f"The command cannot be read: {error}: {line}")
        if not allowed(version, words):
            wanted = " ".join(words[:2])
            # Of another group, what looks alike does something else.
            close = [one for one in sorted(commands(version)) if one.split()[0] == words[0]] if words else []
            return _refused(f"This command is not allowed on MWAA: {wanted!r}.{suggestion(wanted, close)}")
        with self._one:
            return self._run(words)

    def _run(self, words: list[str]) -> Ended:
        folder = state.folder(self._paths)
        try:
            container = json.loads((folder / "container.json").read_text())
        except FileNotFoundError:
            return _refused("Airflow has not started yet.")
        process = subprocess.Popen(
            [Airflow(Path(container["airflow"])).airflow, *words],
            env={**container["variables"], MARK: str(self._paths.root)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\nended after {LIMIT:.0f} s\n".encode()
        return Ended(process.returncode, out, err)


def _refused(message: str) -> Ended:
    return Ended(2, b"", f"{message}\n".encode())

"""The dbt that stays, as this side sees it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.dbt import Dbt
from scripts.projects import DbtProject

PROGRAM = Path(__file__).with_name("inside") / "serve.py"
GRACE = 3.0  # seconds that dbt has to cancel what runs in the warehouse

type Answer = dict[str, Any]


class Session:
    """A process of dbt's Python that answers one request after the other."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    def ask(self, **request: Any) -> Answer:
        """Return the answer to a request.

        Raises:
            ProjectError: if the process has ended.
        """
        assert self._process.stdin and self._process.stdout  # noqa: S101 - for the type checker
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        return dict(json.loads(line))

    def _ended(self) -> ProjectError:
        tail = "\n".join(self._log.read_text(errors="replace").strip().splitlines()[-5:])
        return ProjectError(f"dbt has ended:\n{tail}", str(self._log), "run the command again")

    def end(self) -> None:
        """End it; what runs in the warehouse is cancelled first."""
        self._process.send_signal(signal.SIGINT)
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self._process.kill()
        self._process.wait()


@contextmanager
def open_session(dbt: Dbt, staged: DbtProject, schema: str, record: Path) -> Iterator[Session]:
    """Yield a session with a staged project.

    Args:
        dbt: as a task would run it.
        staged: the copy of the project.
        schema: in which every node must be; those beside it count as its own.
        record: the file that notes what was built.
    """
    flags = ["--profiles-dir", dbt.profiles, "--profile", staged.name, "--target", dbt.target]
    flags += ["--project-dir", staged.folder, "--log-level", "none"]
    options = {"flags": list(map(str, flags)), "schema": schema, "record": str(record)}
    python, log = Path(dbt.executable).with_name("python"), record.with_name("dbt.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [python, PROGRAM, json.dumps(options)],
            cwd=staged.folder,
            env={**dbt.environment, "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            # Ctrl-C reaches us alone.
            start_new_session=True,
        )
    session = Session(process, log)
    try:
        yield session
    finally:
        session.end()

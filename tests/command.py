"""The `mwaa` command as tests run it, and what it leaves."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MWAA = Path(sys.executable).with_name("mwaa")
PATIENCE = 300.0  # seconds


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def seen(self) -> str:
        """Both outputs."""
        return self.out + self.err

    @property
    def json(self) -> Any:
        """What --json printed."""
        return json.loads(self.out)


def mwaa(words: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: bytes = b"") -> Done:
    """Run `mwaa …` to its end without a terminal, in a process that has nothing of this one's environment.

    It is a fork of one that has imported the libraries (tests/forks.py), so it begins in a third of the time.
    """
    order = {"words": list(map(str, words)), "folder": str(folder), "environment": dict(environment)}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked:
            asked.settimeout(PATIENCE)
            asked.connect(_server())
            socket.send_fds(asked, [json.dumps(order).encode()], [file.fileno() for file in (given, out, err)])
            code = _awaited(asked)
        seen = []
        for file in (out, err):
            file.seek(0)
            seen.append(file.read().decode())
    assert "Traceback" not in seen[1], seen[1]
    return Done(code, *seen)


def _awaited(asked: socket.socket) -> int:
    child = int(asked.recv(32))
    try:
        return int(asked.recv(32))
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        raise


@cache
def _server() -> str:
    """Return the address of this process's own server."""
    address = f"{tempfile.mkdtemp(prefix='mwaa-')}/forks"
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR")}
    command = [sys.executable, "-P", str(ROOT / "tests" / "forks.py"), address]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE)
    assert server.stdin
    atexit.register(server.stdin.close)
    until = time.monotonic() + PATIENCE
    while not _serves(address):
        assert server.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    return address


def _serves(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        return probe.connect_ex(address) == 0

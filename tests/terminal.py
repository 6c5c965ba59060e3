"""A command at a terminal, with somebody who types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Makes a terminal one's own, so that Ctrl-C goes to the command.
LOGIN = "import os, sys; os.login_tty(int(sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])"
LIMIT = 60  # seconds


def at_terminal(
    command: Sequence[str], typed: list[tuple[str, bytes]], folder: Path, environment: Mapping[str, str]
) -> tuple[int, str]:
    """Run a command at a terminal and return its code and what was seen.

    Each text of `typed` is typed when the question before it is there.
    """
    ours, theirs = pty.openpty()
    login = [sys.executable, "-c", LOGIN, str(theirs), *command]
    process = subprocess.Popen(login, cwd=folder, env=environment, pass_fds=[theirs])
    os.close(theirs)
    seen = b""
    # Not select(): it knows no descriptor above 1,023, and a long run of tests has those.
    screen = select.poll()
    screen.register(ours, select.POLLIN)
    end = time.monotonic() + LIMIT
    while True:
        assert time.monotonic() < end, seen
        if typed and typed[0][0].encode() in seen:
            time.sleep(0.3)
            os.write(ours, typed.pop(0)[1])
        if screen.poll(200):
            try:
                seen += os.read(ours, 65536)
            except OSError:
                break
    os.close(ours)
    return process.wait(10), seen.decode()

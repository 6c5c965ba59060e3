"""The command at a terminal, with somebody who types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

from tests.secrets.conftest import MWAA, Project

# Makes a terminal one's own, so that Ctrl-C goes to the command.
LOGIN = "import os, sys; os.login_tty(int(sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])"


def at_terminal(project: Project, typed: list[tuple[str, bytes]], *arguments: str) -> tuple[int, str]:
    """Run the command at a terminal; each text is typed when the question before it is there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", LOGIN, str(theirs), str(MWAA), "secrets", *arguments, "--env", "prod"]
    process = subprocess.Popen(command, cwd=project.root, env=project.environment, pass_fds=[theirs])
    os.close(theirs)
    seen = b""
    # Not select(): it knows no descriptor above 1,023, and a long run of tests has those.
    screen = select.poll()
    screen.register(ours, select.POLLIN)
    end = time.monotonic() + 30
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
    project.printed.append(seen.decode())
    return process.wait(10), seen.decode()

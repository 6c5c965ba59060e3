"""Runs the `mwaa` command in forks of one process that has imported the libraries, which take most of a short one.

Nothing of `scripts` is imported before the fork: it sees its own environment, folder and outputs, as a process that is
started anew does. `python -P tests/forks.py SOCKET` serves until its standard input ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time

LIBRARIES = (
    *("boto3", "botocore.httpsession", "cryptography.x509", "jinja2", "packaging.requirements", "psutil", "requests"),
    *("rich.live", "rich.table", "s3transfer.manager", "typer.rich_utils", "yaml"),
)
LONGEST = 1 << 17  # bytes of an order


def serve(path: str) -> None:
    """Take orders on a socket, each in a process of its own."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen(64)
        while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
            assert ready
            with listener.accept()[0] as asked:
                if os.fork() == 0:
                    listener.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    carry_out(asked)
                    return


def carry_out(asked: socket.socket) -> None:
    """Run one command; tell its process first, then its exit code."""
    data, files, _, _ = socket.recv_fds(asked, LONGEST, 3)
    if not data:
        return
    if child := os.fork():
        asked.send(str(child).encode())
        asked.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        os._exit(0)
    asked.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    become(json.loads(data))


def become(order: dict[str, object]) -> None:
    """Be the command: its words, folder and environment."""
    os.chdir(str(order["folder"]))
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[call-overload]
    time.tzset()
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115 - they are the process's own
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.argv = ["mwaa", *order["words"]]  # type: ignore[misc]
    from scripts.cli import main

    main()


if __name__ == "__main__":
    serve(sys.argv[1])

"""Runs a startup script the way MWAA does, for the rehearsal, the build and the tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError

WRAPPER = Path(__file__).with_name("startup_wrapper.sh")
GRACE_SECONDS = 5.0
"""How long MWAA waits between SIGTERM and SIGKILL."""

_OWN_TO_BASH = frozenset({"_", "OLDPWD", "PWD", "SHLVL"})


@dataclass(frozen=True)
class Startup:
    """What a startup script left behind.

    Args:
        environment: all exported variables after the script.
        changed: those of them that the script added or changed.
        output: what it printed, standard error included.
        seconds: how long it took.
    """

    environment: dict[str, str]
    changed: dict[str, str]
    output: str
    seconds: float


def run_startup(
    script: Path,
    env: Mapping[str, str],
    time_limit: float = 295.0,
    on_line: Callable[[str], None] | None = None,
) -> Startup:
    """Run the script under MWAA's semantics and return the environment Airflow would get.

    MWAA looks at its clock once a minute, so a real container may be killed up to a minute later.

    Args:
        script: the startup script.
        env: the container's environment; nothing of the caller's own is added.
        time_limit: seconds until the script is ended.
        on_line: called with each line of output as it comes.

    Returns:
        The environment, the output and the time taken.

    Raises:
        ProjectError: the container would not start.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mwaa-startup-") as folder:
        saved = Path(folder, "environment")
        process = _start(script, env, saved)
        lines: list[str] = []
        reader = threading.Thread(target=_read, args=(process, lines, on_line), daemon=True)
        reader.start()
        in_time = _wait(process, time_limit)
        # A background process that the script left running may hold the pipe open for good.
        reader.join(timeout=1.0)
        output = "".join(lines)
        if not in_time:
            raise _too_slow(script, time_limit, output)
        if not saved.exists():
            raise _died(script, process.returncode, output)
        after = _parse(saved.read_bytes())
    changed = {k: v for k, v in after.items() if env.get(k) != v and k not in _OWN_TO_BASH}
    return Startup(after, changed, output, time.monotonic() - started)


def _start(script: Path, env: Mapping[str, str], saved: Path) -> subprocess.Popen[str]:
    """Start the wrapper as the leader of its own process group."""
    home = Path(env.get("AIRFLOW_HOME", "."))
    return subprocess.Popen(
        ["/bin/bash", str(WRAPPER), str(script.resolve()), str(saved)],
        env=dict(env),
        cwd=home if home.is_dir() else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _read(process: subprocess.Popen[str], lines: list[str], on_line: Callable[[str], None] | None) -> None:
    """Collect the output and pass each line on while the script runs."""
    if process.stdout is None:
        return
    with process.stdout as stream:
        for line in stream:
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))


def _wait(process: subprocess.Popen[str], time_limit: float) -> bool:
    """Wait for the end; past the limit, end the whole process group and return False."""
    try:
        process.wait(time_limit)
    except subprocess.TimeoutExpired:
        _end_group(process)
        return False
    except BaseException:
        # Ctrl-C reaches only our own process group.
        _kill_group(process)
        raise
    return True


def _end_group(process: subprocess.Popen[str]) -> None:
    """Ask the process group to end, and kill what has not after the grace."""
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    _kill_group(process)


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Kill what is left of the process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _parse(saved: bytes) -> dict[str, str]:
    """Read the output of `env -0`, the one form that survives newlines and quotes."""
    entries = (os.fsdecode(entry).partition("=") for entry in saved.split(b"\0") if entry)
    return {name: value for name, _, value in entries}


def _too_slow(script: Path, time_limit: float, output: str) -> ProjectError:
    return ProjectError(
        f"the startup script still ran after {time_limit:g} s, where MWAA ends it: no container would start",
        str(script),
        f"make the step it was in faster or bound it with `timeout`; its last lines:\n{_tail(output)}",
    )


def _died(script: Path, status: int, output: str) -> ProjectError:
    return ProjectError(
        f"the startup script ended MWAA's shell (status {status}): no container would start",
        str(script),
        "take `set -e`, `set -u`, `exec` and `builtin exit` out of it, "
        f"MWAA sources it; its last lines:\n{_tail(output)}",
    )


def _tail(output: str) -> str:
    return "\n".join(f"  | {line}" for line in output.splitlines()[-10:]) or "  | (none)"

"""The wrapper does what was observed of MWAA's own (one case per row of the matrix)."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.startup import run_startup

ENV = {"PATH": "/usr/bin:/bin", "KEPT": "from the container"}
SKIPPED = {
    "exit": "exit 0",
    "exit with a status": "exit 1",
    "exit in if": "if true; then exit 3; fi",
    "exit in a function": "f() { exit 4; }; f",
    "exit after or": "false || exit 5",
    "exit in a helper": 'die() { echo "$1"; exit 6; }\nfalse || die broken',
    "return": "return 7",
}
CARRIED_ON = {
    "failing command": "false",
    "failing pipeline": "false | false",
    "missing command": "no-such-command-here",
    "exit in a subshell": "( exit 1 )",
}
FATAL = {
    "set -e": "set -e; false",
    "set -u": "set -u; echo $not_set_anywhere",
    "builtin exit": "builtin exit 0",
    "exec": "exec true",
}


def run(folder: Path, body: str, time_limit: float = 20.0) -> tuple[dict[str, str], str]:
    """Run a script that exports BEFORE, has the body, then exports AFTER."""
    script = folder / "startup.sh"
    script.write_text(f"export BEFORE=1\n{body}\nexport AFTER=1\n")
    startup = run_startup(script, ENV, time_limit)
    return startup.changed, startup.output


@pytest.mark.parametrize("body", SKIPPED.values(), ids=SKIPPED.keys())
def test_exit_is_a_success(tmp_path: Path, body: str) -> None:
    """A textual exit or return ends the script, keeps what was exported and hides its status."""
    assert run(tmp_path, body)[0] == {"BEFORE": "1"}


@pytest.mark.parametrize("body", CARRIED_ON.values(), ids=CARRIED_ON.keys())
def test_failure_is_ignored(tmp_path: Path, body: str) -> None:
    """A command that fails stops nothing."""
    assert run(tmp_path, body)[0] == {"BEFORE": "1", "AFTER": "1"}


@pytest.mark.parametrize("body", FATAL.values(), ids=FATAL.keys())
def test_dead_shell_is_fatal(tmp_path: Path, body: str) -> None:
    """A shell that ends before the environment is saved fails the container."""
    with pytest.raises(ProjectError, match="no container would start"):
        run(tmp_path, body)


def test_subshell_exit_status_lost(tmp_path: Path) -> None:
    """An exit in a substitution becomes status 0 and leaves the handler's words in the value."""
    changed, _ = run(tmp_path, 'export VALUE="$(exit 7)"; export STATUS=$?')
    assert changed["STATUS"] == "0"
    assert "exit" in changed["VALUE"]


def test_syntax_error_keeps_exports(tmp_path: Path) -> None:
    """A syntax error ends the script there, as a success with what was exported before."""
    changed, output = run(tmp_path, "if then")
    assert changed == {"BEFORE": "1"}
    assert "syntax error" in output


def test_hostile_values_survive(tmp_path: Path) -> None:
    """Newlines, quotes and equals signs in a value come back as they were."""
    value = "one\ntwo='3' \"4\" \\ = é"
    script = tmp_path / "startup.sh"
    script.write_text("export COPY=$ORIGINAL\n")
    assert run_startup(script, ENV | {"ORIGINAL": value}).environment["COPY"] == value


def test_plain_variables_stay_inside(tmp_path: Path) -> None:
    """A variable that is not exported does not reach Airflow."""
    assert "PLAIN" not in run(tmp_path, "PLAIN=1")[0]


def test_caller_environment_stays_outside(tmp_path: Path) -> None:
    """The script sees the environment it is given and nothing of the caller's."""
    script = tmp_path / "startup.sh"
    script.write_text("")
    extra = set(run_startup(script, ENV).environment) - set(ENV)
    assert "HOME" in os.environ
    assert extra <= {"PWD", "SHLVL", "_"}


def test_time_limit_kills_group(tmp_path: Path) -> None:
    """A script that ignores SIGTERM is killed with its children, and the container does not start."""
    beat = tmp_path / "beat"
    body = f"echo last words; trap '' TERM; (while sleep 0.1; do echo x >>{beat}; done) & sleep 60"
    with pytest.raises(ProjectError, match=r"(?s)after 0\.5 s.*last words"):
        run(tmp_path, body, time_limit=0.5)
    size = beat.stat().st_size
    time.sleep(0.5)
    assert beat.stat().st_size == size > 0


def test_lines_arrive_while_running(tmp_path: Path) -> None:
    """Each line of output is passed on, standard error too."""
    script = tmp_path / "startup.sh"
    script.write_text("echo one; echo two >&2\n")
    lines: list[str] = []
    startup = run_startup(script, ENV, on_line=lines.append)
    assert lines == ["one", "two"]
    assert startup.output == "one\ntwo\n"


def test_background_process_holds_nothing(tmp_path: Path) -> None:
    """A process left in the background does not keep the result back."""
    script = tmp_path / "startup.sh"
    script.write_text("sleep 30 &\nexport DONE=1\n")
    startup = run_startup(script, ENV)
    assert startup.seconds < 20
    assert startup.changed == {"DONE": "1"}

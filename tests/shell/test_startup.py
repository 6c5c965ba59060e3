"""startup.sh where nothing has to be installed: what it exports, decides and leaves alone."""

from __future__ import annotations

import fcntl
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from scripts.startup import Startup, run_startup

Container = Callable[..., dict[str, str]]
Built = tuple[Mapping[str, str], Startup]

ROOT = Path(__file__).parents[2]
EXPORTED = {
    "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
    "DBT_LOG_PATH": "logs",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "DBT_TARGET_PATH": "target",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
}
LEAKS = """
look() { set -o; shopt; compgen -v | grep -vE '^(BASH|FUNCNAME|PIPESTATUS|_|EPOCH|RANDOM|SRANDOM|SECONDS)'; }
before=''; after=''; before="$(look; compgen -A function)"
source '{script}'
after="$(look; compgen -A function)"
export ADDED="$(diff <(echo "$before") <(echo "$after") | sed -n 's/^[<>] //p')"
"""


def test_cold_container_gets_dbt(built: Built, virtualenv: Path) -> None:
    """The first run builds a virtualenv whose dbt is the pinned one, with uv that it fetched itself."""
    _, startup = built
    assert startup.environment["MWAA_DBT_STATUS"] == "ready", startup.output
    assert re.search(
        rf"^startup\.sh: dbt virtualenv ready in [\d.]+ s \(uv, dbt-core 1\.11\.\d+, "
        rf"digest {virtualenv.name}, python 3\.12\.\d+, component worker\)$",
        startup.output,
        re.MULTILINE,
    )


def test_exports_are_complete(built: Built) -> None:
    """Airflow gets these variables and no other."""
    env, startup = built
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    changed = dict(startup.changed)
    assert float(changed.pop("MWAA_DBT_SECONDS")) <= startup.seconds
    executable = str(root / "current" / "bin" / "dbt")
    own = {"MWAA_DBT_CONTAINER": "", "MWAA_DBT_EXECUTABLE": executable, "MWAA_DBT_STATUS": "ready"}
    assert changed == EXPORTED | own
    assert Path(env["MWAA_DBT_HOME"]).is_dir()


def test_only_finished_things_stay(built: Built, virtualenv: Path) -> None:
    """After a build there is the virtualenv, the link to it and the lock."""
    names = {path.name for path in virtualenv.parent.iterdir()}
    assert names == {".lock", "current", virtualenv.name}


@pytest.mark.parametrize("component", ["scheduler", "worker", "hybrid", ""])
def test_warm_container_does_nothing(built: Built, virtualenv: Path, script: Path, component: str) -> None:
    """With the right virtualenv there, every component is ready at once and touches nothing."""
    watched = [virtualenv, virtualenv.parent, virtualenv.parent / "current", virtualenv / "bin" / "dbt"]
    before = [path.lstat() for path in watched]
    startup = run_startup(script, {**built[0], "MWAA_AIRFLOW_COMPONENT": component})
    assert startup.environment["MWAA_DBT_STATUS"] == "ready"
    assert "(unchanged, " in startup.output
    assert startup.seconds < 5
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [
        (s.st_ino, s.st_mtime_ns) for s in (path.lstat() for path in watched)
    ]


def test_webserver_is_skipped(container: Container, script: Path) -> None:
    """The webserver, which may have no network at all, gets the variables and no virtualenv."""
    env = container(MWAA_AIRFLOW_COMPONENT="webserver")
    startup = run_startup(script, env)
    assert startup.changed["MWAA_DBT_STATUS"] == "skipped: webserver"
    assert EXPORTED.items() <= startup.changed.items()
    assert not Path(env["AIRFLOW_HOME"], "dbt-venv").exists()


def test_shell_is_left_clean(built: Built, script: Path, tmp_path: Path) -> None:
    """No function, option or helper variable stays behind in MWAA's shell."""
    probe = tmp_path / "probe.sh"
    probe.write_text(LEAKS.replace("{script}", str(script)))
    env = {name: value for name, value in built[0].items() if name != "MWAA_DBT_HOME"}
    added = set(run_startup(probe, env).environment["ADDED"].split())
    assert added == {*EXPORTED, *(f"MWAA_DBT_{n}" for n in ("CONTAINER", "EXECUTABLE", "HOME", "SECONDS", "STATUS"))}


@pytest.mark.parametrize("lines", ["set -eu", "set -euo pipefail -C -f; IFS=,", "shopt -s nullglob failglob"])
def test_strict_shell_survives(built: Built, script: Path, tmp_path: Path, lines: str) -> None:
    """Lines of the user's that make the shell strict do not make it die in ours."""
    own = tmp_path / "own.sh"
    own.write_text(f"{lines}\nsource '{script}'\nexport REACHED=1\n")
    changed = run_startup(own, built[0]).changed
    assert changed["REACHED"] == "1"
    assert changed["MWAA_DBT_STATUS"] == "ready"


def test_strict_shell_survives_failure(container: Container, stamped: Callable[[str], Path], tmp_path: Path) -> None:
    """A failure under `set -eu` does not end the shell either."""
    own = tmp_path / "own.sh"
    own.write_text(f"set -eu\nsource '{stamped('')}'\nexport REACHED=1\n")
    assert run_startup(own, container()).changed["REACHED"] == "1"


def test_missing_pins_are_named(container: Container, stamped: Callable[[str], Path]) -> None:
    """Without pins the status says where they were looked for."""
    startup = run_startup(stamped(""), container())
    assert startup.changed["MWAA_DBT_STATUS"].startswith("failed: no pins")
    assert "dbt/requirements.txt" in startup.output


def test_unwritable_root_is_named(container: Container, script: Path, tmp_path: Path) -> None:
    """A root that cannot be made is named in the status."""
    (tmp_path / "file").touch()
    root = str(tmp_path / "file" / "root")
    startup = run_startup(script, container(MWAA_DBT_VENV_ROOT=root))
    assert startup.changed["MWAA_DBT_STATUS"] == f"failed: cannot write to {root}"


def test_lock_wait_is_bounded(container: Container, script: Path) -> None:
    """A lock that another process never gives back costs the time limit and no more."""
    env = container(MWAA_DBT_TIME_LIMIT="2")
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    root.mkdir()
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        startup = run_startup(script, env)
    assert startup.changed["MWAA_DBT_STATUS"] == "failed: another process held the lock too long"
    assert startup.seconds < 15


def test_switch_keeps_one_previous(container: Container, script: Path, virtualenv: Path, tmp_path: Path) -> None:
    """A switch, in a strict shell too, keeps the virtualenv before and removes only older ones of ours."""
    own = tmp_path / "own.sh"
    own.write_text(f"set -euCf\nsource '{script}'\n")
    env = container()
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "notes"):
        (root / name).mkdir(parents=True)
    (root / "current").symlink_to("aaaaaaaaaaaa")
    (root / virtualenv.name).symlink_to(virtualenv)
    assert run_startup(own, env).changed["MWAA_DBT_STATUS"] == "ready"
    assert (root / "current").readlink() == Path(virtualenv.name)
    assert {p.name for p in root.iterdir()} == {".lock", "current", "aaaaaaaaaaaa", "notes", virtualenv.name}


def test_stamp_changes_no_digest(
    container: Container, script: Path, stamped: Callable[[str], Path], virtualenv: Path
) -> None:
    """Pins stamped into the script and the same pins in the file are the same virtualenv."""
    env = container()
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    root.mkdir()
    (root / virtualenv.name).symlink_to(virtualenv)
    copy = stamped((ROOT / "dbt" / "requirements.txt").read_text())
    startup = run_startup(copy, env)
    assert startup.changed["MWAA_DBT_STATUS"] == "ready"
    assert "(unchanged, " in startup.output


def test_uv_pin_is_one() -> None:
    """The script fetches the uv that the development side uses."""
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (expected,) = [pin for pin in pins if pin.startswith("uv==")]
    assert f"uv_pin='{expected}'" in (ROOT / "startup.sh").read_text()

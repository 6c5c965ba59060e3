"""The rehearsal's PostgreSQL: Airflow's metadata database and Celery's result backend, as on MWAA.

Its programs come from this machine or, where there are none, from a wheel; nothing is installed outside of .mwaa.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from scripts.local import processes, state
from scripts.local.processes import Launcher
from scripts.local.state import POSTGRES, Rehearsal
from scripts.paths import Paths
from scripts.venvs import Airflow, postgres_wheel

OLDEST = 14  # what Airflow 3.3 is tested with
USER, DATABASE = "airflow", "postgres"
NOBODY = "65534"
# PostgreSQL refuses root. Another user reaches neither a project below /root nor a test's folder, unless it may pass
# over permissions; access(2) honours that right with this securebit only.
UNPRIVILEGED = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--securebits=+no_setuid_fixup",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
)
# The data are thrown away, so nothing is written for the case of a power cut; and there is no socket file, whose
# path could be too long.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def url(rehearsal: Rehearsal, folder: Path) -> str:
    """Return the address of the database with its password, in MWAA's form; for no log.

    Args:
        rehearsal: where it runs.
        folder: the rehearsal's own; the password is kept there, made when it is first asked for.
    """
    address = rehearsal.url(POSTGRES).replace("://", f"+psycopg2://{USER}:{_password_file(folder).read_text()}@")
    return f"{address}/{DATABASE}"


def _password_file(folder: Path) -> Path:
    file = folder / "postgres.password"
    if not file.is_file():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(16))
    return file


def programs(paths: Paths) -> Path:
    """Return the folder of initdb and postgres: this machine's, else the wheel's, installed when first needed.

    Raises:
        ProjectError: if the wheel cannot be installed.
    """
    found = next((folder for folder in _installed() if _major(folder) >= OLDEST), None)
    return found or max(postgres_wheel(paths).glob("*/pginstall*/bin"), key=_major)


def _installed() -> Iterator[Path]:
    """Return the folders with both programs: PATH's first, then Debian's, the newest version first."""
    named = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    for folder in (*([Path(named).resolve().parent] if named else []), *debian):
        if (folder / "initdb").is_file():
            yield folder


def _major(folder: Path) -> int:
    """Return the major version of a folder's programs; 0 if they do not run."""
    try:
        told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r"\) (\d+)", told)
    return int(version[1]) if version else 0


class Postgres:
    """The server of one rehearsal."""

    def __init__(self, launcher: Launcher, airflow: Airflow) -> None:
        self.launcher, self.rehearsal = launcher, launcher.rehearsal
        self.folder, self.airflow = state.folder(launcher.paths), airflow
        self.data, self.programs = self.folder / "postgres", programs(launcher.paths)
        self.user = UNPRIVILEGED if os.geteuid() == 0 else ()

    def create(self, variables: Mapping[str, str]) -> None:
        """Start the server with an empty metadata database; migrating one takes 10 s, copying it none.

        Args:
            variables: the environment of Airflow's processes.

        Raises:
            ProjectError: if the database cannot be made or does not start.
        """
        template = self.airflow.folder / f"postgres-{_major(self.programs)}"
        if template.is_dir():
            self._copy(template, self.data)
            statement = f"alter role {USER} password '{_password_file(self.folder).read_text()}'"
            self._run(["postgres", "--single", "-D", self.data, DATABASE], statement)
        else:
            self._make(variables)
            self._keep(template)
        self._start()

    def _make(self, variables: Mapping[str, str]) -> None:
        self.data.mkdir(mode=0o700)
        if self.user:
            os.chown(self.data, int(NOBODY), int(NOBODY))
        login = ("--username", USER, "--pwfile", _password_file(self.folder), "--auth", "scram-sha-256")
        self._run(["initdb", "-D", self.data, *login, "--encoding", "UTF8", "--locale", "C", "--no-sync"])
        self._start()
        migrate(self.airflow, variables)
        processes.interrupt(self.rehearsal.members[POSTGRES])

    def _keep(self, template: Path) -> None:
        # Two rehearsals of one machine may make it at once.
        partial = template.with_name(f"{template.name}-{os.getpid()}.part")
        self._copy(self.data, partial)
        try:
            partial.rename(template)
        except OSError:
            shutil.rmtree(partial)

    def _copy(self, source: Path, target: Path) -> None:
        # shutil keeps no owners.
        _call(["cp", "-a", source, target])

    def _start(self) -> None:
        settings = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        port = ("-p", self.rehearsal.ports[POSTGRES])
        command = [*self.user, self.programs / "postgres", "-D", self.data, *port, *settings]
        self.launcher.start(POSTGRES, command, {"PATH": os.defpath})
        self.launcher.wait_until(POSTGRES, self._ready)

    def _ready(self) -> bool:
        """Say whether it takes connections; it notes so as the last of this file, as pg_ctl reads it."""
        try:
            return (self.data / "postmaster.pid").read_text().split()[-1:] == ["ready"]
        except FileNotFoundError:
            return False

    def _run(self, command: list[object], told: str = "") -> None:
        _call([*self.user, self.programs / str(command[0]), *command[1:]], told)


def _call(command: list[object], told: str = "") -> None:
    whole = list(map(str, command))
    done = subprocess.run(whole, input=told, capture_output=True, text=True, check=False, env={"PATH": os.defpath})
    if done.returncode:
        tail = (done.stdout + done.stderr).strip()[-2000:]
        raise ProjectError(
            f"The metadata database could not be made:\n{tail}",
            " ".join(whole),
            "mend what it names; Airflow 3 without --executor celery does without PostgreSQL",
        )


def migrate(airflow: Airflow, variables: Mapping[str, str]) -> None:
    """Make Airflow's tables in the database that `variables` names.

    Raises:
        ProjectError: if Airflow cannot.
    """
    done = subprocess.run(
        [airflow.airflow, "db", "migrate"], env=dict(variables), capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = (done.stdout + done.stderr).strip()[-2000:]
        raise ProjectError(
            f"Airflow could not make its database:\n{tail}", str(airflow.folder), "run the command again"
        )

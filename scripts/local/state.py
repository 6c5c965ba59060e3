"""What a running rehearsal is made of, kept in a file so that the next command finds it."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from mwaa_dbt.errors import ProjectError
from scripts.local.executor import Executor
from scripts.paths import Paths
from scripts.versions import LATEST

# In the environment of every process of a rehearsal; what Airflow forks inherits it.
MARK = "MWAA_REHEARSAL"
# The table of settings.toml that a rehearsal takes.
ENVIRONMENT = "local"
# The process of the metadata database, if that is a server.
POSTGRES = "postgres"
ACCOUNT = "123456789012"  # moto's


@dataclass(frozen=True)
class Member:
    """A process; `started` (seconds since the epoch) tells it from a later one with the same pid."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass
class Rehearsal:
    """The ports, processes, executor, environment name and version of Airflow of a rehearsal on this machine."""

    environment: str
    region: str
    bucket: str
    ports: dict[str, int]
    members: dict[str, Member] = field(default_factory=dict)
    file: str = ""
    executor: Executor = field(default_factory=Executor)
    airflow: str = LATEST

    def url(self, server: str) -> str:
        """Return the address of one of its servers."""
        scheme = "postgresql" if server == POSTGRES else "http"
        return f"{scheme}://127.0.0.1:{self.ports[server]}"

    def proxy(self) -> dict[str, str]:
        """Return what leads a program to the rehearsal's internet, and to nothing else."""
        # "localhost" in NO_PROXY would exempt *.localhost too.
        table = {"HTTP_PROXY": self.url("outside"), "NO_PROXY": "127.0.0.1"}
        return table | {name.lower(): value for name, value in table.items()}

    def ended(self) -> list[str]:
        """Return the names of its processes that run no more; those that an update has replaced do not count."""
        noted = read(Path(self.file)) if self.file else None
        return [name for name, member in (noted or self).members.items() if not member.alive]

    def save(self, paths: Paths) -> None:
        """Write it down."""
        folder(paths).mkdir(parents=True, exist_ok=True)
        self.file = str(_file(paths))
        partial = _file(paths).with_suffix(".part")
        partial.write_text(json.dumps(asdict(self), indent=2))
        partial.rename(_file(paths))


def folder(paths: Paths) -> Path:
    """Return the folder of a rehearsal's database, logs and messages."""
    return paths.state / "local"


def _file(paths: Paths) -> Path:
    return folder(paths) / "state.json"


def find(paths: Paths) -> Rehearsal | None:
    """Return the rehearsal that runs here, or None; one whose processes are all gone does not count."""
    rehearsal = _noted(paths)
    return rehearsal if rehearsal and any(member.alive for member in rehearsal.members.values()) else None


def sessions(paths: Paths) -> set[int]:
    """Return the session ids of a noted rehearsal: each member leads one, and its children stay in it."""
    rehearsal = _noted(paths)
    return {member.pid for member in rehearsal.members.values()} if rehearsal else set()


def member(paths: Paths, name: str) -> Member | None:
    """Return a process of a noted rehearsal, whether it still runs or not."""
    rehearsal = _noted(paths)
    return rehearsal.members.get(name) if rehearsal else None


def _noted(paths: Paths) -> Rehearsal | None:
    return read(_file(paths))


def read(file: Path) -> Rehearsal | None:
    """Return the rehearsal that a file notes, or None."""
    try:
        table = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    members = {name: Member(**member) for name, member in table.pop("members").items()}
    executor = Executor(**table.pop("executor", {}))
    return Rehearsal(**table, members=members, executor=executor)


def needed(paths: Paths) -> Rehearsal:
    """Return the rehearsal that runs here.

    Raises:
        ProjectError: if none does.
    """
    found = find(paths)
    if found is None:
        raise ProjectError("No rehearsal is running here.", str(folder(paths)), "run `mwaa local up`")
    return found


def forget(paths: Paths) -> None:
    """Drop the note of a rehearsal; its logs stay until the next one."""
    _file(paths).unlink(missing_ok=True)


def free_port(wanted: int | None = None) -> int:
    """Return a free loopback port: the wanted one, or any.

    Raises:
        ProjectError: if the wanted one is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise ProjectError(
                f"Port {wanted} cannot be used: {error.strerror}.",
                "mwaa local up --port",
                "choose another, or leave --port out: a free one is then found",
            ) from None
        return int(probe.getsockname()[1])

"""What MWAA does between an environment's files on S3 and a running Airflow.

One container plays all parts, as on MWAA's micro class; its successor takes its place on the same machine.
Containers of MWAA do not share a disk; here they share the home folder, hence `_kept` and `_own_dbt`.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import is_2
from scripts.aws import Aws, MissingError
from scripts.aws.environment import VERSIONS
from scripts.env.containers import REQUIREMENTS, STARTUP
from scripts.local import celery, state
from scripts.local.airflow_web import airflow_web
from scripts.local.environment import airflow_environment, startup_environment
from scripts.local.processes import Launcher, log_file
from scripts.local.requirements import Requirements
from scripts.local.state import MARK, Rehearsal
from scripts.local.streams import Streams
from scripts.paths import Paths
from scripts.startup import run_startup
from scripts.venvs import Airflow, container

# Beside the web server.
COMPONENTS = ("scheduler", "dag-processor", "triggerer")
START = 120.0  # seconds
DRAIN = 600.0  # seconds; MWAA lets workers finish their tasks for up to twelve hours


@dataclass(frozen=True)
class Ready:
    """A container up to Airflow's start: the variables that its processes get, and the virtualenv they run in."""

    variables: dict[str, str]
    airflow: str


class UnstableError(ProjectError):
    """Tell that neither the new container started nor the one before."""


class Container:
    """The container of a rehearsal's MWAA environment."""

    def __init__(self, paths: Paths, rehearsal: Rehearsal, aws: Aws) -> None:
        self.paths, self.rehearsal, self.aws = paths, rehearsal, aws
        self.bucket = aws.bucket(rehearsal.bucket)
        self.folder, self.plugins = state.folder(paths), paths.home / "plugins"
        self.launcher = Launcher(paths, rehearsal)
        self.workers = rehearsal.executor.members
        self.web = airflow_web(rehearsal)
        self.components = (*COMPONENTS, self.web.process, *self.workers)

    def prepare(self, wanted: Mapping[str, Any]) -> Ready:
        """Do what MWAA does before Airflow: plugins.zip, startup.sh, requirements.txt, in this order.

        Args:
            wanted: the environment, as GetEnvironment describes it.

        Raises:
            ProjectError: if MWAA's container would not start.
        """
        streams = Streams(self.aws.logs, wanted)
        self._unpack(self._fetch(wanted, "plugins.zip"))
        script, requirements = self._fetch(wanted, "startup.sh"), self._fetch(wanted, "requirements.txt")
        with self._told(streams, STARTUP, "startup"):
            started = self._startup(script, str(wanted["Name"]))
        with self._told(streams, REQUIREMENTS, REQUIREMENTS):
            install = Requirements(self.paths, str(wanted["AirflowVersion"]), started).install
            airflow = install(requirements.read_text(errors="replace"))
        options = wanted["AirflowConfigurationOptions"]
        variables = airflow_environment(started, options, self.rehearsal, self.folder)
        if is_2(self.rehearsal.airflow):
            # It starts tasks by the word `airflow`.
            variables["PATH"] = f"{airflow.airflow.parent}:{variables['PATH']}"
        return Ready(variables, str(airflow.folder))

    def run(self, ready: Ready) -> None:
        """Start Airflow and wait until it answers.

        Raises:
            ProjectError: if a part of it ends or does not answer in time.
        """
        airflow = Airflow(Path(ready.airflow)).airflow
        for component in COMPONENTS:
            self.launcher.start(component, [airflow, *self._command(component)], ready.variables)
        self.launcher.start(self.web.process, [airflow, *self.web.command(self.folder)], ready.variables)
        self.launcher.wait(self.web.process, self.web.health, limit=START)
        self._work(airflow, ready.variables)
        if ended := [name for name in self.components if not self.rehearsal.members[name].alive]:
            log = log_file(self.paths, ended[0])
            raise ProjectError(f"{', '.join(ended)} ended at once.", str(log), "mend what its log names")
        _write_secret(self.folder / "container.json", json.dumps(asdict(ready), indent=2))

    def _command(self, component: str) -> list[object]:
        # Airflow 2 would serve logs at a port that is no loopback's; here all processes share the disk they are on.
        served = is_2(self.rehearsal.airflow) and component in ("scheduler", "triggerer")
        return [component, "--skip-serve-logs"] if served else [component]

    def _work(self, airflow: Path, variables: Mapping[str, str]) -> None:
        """Start the workers; the API server must answer, or they would fail tasks that wait in the queue."""
        logs = {worker: log_file(self.paths, worker) for worker in self.workers}
        before = {worker: celery.starts(log) for worker, log in logs.items()}
        for worker in self.workers:
            self.launcher.start(worker, celery.command(airflow, self.folder, worker), variables)
        for worker, log in logs.items():
            self.launcher.wait_until(worker, partial(celery.started, log, before[worker]), START)

    def replace(self, wanted: Mapping[str, Any], graceful: bool) -> None:
        """Start a container for `wanted`, then end the one before; both cannot have Airflow's port.

        Raises:
            ProjectError: if it does not start; the one before then runs on, or again.
            UnstableError: if that did not start again either.
        """
        before = dict(self.rehearsal.members)
        try:
            with _kept(self.plugins):
                ready = self.prepare(wanted)
                self.stop(graceful)
                self.run(ready)
        except BaseException:
            if self.rehearsal.members != before:
                self._back()
            raise

    def stop(self, graceful: bool) -> None:
        """End Airflow; gracefully, once its running tasks have ended, of which it starts no more."""
        # Upon SIGTERM the scheduler takes nothing new, and its LocalExecutor waits for the tasks that run; a Celery
        # worker does both itself. The tasks need the API server for that.
        if graceful:
            self.launcher.drain("scheduler", DRAIN)
            self.launcher.finish(self.workers, DRAIN)
        self.launcher.stop(self.components)

    def _back(self) -> None:
        self.stop(graceful=False)
        try:
            self.run(Ready(**json.loads((self.folder / "container.json").read_text())))
        except ProjectError as error:
            raise UnstableError(f"Nor does the container before: {error.what}", error.where, error.fix) from error

    @contextmanager
    def _told(self, streams: Streams, kind: str, name: str) -> Iterator[None]:
        """Send what a step has written to its log on to CloudWatch, also if it fails."""
        try:
            yield
        finally:
            streams.tell(kind, log_file(self.paths, name).read_text(errors="replace").splitlines())

    def _fetch(self, wanted: Mapping[str, Any], name: str) -> Path:
        path, version = (str(wanted[field]) for field in VERSIONS[name])
        target = self.folder / name
        try:
            target.write_bytes(self.bucket.get(path, version))
        except MissingError:
            raise ProjectError(f"There is no version {version} of {path}.", self.bucket.name, "upload it") from None
        return target

    def _unpack(self, archive: Path) -> None:
        shutil.rmtree(self.plugins, ignore_errors=True)
        self.plugins.mkdir()
        try:
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(self.plugins)
        except zipfile.BadZipFile as error:
            raise ProjectError(f"plugins.zip is none: {error}.", str(archive), "run `mwaa build`") from None

    def _startup(self, script: Path, name: str) -> dict[str, str]:
        marks = {"TMPDIR": str(self.paths.home / "tmp"), "AIRFLOW_ENV_NAME": name, MARK: str(self.paths.root)}
        log = log_file(self.paths, "startup")
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        variables = startup_environment(container(self.paths.home, "hybrid") | marks, self.rehearsal)
        started = run_startup(script, variables, on_line=partial(_append, log))
        return _own_dbt(started.environment)


def _append(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(line)


def _own_dbt(variables: dict[str, str]) -> dict[str, str]:
    """Name dbt by its own folder: the link that startup.sh left is the next container's too."""
    if "MWAA_DBT_EXECUTABLE" not in variables:
        return variables
    link = Path(variables["MWAA_DBT_EXECUTABLE"])
    return variables | {"MWAA_DBT_EXECUTABLE": str(link.parent.parent.resolve() / "bin" / link.name)}


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Put a folder back as it was if what is done meanwhile fails."""
    copy = folder.with_name(f".{folder.name}.before")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        copy.rename(folder)
        raise
    shutil.rmtree(copy)


def _write_secret(file: Path, text: str) -> None:
    new = file.with_suffix(".part")
    new.touch(mode=0o600)
    new.write_text(text)
    new.rename(file)

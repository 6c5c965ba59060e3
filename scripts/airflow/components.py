"""The logs of MWAA's own processes, from CloudWatch."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import typer

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.log_request import Component, Request
from scripts.aws.logs import Line, Logs
from scripts.console import err
from scripts.history.text import clean
from scripts.local.state import ENVIRONMENT

PAUSE = 3.0  # seconds between two looks
LATE = timedelta(seconds=30)  # that a line may take to CloudWatch
# Component → the logs that it writes to, and what its streams' names begin with there.
STREAMS: dict[Component, tuple[str, str]] = {
    "scheduler": ("scheduler", ""),
    "triggerer": ("scheduler", "triggerer"),
    "worker": ("worker", ""),
    "webserver": ("webserver", ""),
    "dag-processing": ("dag_processing", ""),
}
# The rehearsal's own names of these processes.
LOCAL = {"webserver": "api-server", "dag-processing": "dag-processor"}
# Before the host or the number in a stream's name: worker_ip-10-0-0-1.eu-central-1.compute.internal_1700000000.0.log.
KIND = re.compile(r"_(?=ip-|\d)")


def show(environment: Environment, request: Request, since: datetime) -> None:
    """Print the lines of a component since then; with `follow`, those that come, too.

    Raises:
        ProjectError: if MWAA does not write them.
    """
    component = request.component or "scheduler"
    name, (setting, streams) = _group(environment, component), STREAMS[component]
    logs = environment.aws.logs
    # CloudWatch's own pattern for a text: fewer lines are sent.
    pattern = '"{}"'.format(request.grep.replace('"', '\\"')) if request.grep else ""
    found = list(logs.lines(name, streams, since, pattern))
    _echo(found[-request.lines :] if request.lines else found)
    if request.follow:
        _echo(_coming(logs, (name, streams, pattern), found, since))
    elif not found:
        level = environment.logging(setting).get("LogLevel")
        err.print(f"Nothing in {name} since {since:%Y-%m-%d %H:%M} UTC{f', level {level}' if level else ''}.")


def _group(environment: Environment, component: Component) -> str:
    if environment.name == ENVIRONMENT:
        raise ProjectError(
            "The rehearsal's processes write to files, not to CloudWatch.",
            f"--component {component}",
            f"`mwaa local logs {LOCAL.get(component, component)}` shows its file, `mwaa local logs` names all",
        )
    setting = STREAMS[component][0]
    if not environment.logging(setting).get("Enabled"):
        raise ProjectError(
            f"{environment.mwaa.name} does not write the logs of its {component}.",
            f"environment {environment.mwaa.name}, logging of the {component}",
            f'add `logs = {{{setting} = "INFO"}}` to [environments.{environment.name}.mwaa], then `mwaa env update`',
        )
    return environment.log_group(setting)


def _coming(logs: Logs, where: tuple[str, str, str], told: list[Line], since: datetime) -> Iterator[Line]:
    seen = set(told)
    name, streams, pattern = where
    while True:
        time.sleep(PAUSE)
        latest = max((line.at for line in seen), default=since)
        for line in logs.lines(name, streams, max(since, latest - LATE), pattern):
            if line not in seen:
                seen.add(line)
                yield line
        seen = {line for line in seen if line.at >= latest - LATE}


def _echo(lines: Iterable[Line]) -> None:
    for line in lines:
        kind = KIND.split(line.stream, maxsplit=1)[0]
        typer.echo(f"{line.at:%Y-%m-%d %H:%M:%S} {clean(kind)}  {clean(line.text.rstrip())}")

"""What containers said when they started: MWAA's API reports neither a failed pip nor a failed startup.sh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from scripts.aws.logs import Line, Logs

# Each kind of container installs and starts for itself; micro writes to -Worker alone (MWAA user guide,
# using-startup-script).
GROUPS = ("Scheduler", "Worker", "WebServer")
REQUIREMENTS, STARTUP = "requirements_install", "startup_script_execution"
# pip's own words of a failure, and the rehearsal's. What follows an installation that went well is no failure.
PIP = re.compile(r"ERROR: (?!pip's dependency resolver).*|the installation failed: .*")
# pip has begun to change something, pip is done. What is there already it says nothing of at its end.
BEGUN, DONE = re.compile(r"^\s*(?:Collecting|Downloading|Installing) "), re.compile(r"^Successfully installed ")
# MWAA ends pip after nine minutes, of which it looks at its clock once in one, and logs it in a place of its own.
LIMIT = timedelta(minutes=10)
ENDED = "pip did not come to its end: MWAA ends it after nine minutes"
# What startup.sh says of itself (MWAA_DBT_STATUS).
STATUS = '"dbt virtualenv"'
SCRIPT = re.compile(r"startup\.sh: dbt virtualenv (?P<status>(?P<word>ready|skipped|failed|kept)\b.*)")
FAILED = ("failed", "kept")


class Fault(NamedTuple):
    """What went wrong in a container: when, in which log group and stream, and the words."""

    at: datetime
    group: str
    stream: str
    text: str


def group(environment: str, component: str) -> str:
    """Return the name of a log group of an environment; `component` is Task, Scheduler, Worker, WebServer or so."""
    return f"airflow-{environment}-{component}"


def faults(logs: Logs, environment: str, since: datetime) -> Iterator[Fault]:
    """Yield what went wrong in the containers that have started since then, the same words once per log group."""
    for name in (group(environment, component) for component in GROUPS):
        told = set[str]()
        for fault in (*_pip(logs, name, since), *_script(logs, name, since)):
            if fault.text not in told:
                told.add(fault.text)
                yield fault


def statuses(logs: Logs, environment: str, since: datetime) -> dict[str, list[str]]:
    """Return what startup.sh said of itself in each container since then, by component: "ready in 8.1 s (…)"."""
    found: dict[str, list[str]] = {}
    for component in GROUPS:
        for line in logs.lines(group(environment, component), STARTUP, since, STATUS):
            if said := SCRIPT.search(line.text):
                found.setdefault(component, []).append(said["status"].strip())
    return found


def _pip(logs: Logs, name: str, since: datetime) -> Iterator[Fault]:
    lines = sorted(logs.lines(name, REQUIREMENTS, since), key=attrgetter("stream"))
    for stream, own in groupby(lines, key=attrgetter("stream")):
        said = list(own)
        failures = [(line, found) for line in said if (found := PIP.search(line.text))]
        yield from (Fault(line.at, name, stream, found[0].strip()) for line, found in failures)
        if not failures and _cut_off(said):
            yield Fault(said[-1].at, name, stream, ENDED)


def _cut_off(said: list[Line]) -> bool:
    begun, done = (any(pattern.search(line.text) for line in said) for pattern in (BEGUN, DONE))
    return begun and not done and datetime.now(UTC) - said[-1].at > LIMIT


def _script(logs: Logs, name: str, since: datetime) -> Iterator[Fault]:
    for line in logs.lines(name, STARTUP, since, STATUS):
        if (said := SCRIPT.search(line.text)) and said["word"] in FAILED:
            yield Fault(line.at, name, line.stream, said[0].strip())

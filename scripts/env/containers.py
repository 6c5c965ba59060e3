"""What containers said when they started: MWAA's API reports neither a failed pip nor a failed startup.sh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from scripts.aws.logs import Line, Logs

# Each kind of container installs and starts for itself; micro writes to -Worker alone (MWAA user guide,
# using-startup-script).
GROUPS = ("Scheduler", "Worker", "WebServer")
REQUIREMENTS, STARTUP = "requirements_install", "startup_script_execution"
# pip's own words, and what startup.sh says of itself (MWAA_DBT_STATUS).
PIP = re.compile(r"ERROR: .*|.*[Tt]imed out.*")
SCRIPT = re.compile(r"startup\.sh: dbt virtualenv (?:failed|kept): .*")
FAULTS = {REQUIREMENTS: PIP, STARTUP: SCRIPT}


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
        for streams, pattern in FAULTS.items():
            for line in logs.lines(name, streams, since):
                fault = _fault(name, line, pattern)
                if fault and fault.text not in told:
                    told.add(fault.text)
                    yield fault


def _fault(name: str, line: Line, pattern: re.Pattern[str]) -> Fault | None:
    found = pattern.search(line.text)
    return Fault(line.at, name, line.stream, found[0].strip()) if found else None

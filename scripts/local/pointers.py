"""How any client of AWS finds the rehearsal in AWS's place: `mwaa local api`."""

from __future__ import annotations

import shlex
from typing import Any

from rich.table import Table

from mwaa_dbt.errors import ProjectError
from scripts.local import certificate, described, record
from scripts.local.state import Rehearsal, needed
from scripts.paths import Paths

NEXT = """
eval "$(mwaa local api --export)" lets this shell's AWS clients ask the rehearsal, and nobody else:
aws mwaa get-environment --name {environment}"""


def point(paths: Paths) -> dict[str, Any]:
    """Return what a client needs to know of the rehearsal that runs here, with it as environment variables.

    Raises:
        ProjectError: if none does.
    """
    rehearsal, found = needed(paths), record.read(paths)
    if found is None:
        raise ProjectError(
            "The rehearsal's environment is not there yet.", str(record.file(paths)), "wait for `mwaa local up`"
        )
    return {
        "environment": found["Name"],
        "status": found["Status"],
        "region": rehearsal.region,
        "endpoint": rehearsal.url("mwaa"),
        "web_server": described.host(rehearsal),
        "certificate": str(certificate.file(paths)),
        "others": rehearsal.url("aws"),
        "variables": variables(rehearsal),
    }


def variables(rehearsal: Rehearsal) -> dict[str, str]:
    """Return the environment variables with which botocore (boto3, the AWS CLI) asks the rehearsal, and nobody else."""
    return {
        "AWS_ENDPOINT_URL_MWAA": rehearsal.url("mwaa"),
        "AWS_ENDPOINT_URL": rehearsal.url("aws"),
        # Else it would ask api.127.0.0.1 and env.127.0.0.1, which no resolver knows.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_REGION": rehearsal.region,
        "AWS_DEFAULT_REGION": rehearsal.region,
        # A key that is none, in the place of a real one.
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_SESSION_TOKEN": "",
    }


def exports(pointed: dict[str, Any]) -> str:
    """Return the variables as lines of a shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in pointed["variables"].items())


def table(pointed: dict[str, Any]) -> Table:
    """Return the same for a person."""
    shown = Table(show_header=False, box=None, pad_edge=False)
    shown.add_row("environment", f"{pointed['environment']}, {pointed['status']}")
    shown.add_row("MWAA's API", pointed["endpoint"])
    shown.add_row("web server", f"{pointed['web_server']}, http and https; CLI, login and REST, each behind a token")
    shown.add_row("certificate", pointed["certificate"])
    shown.add_row("other services", pointed["others"])
    return shown

"""The options of the MWAA environment that runs: without them Airflow never asks Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.target import Target

ASKS = ("secrets.", "workers.secrets_")


def running_options(target: Target) -> Mapping[str, str] | None:
    """Return the Airflow configuration options that MWAA has; None if it has no environment or may not be asked."""
    try:
        return dict(target.mwaa.describe().get("AirflowConfigurationOptions") or {}) if target.mwaa else None
    except ProjectError:
        return None


def lacking(wanted: Mapping[str, str], running: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with MWAA's options of the secrets backend, and what mends it."""
    if running is None:
        return
    for name, value in wanted.items():
        if name.startswith(ASKS) and _parsed(value) != _parsed(running.get(name)):
            what = "has another value of" if name in running else "lacks"
            yield f"the MWAA environment {what} option {name}, so Airflow does not ask for it", f"set it to {value}"


def _parsed(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except ValueError:
        return value

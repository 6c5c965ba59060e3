"""What an update asks for: merged into what is, and refused where MWAA refuses it.

What a single field must look like is the API's own model's matter (scripts/aws/shapes.py); here is what the model does
not say (MWAA user guide, environment-class and configuring-env-variables; docs of UpdateEnvironment).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mwaa_dbt.sizing import CLASSES, is_2
from scripts.local.record import Record
from scripts.refused import BLOCKED

# What every request has, and what says how to update.
NO_FIELDS = ("Name", "WorkerReplacementStrategy")
# The rehearsal has one Airflow and one bucket, and no teams.
NOT_PLAYED = ("AirflowVersion", "DagS3Path", "IdentityCenterConfiguration", "SourceBucketArn", "Teams")
COUNTS = ("MinWorkers", "MaxWorkers", "Schedulers", "MinWebservers", "MaxWebservers")
# Of all classes but micro, which has one of each.
LEAST = {"MinWorkers": 1, "MaxWorkers": 1, "Schedulers": 2, "MinWebservers": 2, "MaxWebservers": 2}
MOST = {"Schedulers": 5, "MinWebservers": 5, "MaxWebservers": 5}


def merged(before: Record, wish: Mapping[str, Any]) -> Record:
    """Return the fields that a wish changes, as GetEnvironment has them: parts of a field leave its others alone."""
    changes = {field: value for field, value in wish.items() if field not in NO_FIELDS}
    for field in ("NetworkConfiguration", "LoggingConfiguration"):
        if field in changes:
            changes[field] = _merged(before.get(field, {}), changes[field])
    return changes


def _merged(before: Any, wish: Any) -> Any:
    if not (isinstance(before, dict) and isinstance(wish, dict)):
        return wish
    return before | {key: _merged(before.get(key), value) for key, value in wish.items()}


def broken(before: Record, wanted: Record, wish: Mapping[str, Any]) -> Iterator[str]:
    """Yield what MWAA would refuse of an update.

    Args:
        before: the environment.
        wanted: the same after the update.
        wish: UpdateEnvironment's members, of a form that the model allows.
    """
    for field in NOT_PLAYED:
        if field in wish and wish[field] != before.get(field):
            yield f"{field} cannot be changed in a rehearsal; its own is {before.get(field, 'none')}"
    if not is_2(str(before["AirflowVersion"])):
        for name in BLOCKED:
            if name in wish.get("AirflowConfigurationOptions", {}):
                yield f"AirflowConfigurationOptions: {name} is not supported on MWAA"
    yield from _sizes(wanted, wish)


def _sizes(wanted: Record, wish: Mapping[str, Any]) -> Iterator[str]:
    name = wanted["EnvironmentClass"]
    if name not in CLASSES:
        yield f"EnvironmentClass: there is no {name!r}; MWAA has {', '.join(CLASSES)}"
        return
    hybrid = CLASSES[name].hybrid
    for field in COUNTS:
        least, most = (1, 1) if hybrid else (LEAST[field], MOST.get(field))
        if field in wish and (wish[field] < least or (most and wish[field] > most)):
            yield f"{field}: {name} takes {least}{f' to {most}' if most else ' and more'}, not {wish[field]}"
    for what in ("Workers", "Webservers"):
        if wanted[f"Min{what}"] > wanted[f"Max{what}"]:
            yield f"Min{what} must not be greater than Max{what}"

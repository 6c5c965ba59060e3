"""The rehearsal's MWAA environment as GetEnvironment describes it, kept in a file so that it can be looked at."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment
from scripts.aws import Bucket
from scripts.aws.environment import VERSIONS
from scripts.local import state
from scripts.local.state import Rehearsal
from scripts.options import project_options
from scripts.paths import Paths

# What MWAA itself calls its sources is not documented.
SOURCE = "mwaa-rehearsal"
ACCOUNT = "123456789012"  # moto's
type Record = dict[str, Any]


def file(paths: Paths) -> Path:
    """Return where the environment is noted: in the JSON of GetEnvironment, times in seconds since the epoch."""
    return state.folder(paths) / "mwaa.json"


def read(paths: Paths) -> Record | None:
    """Return the environment, or None before it is created."""
    try:
        return dict(json.loads(file(paths).read_text()))
    except FileNotFoundError:
        return None


def write(paths: Paths, record: Record) -> None:
    """Note the environment; whoever reads meanwhile sees the old or the new one, whole."""
    partial = file(paths).with_suffix(".part")
    partial.write_text(json.dumps(record, indent=2))
    partial.rename(file(paths))


def first(environment: Environment, rehearsal: Rehearsal, bucket: Bucket, airflow: str) -> Record:
    """Return a new environment that takes each file's newest version.

    Args:
        environment: its settings.
        rehearsal: where it runs.
        bucket: the bucket, with requirements.txt, plugins.zip and startup.sh in it.
        airflow: the version of Airflow.
    """
    name = environment.mwaa.name if environment.mwaa else rehearsal.environment
    return {
        "Name": name,
        "Status": "CREATING",
        "Arn": f"arn:aws:airflow:{rehearsal.region}:{ACCOUNT}:environment/{name}",
        "CreatedAt": time.time(),
        "WebserverUrl": rehearsal.url("airflow").removeprefix("http://"),
        "AirflowVersion": airflow,
        "EnvironmentClass": "mw1.micro",
        "SourceBucketArn": f"arn:aws:s3:::{bucket.name}",
        "DagS3Path": "dags",
        **_versions(bucket),
        "AirflowConfigurationOptions": project_options(environment, airflow),
        "LastUpdate": last_update("PENDING"),
    }


def _versions(bucket: Bucket) -> Record:
    found: Record = {}
    for key, (path, version) in VERSIONS.items():
        head = bucket.head(key)
        if head is None or head.version is None:
            raise ProjectError(
                f"There is no version of {key} in the bucket.", bucket.name, "run `mwaa build`, then start again"
            )
        found |= {path: key, version: head.version}
    return found


def last_update(status: str, strategy: str | None = None, error: tuple[str, str] | None = None) -> Record:
    """Return GetEnvironment's LastUpdate; an error is a code and a message."""
    update: Record = {"Status": status, "CreatedAt": time.time(), "Source": SOURCE}
    if strategy:
        update["WorkerReplacementStrategy"] = strategy
    if error:
        # The API's own limit.
        update["Error"] = {"ErrorCode": error[0], "ErrorMessage": error[1][:1024]}
    return update

"""A new environment of the rehearsal, as GetEnvironment describes it: every field that MWAA's own answer has.

What the rehearsal plays is true of it (versions, options, log groups); the rest is what settings.toml says, or names
that say where they are from.
"""

from __future__ import annotations

import time

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Logs, Mwaa, Network
from scripts.aws import Bucket
from scripts.aws.environment import LOGS, VERSIONS
from scripts.env.containers import group
from scripts.local.celery import queue
from scripts.local.record import Record, last_update
from scripts.local.state import ACCOUNT, Rehearsal
from scripts.options import project_options

# Of one container, scheduler and worker.
HYBRID = "mw1.micro"


def first(environment: Environment, rehearsal: Rehearsal, bucket: Bucket) -> Record:
    """Return a new environment that takes each file's newest version.

    Args:
        environment: its settings.
        rehearsal: where it runs.
        bucket: the bucket, with requirements.txt, plugins.zip and startup.sh in it.
    """
    mwaa = environment.mwaa or Mwaa(rehearsal.environment)
    return {
        "Name": mwaa.name,
        "Status": "CREATING",
        "Arn": f"arn:aws:airflow:{rehearsal.region}:{ACCOUNT}:environment/{mwaa.name}",
        "CreatedAt": time.time(),
        "WebserverUrl": host(rehearsal),
        "AirflowVersion": rehearsal.airflow,
        "SourceBucketArn": f"arn:aws:s3:::{bucket.name}",
        "DagS3Path": "dags",
        **_versions(bucket),
        "AirflowConfigurationOptions": project_options(environment, rehearsal.airflow),
        **_size(mwaa),
        **_surroundings(mwaa, environment.network or Network(), rehearsal),
        "LoggingConfiguration": _logging(mwaa.name, mwaa.logs or Logs(), rehearsal.region),
        "LastUpdate": last_update("PENDING"),
        "Tags": {},
    }


def host(rehearsal: Rehearsal) -> str:
    """Return the environment's web server as the API names it: host and port, no scheme."""
    return rehearsal.url("mwaa").removeprefix("http://")


def _size(mwaa: Mwaa) -> Record:
    """Return the class and its counts; without a class, that of the one container that the rehearsal plays."""
    return {
        "EnvironmentClass": mwaa.environment_class or HYBRID,
        "MinWorkers": mwaa.min_workers or 1,
        "MaxWorkers": mwaa.max_workers or 1,
        "Schedulers": mwaa.schedulers or 1,
        "MinWebservers": mwaa.min_webservers or 1,
        "MaxWebservers": mwaa.max_webservers or 1,
    }


def _surroundings(mwaa: Mwaa, network: Network, rehearsal: Rehearsal) -> Record:
    """Return what of an environment lies in its account: as settings.toml has it, else by names that say so."""
    roles, service = f"arn:aws:iam::{ACCOUNT}:role", f"com.amazonaws.vpce.{rehearsal.region}.vpce-svc-rehearsal"
    access = mwaa.access or "PUBLIC_ONLY"
    return {
        "ExecutionRoleArn": mwaa.role or f"{roles}/{mwaa.name}",
        "ServiceRoleArn": f"{roles}/aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA",
        **({"KmsKey": mwaa.kms_key} if mwaa.kms_key else {}),
        "NetworkConfiguration": {
            "SubnetIds": list(network.subnets or ("subnet-rehearsal-a", "subnet-rehearsal-b")),
            "SecurityGroupIds": list(network.security_groups or ("sg-rehearsal",)),
        },
        "WebserverAccessMode": access,
        **({} if access == "PUBLIC_ONLY" else {"WebserverVpcEndpointService": f"{service}-web"}),
        "DatabaseVpcEndpointService": f"{service}-db",
        "CeleryExecutorQueue": f"arn:aws:sqs:{rehearsal.region}:{ACCOUNT}:{queue(rehearsal)}",
        "EndpointManagement": "SERVICE",
        "WeeklyMaintenanceWindowStart": mwaa.maintenance or "SUN:03:30",
    }


def _logging(name: str, logs: Logs, region: str) -> Record:
    levels = logs._asdict()
    return {
        log.field: {
            "Enabled": True,
            "LogLevel": levels[setting] or "INFO",
            "CloudWatchLogGroupArn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group(name, log.group)}",
        }
        for setting, log in LOGS.items()
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

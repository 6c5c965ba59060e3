"""`mwaa migrate policy`: what a migration needs for as long as it takes, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from mwaa_dbt.settings import Environment as Settings
from scripts.airflow.environment import Environment
from scripts.migrate.maintenance import NAME
from scripts.migrate.move import KEY_ACTIONS, secret_needs
from scripts.migrate.place import Place
from scripts.migrate.rights import Need, folder_need, statement
from scripts.migrate.sides import ROOT, Sides
from scripts.secrets.policy import partition, through

type Whom = Literal["operator", "execution", "role"]
# Airflow's role that may do all of it: connections, variables and pools are not for User (FAB's OP_PERMISSIONS), nor
# are backfills in 3.0.
ROLE = "Op"
WRITE = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")


def policy(sides: Sides, settings: Settings, place: Place, whom: Whom, role: str | None = None) -> dict[str, Any]:
    """Return an IAM policy.

    Args:
        sides: both environments.
        settings: the new one's.
        place: where exports are.
        whom: it is for: who runs the commands, the old execution role, or in two accounts the role that it takes.
        role: that role's ARN.
    """
    kinds: Mapping[Whom, Callable[[], Iterator[Need]]] = {
        "operator": lambda: _operator(sides, settings, place),
        "execution": lambda: _execution(sides, settings, place, role),
        "role": lambda: iter(secret_needs(sides, settings, None)),
    }
    return {"Version": "2012-10-17", "Statement": [statement(need) for need in kinds[whom]()]}


def _execution(sides: Sides, settings: Settings, place: Place, role: str | None) -> Iterator[Need]:
    yield folder_need(sides.old, place.bucket.name, place.root)
    if key := settings.mwaa and settings.mwaa.kms_key:
        yield Need(KEY_ACTIONS, key, through(sides.new.aws.region, "s3"))
    yield from secret_needs(sides, settings, role)


def _operator(sides: Sides, settings: Settings, place: Place) -> Iterator[Need]:
    for side in (sides.old, sides.new):
        arn = str(side.described["Arn"])
        yield Need(("airflow:GetEnvironment",), arn)
        role = f"{arn.replace(':environment/', ':role/')}/{ROLE}"
        yield Need(("airflow:CreateWebLoginToken", "airflow:InvokeRestApi"), role)
    if not sides.old.is_2:
        # For decimal numbers: objects.py.
        yield Need(("airflow:CreateCliToken",), str(sides.old.described["Arn"]))
    yield Need(("iam:SimulatePrincipalPolicy",), str(sides.old.described["ExecutionRoleArn"]))
    yield from _buckets(sides, place)
    if key := sides.old.described.get("KmsKey"):
        yield Need(KEY_ACTIONS, str(key), through(sides.old.aws.region, "s3"))
    if key := settings.mwaa and settings.mwaa.kms_key:
        yield Need(KEY_ACTIONS, key, through(sides.new.aws.region, "s3"))
    yield from _logs(sides)


def _buckets(sides: Sides, place: Place) -> Iterator[Need]:
    old, new, exports = (
        f"arn:{partition(sides.new.aws.region)}:s3:::{bucket.name}"
        for bucket in (sides.old.bucket, sides.new.bucket, place.bucket)
    )
    # Without it, S3 calls an object that is missing denied.
    for arn in dict.fromkeys((old, new, exports)):
        yield Need(("s3:ListBucket",), arn)
    yield Need(("s3:GetObject",), f"{old}/{sides.old.dags}/*")
    if file := sides.old.described.get("RequirementsS3Path"):
        yield Need(("s3:GetObject",), f"{old}/{file}")
    yield Need(("s3:DeleteObject", "s3:PutObject"), f"{old}/{sides.old.dags}/{NAME}*")
    if sides.new.is_2:
        yield Need(WRITE, f"{new}/{sides.new.dags}/{NAME}*")
    yield Need(WRITE, f"{new}/{ROOT}/*")
    if place.bucket.name != sides.new.bucket.name or not place.root.startswith(f"{ROOT}/"):
        yield Need(WRITE, f"{exports}/{place.root}/*")


def _logs(sides: Sides) -> Iterator[Need]:
    reading = ("logs:DescribeLogStreams", "logs:GetLogEvents")
    yield Need(reading, f"{_groups(sides.old)}{sides.old.log_group('task')}:*")
    writing = ("logs:CreateLogStream", *reading, "logs:PutLogEvents")
    yield Need(writing, f"{_groups(sides.new)}{sides.new.log_group('task')}:*")
    yield Need(("logs:DescribeLogGroups",), f"{_groups(sides.new)}*")


def _groups(side: Environment) -> str:
    region, account = str(side.described["Arn"]).split(":")[3:5]
    return f"arn:{partition(region)}:logs:{region}:{account}:log-group:"

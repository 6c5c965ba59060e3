"""The execution role: whom it trusts, and whether tasks may do with it what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import DeniedError
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, ok, skipped
from scripts.doctor.policies import allows, listed, matches
from scripts.secrets.declared import declared
from scripts.secrets.policy import READ

SERVICES = ("airflow.amazonaws.com", "airflow-env.amazonaws.com")
# Secrets Manager adds six characters of its own to a name.
SUFFIX = "-AbCdEf"
TAKE = "sts:AssumeRole"


@dataclass(frozen=True)
class Need:
    """Something that a task, or MWAA's sync of the DAG folder, does as the role."""

    action: str
    resource: str
    reason: str
    context: Mapping[str, str] = field(default_factory=dict)


def blocked(cloud: Cloud) -> Finding | None:
    """Return why there is no role to look at."""
    if cloud.case.rehearsal:
        return skipped("the rehearsal has no role: its servers ask nobody for permissions")
    if reason := cloud.no_environment:
        return skipped(f"not looked at: {reason}")
    return None


def _arn(cloud: Cloud) -> str:
    return str(cloud.environment["ExecutionRoleArn"])


def _name(cloud: Cloud) -> str:
    return _arn(cloud).rpartition("/")[2]


def _trust(cloud: Cloud) -> Iterator[Finding]:
    statements = [one for one in listed(cloud.iam.trust(_name(cloud))["Statement"]) if one["Effect"] == "Allow"]
    trusting = {service: [one for one in statements if _trusts(one, service)] for service in SERVICES}
    if lacking := [service for service, found in trusting.items() if not found]:
        what = f"role {_name(cloud)} does not trust {' and '.join(lacking)}: MWAA cannot take it"
        yield error(what, f"allow them {TAKE} in its trust policy")
    elif others := _others(cloud, [one for found in trusting.values() for one in found]):
        what = f"the trust policy of role {_name(cloud)} is for {', '.join(others)}, not for this environment"
        yield error(what, f"write {cloud.environment['Arn']} for aws:SourceArn in it")
    else:
        yield ok(f"role {_name(cloud)} trusts MWAA")


def _trusts(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal", {})
    services = listed(principal.get("Service", [])) if isinstance(principal, Mapping) else []
    return service in services and matches(statement.get("Action", []), TAKE)


def _others(cloud: Cloud, statements: list[Any]) -> list[str]:
    """Return the environments that a trust policy names instead of this one; a clone's role keeps that of the first."""
    wanted = str(cloud.environment["Arn"])
    named = [_source(one) for one in statements]
    return sorted({arn for arns in named if arns and not matches(arns, wanted) for arn in arns})


def _source(statement: Mapping[str, Any]) -> list[str]:
    tests = statement.get("Condition", {}).values()
    found = [value for test in tests for key, value in test.items() if key.lower() == "aws:sourcearn"]
    return [arn for value in found for arn in listed(value)]


def _rights(cloud: Cloud) -> Iterator[Finding]:
    may, how = _judge(cloud)
    needs = list(_needs(cloud))
    lacking = [need for need in needs if not may(need)]
    for need in lacking:
        line = f'{{"Effect": "Allow", "Action": "{need.action}", "Resource": "{_pasted(need.resource)}"}}'
        what = f"role {_name(cloud)} may not {need.action} on {_pasted(need.resource)}: {need.reason}"
        yield error(what, f"allow it: {line}")
    if not lacking:
        yield ok(f"role {_name(cloud)} may do all {len(needs)} things that tasks do: {how}")


def _judge(cloud: Cloud) -> tuple[Callable[[Need], bool], str]:
    """Return what decides whether the role may do something, and how it does."""

    def simulated(need: Need) -> bool:
        return cloud.iam.simulate(_arn(cloud), need.action, need.resource, need.context)

    try:
        simulated(next(_needs(cloud)))
    except DeniedError:
        documents = cloud.iam.policies(_name(cloud))
        return lambda need: allows(documents, need.action, need.resource), "by the text of its policies"
    return simulated, "IAM's simulation"


def _needs(cloud: Cloud) -> Iterator[Need]:
    bucket = f"arn:{_partition(cloud)}:s3:::{cloud.bucket.name}"
    synced, archived = "MWAA reads DAGs with it", "runs would not be archived (docs/history.md)"
    yield Need("s3:ListBucket", bucket, synced)
    yield Need("s3:GetObject", f"{bucket}/dags/dbt/current.json", synced)
    yield Need("s3:GetObjectVersion", f"{bucket}/requirements.txt", "containers start from versions of files")
    for action in ("s3:GetObject", "s3:PutObject"):
        yield Need(action, f"{bucket}/archive/*", archived)
    yield from _secrets(cloud)


def _secrets(cloud: Cloud) -> Iterator[Need]:
    region, account = cloud.case.environment.region, _arn(cloud).split(":")[4]
    through = {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}
    keys = set()
    for item in declared(cloud.case.name, cloud.case.environment):
        arn = f"arn:{_partition(cloud)}:secretsmanager:{region}:{account}:secret:{item.name}{SUFFIX}"
        stored = _described(cloud, item.name)
        for action in READ:
            yield Need(f"secretsmanager:{action}", stored[0] or arn, f"Airflow would say that {item.id} isn't defined")
        keys |= {stored[1]} if stored[1] else set()
    for key in sorted(keys):
        yield Need("kms:Decrypt", key, "secrets are encrypted with that key", through)


def _described(cloud: Cloud, name: str) -> tuple[str | None, str | None]:
    """Return a secret's ARN and the ARN of its key, as far as they are known."""
    try:
        found = cloud.target.aws.secrets.describe(name)
    except ProjectError:
        return None, None
    key = cloud.target.aws.key_arn(found.key) if found and found.key else None
    return (found.arn, key) if found else (None, None)


def _pasted(resource: str) -> str:
    return resource.replace(SUFFIX, "-??????")


def _partition(cloud: Cloud) -> str:
    return _arn(cloud).split(":")[1]


CHECKS = (_trust, _rights)

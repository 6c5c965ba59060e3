"""The execution role: whom it trusts, and whether tasks may do with it what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Decision
from scripts.aws.policies import judge, listed, matches, sources
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, ok, skipped, warning
from scripts.secrets.declared import declared
from scripts.secrets.policy import READ, partition, through

SERVICES = ("airflow.amazonaws.com", "airflow-env.amazonaws.com")
# IAM decides of one thing, a statement is for all of its kind. Secrets Manager adds six characters to a name.
ONE, ALL = ("-AbCdEf", "/archive/index/any"), ("-??????", "/archive/*")
TAKE = "sts:AssumeRole"


@dataclass(frozen=True)
class Need:
    """Something that a task, or MWAA's sync of the DAG folder, does as the role."""

    action: str
    resource: str
    reason: str
    context: tuple[tuple[str, str], ...] = ()


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
    lacking = [service for service, found in trusting.items() if not found]
    here = str(cloud.environment["Arn"])
    others = {arn for found in trusting.values() if not any(_for(one, here) for one in found) for arn in sources(found)}
    if lacking:
        what = f"role {_name(cloud)} does not trust {' and '.join(lacking)}: MWAA cannot take it"
        yield error(what, f"allow them {TAKE} in its trust policy")
    elif others:
        what = f"the trust policy of role {_name(cloud)} is for {', '.join(sorted(others))}, not for this environment"
        yield error(what, f"write {here} for aws:SourceArn in it")
    else:
        yield ok(f"role {_name(cloud)} trusts MWAA")


def _trusts(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal", {})
    services = listed(principal.get("Service", [])) if isinstance(principal, Mapping) else []
    return service in services and matches(statement.get("Action", []), TAKE)


def _for(statement: Mapping[str, Any], arn: str) -> bool:
    """Say whether a statement is for an environment; that of a clone's role is often for the first one."""
    named = sources([statement])
    return not named or matches(named, arn)


def _rights(cloud: Cloud) -> Iterator[Finding]:
    may, how = judge(cloud.iam, _arn(cloud))
    needs = {need: may(need.action, need.resource, dict(need.context)) for need in _needs(cloud)}
    lacking = {need: decision for need, decision in needs.items() if not decision.allowed}
    for need, decision in lacking.items():
        yield _lack(_name(cloud), need, decision)
    if not lacking:
        yield ok(f"role {_name(cloud)} may do all {len(needs)} things that tasks do: {how}")


def _lack(role: str, need: Need, decision: Decision) -> Finding:
    what = f"{need.action} on {_pasted(need.resource)}"
    if decision.depends:
        keys = ", ".join(decision.depends)
        return warning(f"role {role}: {what} depends on {keys}, which only the call itself knows", "read its policies")
    line = f'{{"Effect": "Allow", "Action": "{need.action}", "Resource": "{_pasted(need.resource)}"}}'
    return error(f"role {role} may not {what}: {need.reason}", f"allow it: {line}")


def _needs(cloud: Cloud) -> Iterator[Need]:
    bucket = f"arn:{partition(cloud.case.environment.region)}:s3:::{cloud.bucket.name}"
    synced, archived = "MWAA reads DAGs with it", "runs would not be archived (docs/history.md)"
    yield Need("s3:ListBucket", bucket, synced)
    yield Need("s3:GetObject", f"{bucket}/dags/dbt/current.json", synced)
    yield Need("s3:GetObjectVersion", f"{bucket}/requirements.txt", "containers start from versions of files")
    for action in ("s3:GetObject", "s3:PutObject"):
        yield Need(action, f"{bucket}{ONE[1]}", archived)
    yield from _secrets(cloud)


def _secrets(cloud: Cloud) -> Iterator[Need]:
    region, account = cloud.case.environment.region, _arn(cloud).split(":")[4]
    place, keys = f"arn:{partition(region)}:secretsmanager:{region}:{account}", set()
    for item in declared(cloud.case.name, cloud.case.environment):
        arn = f"{place}:secret:{item.name}{ONE[0]}"
        stored = _described(cloud, item.name)
        for action in READ:
            yield Need(f"secretsmanager:{action}", stored[0] or arn, f"Airflow would say that {item.id} isn't defined")
        keys |= {stored[1]} if stored[1] else set()
    for key in sorted(keys):
        yield Need("kms:Decrypt", key, "secrets are encrypted with that key", tuple(through(region).items()))


def _described(cloud: Cloud, name: str) -> tuple[str | None, str | None]:
    """Return a secret's ARN and the ARN of its key, as far as they are known."""
    try:
        found = cloud.target.aws.secrets.describe(name)
    except ProjectError:
        return None, None
    key = cloud.target.aws.key_arn(found.key) if found and found.key else None
    return (found.arn, key) if found else (None, None)


def _pasted(resource: str) -> str:
    for one, every in zip(ONE, ALL, strict=True):
        resource = resource.replace(one, every)
    return resource


CHECKS = (_trust, _rights)

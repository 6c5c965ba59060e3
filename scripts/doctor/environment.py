"""The MWAA environment: its state, and whether it is what settings.toml and the live release say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.aws.environment import LOGS, SETTINGS
from scripts.deploy.update import LOST, STEADY, running
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, failed, ok, skipped, warning
from scripts.options import project_options
from scripts.versions import not_upgraded

UPDATE = "mwaa env update"
AGAIN = "`mwaa local down`, then `mwaa local up`"
# Where containers say how they started, and from which level on they do.
LOUD, LEVELS = ("scheduler", "worker"), ("DEBUG", "INFO")
HEARD = {"task": "what dbt says in tasks", "dag_processing": "import errors, and what Slack was not told"}
PATIENCE = 5.0  # seconds
LOOPBACK = "127.0.0.1:"  # where a rehearsal's web server is


def blocked(cloud: Cloud) -> Finding | None:
    """Return why there is no environment to look at."""
    if isinstance(cloud.described, ProjectError):
        return failed(cloud.described)
    return skipped(f"not looked at: {cloud.no_environment}") if cloud.no_environment else None


def _fix(cloud: Cloud, setting: str) -> str:
    update = AGAIN if cloud.case.rehearsal else f"`{UPDATE} --env {cloud.case.name}`"
    return f"{update}, or mend {setting} in settings.toml"


def _status(cloud: Cloud) -> Iterator[Finding]:
    found = cloud.environment
    status, last = str(found["Status"]), found.get("LastUpdate", {})
    told = f"{found['Name']} is {status}"
    if last.get("Status") == "FAILED" or status == "UPDATE_FAILED":
        reason = last.get("Error", {})
        text = f"{reason.get('ErrorCode', '')} {reason.get('ErrorMessage', 'without a reason')}".strip()
        fix = "mend what it names, then deploy again; until then the containers of before run on"
        yield error(f"{told}, its last update failed: {text}", fix)
    elif status == "AVAILABLE":
        since = f", last updated {last['CreatedAt']:%Y-%m-%d %H:%M} UTC" if "CreatedAt" in last else ""
        yield ok(told + since)
    elif status in LOST:
        yield error(told, "look at it in the MWAA console; one that cannot be mended is made anew")
    else:
        yield warning(told, "wait for its end")


def _bucket(cloud: Cloud) -> Iterator[Finding]:
    arn, name = str(cloud.environment.get("SourceBucketArn", "")), cloud.bucket.name
    if arn.rpartition(":")[2] != name:
        yield error(f"it reads {arn or 'no bucket'}, not {name}", "mend bucket or mwaa.name in settings.toml")


def _version(cloud: Cloud) -> Iterator[Finding]:
    has, wanted = str(cloud.environment.get("AirflowVersion")), cloud.case.airflow
    if has == wanted:
        yield ok(f"it has Airflow {has}, as settings.toml says")
        return
    way = not_upgraded(has, wanted)
    fix = f"write airflow_version = {has!r} in settings.toml. {way}" if way else _fix(cloud, "airflow_version")
    yield error(f"it has Airflow {has}, settings.toml says {wanted}", fix)


def _size(cloud: Cloud) -> Iterator[Finding]:
    mwaa, differing = cloud.case.environment.mwaa, 0
    for setting, field in SETTINGS.items():
        wanted, has = getattr(mwaa, setting), cloud.environment.get(field)
        if wanted is not None and has is not None and wanted != has:
            differing += 1
            yield error(f"{setting} is {has}, settings.toml says {wanted}", _fix(cloud, f"mwaa.{setting}"))
    if not differing:
        size = cloud.environment.get("EnvironmentClass")
        yield ok(f"{size}; workers, schedulers, web servers, access, role, window and key as settings.toml says")


def _options(cloud: Cloud) -> Iterator[Finding]:
    wanted = project_options(cloud.case.environment, cloud.case.airflow)
    has: Mapping[str, str] = cloud.environment.get("AirflowConfigurationOptions") or {}
    differing = [name for name in sorted({*wanted, *has}) if _parsed(wanted.get(name)) != _parsed(has.get(name))]
    for name in differing:
        yield error(_difference(name, wanted, has), _fix(cloud, f"[environments.{cloud.case.name}.airflow]"))
    if not differing:
        yield ok(f"its {len(wanted)} Airflow options are those of `mwaa config`")


def _difference(name: str, wanted: Mapping[str, str], has: Mapping[str, str]) -> str:
    if name not in has:
        return f"it lacks option {name} = {wanted[name]}"
    other = f"`mwaa config` has {wanted[name]}" if name in wanted else "`mwaa config` does not have it"
    return f"option {name} is {has[name]}, {other}"


def _parsed(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except ValueError:
        return value


def _files(cloud: Cloud) -> Iterator[Finding]:
    read = str(cloud.environment.get("SourceBucketArn", "")).rpartition(":")[2] == cloud.bucket.name
    if cloud.live is None or isinstance(cloud.live, ProjectError) or not read:
        return
    stale = running(cloud.mwaa, cloud.bucket).stale(cloud.live.record)
    if stale:
        what = f"its containers started with another {', '.join(stale)} than release {cloud.live.release} has"
        yield error(what, f"`mwaa deploy --env {cloud.case.name}` updates it")
    else:
        yield ok("its containers started with the live release's requirements.txt, plugins.zip and startup.sh")


def _logs(cloud: Cloud) -> Iterator[Finding]:
    found: Mapping[str, Any] = cloud.environment.get("LoggingConfiguration") or {}
    fields = [LOGS[kind].field for kind in LOUD]
    deaf = [name for name in fields if not (_on(found, name) and found[name].get("LogLevel") in LEVELS)]
    for name in deaf:
        what = f"{name} are not kept from INFO on: a failed pip or startup.sh is told nowhere else"
        yield error(what, _fix(cloud, "mwaa.logs"))
    for kind, lost in HEARD.items():
        if not _on(found, name := LOGS[kind].field):
            yield warning(f"{name} are off: {lost} is lost", _fix(cloud, "mwaa.logs"))
    if not deaf:
        yield ok("its logs tell how containers start")


def _on(found: Mapping[str, Any], name: str) -> bool:
    return bool(found.get(name, {}).get("Enabled"))


def _web(cloud: Cloud) -> Iterator[Finding]:
    host = cloud.environment.get("WebserverUrl")
    if not host or cloud.environment["Status"] not in STEADY:
        return
    here = str(host).startswith(LOOPBACK)
    url = f"{'http' if here else 'https'}://{host}"
    try:
        with requests.Session() as session:
            # A company's proxy does not lead to loopback.
            session.trust_env = not here
            session.head(url, timeout=PATIENCE)
    except requests.RequestException as problem:
        yield _unreachable(cloud, url, problem)
    else:
        yield ok(f"its web server answers: {url}")


def _unreachable(cloud: Cloud, url: str, problem: Exception) -> Finding:
    if cloud.environment.get("WebserverAccessMode") == "PRIVATE_ONLY":
        what = f"its web server is private (PRIVATE_ONLY), and not to be reached from here: {url}"
        return warning(what, "run this from within its network: VPN, bastion or a job in the VPC")
    kind = type(problem).__name__
    return error(f"its web server does not answer from here ({kind}): {url}", "look at log group -WebServer, and proxy")


CHECKS = (_status, _bucket, _version, _size, _options, _files, _logs, _web)

"""What is not sent to Airflow's CLI: commands that MWAA does not run, and secrets in arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.airflow.environment import Environment
from scripts.cli_commands import allowed, commands

ITSELF = "MWAA runs and keeps that itself"
STORED = "connections are in Secrets Manager: `mwaa secrets diff --env {env}` compares them with settings.toml, "
# A group or a command → what does it instead; `rest` is the path of Airflow's REST API.
INSTEAD = {
    "connections": f"{STORED}`mwaa secrets push` stores them",
    "variables": "`mwaa airflow --env {env} variables list` and `get`; `mwaa secrets push` for those of settings.toml",
    "users": "IAM decides who logs in with which role of Airflow (airflow:CreateWebLoginToken); `mwaa open` logs in",
    "config": "`mwaa config --env {env}` shows the options and their reasons",
    "info": "`mwaa env status --env {env}`",
    "jobs": "`mwaa airflow --env {env} dags list-jobs`",
    "db": f"{ITSELF}; `db clean` is what it leaves to you",
    "dags backfill": "`mwaa airflow --env {env} backfill create`",
    "backfill": "`mwaa airflow --env {env} dags backfill`",
    "tasks run": "`mwaa trigger <dag> --select <model> --env {env}`, or `mwaa airflow --env {env} tasks clear`",
}
REST = {"pools": "/pools", "plugins": "/plugins", "dags details": "/dags/DAG/details", "dags source": "/dagSources/DAG"}
KEPT = (
    *("api-server", "celery", "dag-processor", "fab-db", "internal-api", "kerberos", "rotate-fernet-key", "scheduler"),
    *("standalone", "sync-perm", "triggerer", "webserver"),
)
# Of the names that Airflow itself masks (DEFAULT_SENSITIVE_FIELDS), those of secrets.
SENSITIVE = re.compile(r"passw|passphrase|secret|token|api_?key|access_?key|private_?key|authorization|keyfile", re.I)


def check_command(environment: Environment, words: Sequence[str]) -> None:
    """Refuse a command that MWAA does not run.

    Raises:
        ProjectError: with what does it instead.
    """
    if allowed(environment.version, words):
        return
    known = sorted(commands(environment.version))
    named = " ".join(words[:2] if len(words) > 1 and not words[1].startswith("-") else words[:1])
    group = [one for one in known if one.split()[0] == words[0]]
    if named == words[0] and group:
        what, fix = f"`{named}` alone is no command.", f"use one of: {', '.join(group)}"
    else:
        other = _instead(environment, words[0], named)
        close = "" if other else suggestion(named, known)
        what = f"MWAA does not run `airflow {named}` on Airflow {environment.version}.{close}"
        fix = other or f"use one of: {', '.join(group or known)}"
    raise ProjectError(what, f"mwaa airflow, environment {environment.mwaa.name}", fix)


def _instead(environment: Environment, group: str, named: str) -> str:
    if path := REST.get(named, REST.get(group)):
        where = f"--region {environment.aws.region} --name {environment.mwaa.name}"
        return f"Airflow's REST API has it: `aws mwaa invoke-rest-api {where} --method GET --path {path}`"
    if group in KEPT:
        return ITSELF
    return INSTEAD.get(named, INSTEAD.get(group, "")).format(env=environment.name)


def check_secrets(environment: Environment, words: Sequence[str]) -> None:
    """Refuse arguments with a secret in them.

    Raises:
        ProjectError: with the command that stores it.
    """
    found = exposed(words)
    if found is None:
        return
    push = "connections" if words[0] == "connections" else "a connection or variable of settings.toml"
    raise ProjectError(
        f"There is a secret in {found}: `ps` on this machine shows it, and Airflow keeps it in its audit log.",
        f"mwaa airflow {' '.join(words[:2])}",
        f"store it in Secrets Manager: `mwaa secrets push --env {environment.name}` takes {push}; "
        "or accept that with --allow-secret before Airflow's own words",
    )


def exposed(words: Sequence[str]) -> str | None:
    """Return the name of the argument that holds a secret, or None."""
    if list(words[:2]) == ["variables", "set"] and (key := next((w for w in words[2:] if w[:1] != "-"), "")):
        return f"variable {key!r}" if SENSITIVE.search(key) else _exposed(words[2:])
    return _exposed(words)


def _exposed(words: Sequence[str]) -> str | None:
    option = "an argument"
    for word in words:
        head, sign, value = word.partition("=")
        if not head.startswith("--"):
            head, value = option, word
        elif not sign:
            head, value = word, ""
        # argparse takes the beginning of an option for the whole.
        if head.startswith("--conn-pa") or _holds_secret(value):
            return head
        option = word if word.startswith("-") else "an argument"
    return None


def _holds_secret(value: str) -> bool:
    if value.lstrip().startswith(("{", "[")):
        try:
            return _has_secret(json.loads(value))
        except ValueError:
            return bool(SENSITIVE.search(value))
    try:
        return bool(urlsplit(value).password)
    except ValueError:
        return False


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any((SENSITIVE.search(str(name)) and one) or _has_secret(one) for name, one in value.items())
    return isinstance(value, list) and any(map(_has_secret, value))

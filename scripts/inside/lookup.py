"""Read connections and variables as a task does: by Airflow's configured secrets backend and Cosmos' mapping.

The request comes as JSON on standard input, the answer goes as JSON to standard output; all that Airflow logs goes
to standard error. No secret is in the answer.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

TIMEOUT = 15  # seconds, for a login
QUESTION = "select current_user(), current_role(), current_warehouse()"


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Return for each id what Airflow reads."""
    backend = _backend()
    answer = {one["id"]: _connection(backend, one) for one in request["connections"]}
    return {"connections": answer, "variables": {key: _variable(backend, key) for key in request["variables"]}}


def _backend() -> Any:
    from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend

    try:
        from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded as backends
    except ModuleNotFoundError:
        # Airflow 2, where a task looks them up itself.
        from airflow.configuration import ensure_secrets_loaded as backends

    found = [one for one in backends() if isinstance(one, SecretsManagerBackend)]
    if not found:
        raise LookupError("option secrets.backend names no SecretsManagerBackend")
    return found[0]


def _variable(backend: Any, key: str) -> dict[str, Any]:
    try:
        return {"found": backend.get_variable(key=key) is not None}
    except Exception as error:
        return {"found": False, "error": _code(error)}


def _connection(backend: Any, one: dict[str, Any]) -> dict[str, Any]:
    try:
        found = backend.get_connection(one["id"])
        return {"found": False} if found is None else _described(found, one)
    except Exception as error:
        # The text of some errors is the whole secret.
        return {"found": False, "error": _code(error)}


def _described(found: Any, one: dict[str, Any]) -> dict[str, Any]:
    fields = {name: getattr(found, name) for name in ("conn_type", "host", "login", "schema", "port")}
    answer = {"found": True, "fields": fields, "password": bool(found.password), "extra": sorted(found.extra_dejson)}
    if one.get("snowflake"):
        answer["unclaimed"] = _unclaimed(one["snowflake"])
    if one.get("connect"):
        answer["connect"] = _connect(found, one)
    return answer


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response["Error"]["Code"]) if isinstance(response, dict) else type(error).__name__


def _unclaimed(facts: dict[str, Any]) -> list[str]:
    """Return the required fields that Cosmos does not find; other reasons not to claim it are called "connection"."""
    from mwaa_dbt.profile import mapping
    from mwaa_dbt.settings import Snowflake

    made = mapping("project", Snowflake(**facts))
    if made.can_claim_connection():
        return []
    fields = made.profile
    return [name for name in made.required_fields if not (fields.get(name) and _value(made, name))] or ["connection"]


def _value(made: Any, name: str) -> Any:
    return made.get_dbt_value(name) if name in made.secret_fields else True


def _connect(connection: Any, one: dict[str, Any]) -> dict[str, Any]:
    known = {"snowflake": _snowflake, "slack": _slack}
    try:
        return {"ok": True, "text": known[one["connect"]](one)}
    except Exception as error:
        return {"ok": False, "text": _clean(str(error), connection)}


def _clean(text: str, connection: Any) -> str:
    """Return the first lines of an error without anything that is secret in a connection."""
    hidden = [connection.password, *(value for value in connection.extra_dejson.values() if isinstance(value, str))]
    for value in hidden:
        # A short one stands in too many places, and in extra it is no secret.
        if value and (value == connection.password or len(value) > 40):  # noqa: PLR2004
            text = text.replace(value, "…")
    return " ".join(text.split())[:400]


def _snowflake(one: dict[str, Any]) -> str:
    import snowflake.connector
    from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook

    facts = one["snowflake"] or {}
    # The hook's own parameters, with an end to its patience; it does not know `protocol`.
    found = SnowflakeHook(one["id"])._get_conn_params
    # A property in the provider of Airflow 3.0.6.
    arguments = dict(found() if callable(found) else found)
    arguments |= {"login_timeout": TIMEOUT, "network_timeout": TIMEOUT, "protocol": facts.get("protocol") or "https"}
    with snowflake.connector.connect(**arguments) as connection, connection.cursor() as cursor:
        cursor.execute(QUESTION)
        (row,) = cursor.fetchall()
    user, role, warehouse = row
    if not role or not warehouse:
        raise LookupError(
            f"{user} is logged in, but may not use role {facts['role']} or warehouse {facts['warehouse']}"
        )
    return f"{user}, role {role}, warehouse {warehouse}"


def _slack(one: dict[str, Any]) -> str:
    from airflow.providers.slack.hooks.slack import SlackHook

    answer = SlackHook(slack_conn_id=one["id"], timeout=TIMEOUT).client.auth_test()
    scopes = str(answer.headers.get("x-oauth-scopes") or "")
    if scopes and "chat:write" not in scopes.split(","):
        raise LookupError("the token has no scope chat:write, so it cannot post")
    return f"{answer.get('user', 'a bot')} in {answer.get('team', 'Slack')}"


if __name__ == "__main__":
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answered = main(json.load(sys.stdin))
    json.dump(answered, told)
    told.close()

"""Send a message to Slack: one call, five seconds at most, and a plain sentence if it does not get there."""

from __future__ import annotations

import logging
from typing import Any
from urllib.error import URLError

from mwaa_dbt.message import Message
from mwaa_dbt.settings import Slack

TIMEOUT = 5
OK = 200
WEBHOOK = "slackwebhook"
TOKEN = ("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type")
ADDRESS = ("no_service", "no_service_id", "no_team", "invalid_token", "team_disabled", "no_active_hooks")

log = logging.getLogger(__name__)


class UnsentError(Exception):
    """Tell why Slack has not taken a message, and what to do: no token and no address in it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")


def send(slack: Slack, message: Message, thread: str | None = None) -> str | None:
    """Send a message and return its time, by which another can answer it in a thread; a webhook tells none.

    Slack's client is imported here: with aiohttp it is more than half of what a DAG file would import, in every
    task's process. It neither retries nor logs, for it logs addresses, and a webhook's address is its secret.

    Raises:
        UnsentError: if Slack has not taken it.
    """
    try:
        if _type(slack) == WEBHOOK:
            _webhook(slack, message)
            return None
        return _bot(slack, message, thread)
    except UnsentError:
        raise
    except Exception as error:
        raise _cause(slack, error) from None


def _type(slack: Slack) -> str:
    from mwaa_dbt.airflow_sdk import BaseHook

    return str(BaseHook.get_connection(slack.connection).conn_type)


def _quiet() -> dict[str, Any]:
    return {"timeout": TIMEOUT, "retry_handlers": [], "logger": logging.Logger("slack", logging.CRITICAL + 1)}


def _bot(slack: Slack, message: Message, thread: str | None) -> str | None:
    from airflow.providers.slack.hooks.slack import SlackHook

    body = {"channel": slack.channel, "unfurl_links": False, "unfurl_media": False, **message}
    body |= {"thread_ts": thread} if thread else {}
    answer = SlackHook(slack_conn_id=slack.connection, **_quiet()).call("chat.postMessage", json=body)
    return str(answer.get("ts") or "") or None


def _webhook(slack: Slack, message: Message) -> None:
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    client = SlackWebhookHook(slack_webhook_conn_id=slack.connection, **_quiet()).client
    answer = client.send_dict({"unfurl_links": False, "unfurl_media": False, **message})
    if answer.status_code != OK:
        raise _refused(slack, str(answer.body).strip(), answer.status_code)


def _cause(slack: Slack, error: Exception) -> UnsentError:
    response: Any = getattr(error, "response", None)
    if response is not None:
        return _refused(slack, str(response.get("error") or ""), int(getattr(response, "status_code", 0) or 0))
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return UnsentError(
            f"Slack did not answer in {TIMEOUT} s", "look at status.slack.com and the way out (NAT, proxy)"
        )
    if isinstance(error, ImportError):
        return UnsentError("Slack's provider is missing", "add apache-airflow-providers-slack to requirements.txt")
    if type(error).__name__ == "AirflowNotFoundException":
        found = f"there is no Airflow connection {slack.connection!r} with a password"
        return UnsentError(found, "put it into Secrets Manager: `mwaa secrets push`")
    if isinstance(error, OSError) or type(error).__module__ == "http.client":
        return UnsentError(
            f"Slack cannot be reached ({type(reason).__name__})", "look at the way out (NAT, proxy, DNS)"
        )
    return UnsentError(f"it could not be sent ({place(error)})", "look at the connection's fields")


def _refused(slack: Slack, error: str, status: int) -> UnsentError:
    if error in TOKEN:
        return UnsentError(
            f"Slack does not accept the token of connection {slack.connection!r} ({error})",
            "put a valid bot token (xoxb-…) into Secrets Manager: `mwaa secrets push`",
        )
    if error in ADDRESS:
        return UnsentError(
            f"Slack knows no such webhook as in connection {slack.connection!r} ({error})",
            "make a new one in the Slack app and put its URL into Secrets Manager: `mwaa secrets push`",
        )
    fixes = {
        "channel_not_found": (
            f"Slack has no channel {slack.channel}, or it is private and the bot is not in it (channel_not_found)",
            "mend `channel` in settings.toml, or type `/invite @<the bot>` in that channel",
        ),
        "not_in_channel": (
            f"the bot is not in {slack.channel} (not_in_channel)",
            "type `/invite @<the bot>` in that channel, or give the Slack app the scope chat:write.public",
        ),
        "missing_scope": (
            "the token may not write messages (missing_scope)",
            "give the Slack app the scope chat:write and install it again",
        ),
        "is_archived": (f"{slack.channel} is archived (is_archived)", "name another `channel` in settings.toml"),
        "ratelimited": ("Slack takes no more messages for now (ratelimited)", "send fewer: leave `events` out"),
    }
    told = (
        f"Slack answered with HTTP {status}"
        if status and status != OK
        else f"Slack refused it ({error or 'no reason'})"
    )
    return UnsentError(*fixes.get(error, (told, "look at status.slack.com, then at docs/slack.md")))


def place(error: BaseException) -> str:
    """Return the kind of an error and where it was raised: its text might hold a secret."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f", {trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"

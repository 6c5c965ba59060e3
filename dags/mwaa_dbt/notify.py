"""Failures told in Slack."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import BaseNotifier

from mwaa_dbt.settings import runtime

log = logging.getLogger(__name__)

TEXT = (
    ":red_circle: *{{ dag.dag_id }}* failed in `{environment}`\n"
    "run `{{ run_id }}`{% if reason is defined %} · {{ reason }}{% endif %}"
)


class FailureNotifier(BaseNotifier):
    """Tell a failed run in Slack; never raise, so that the run's own error stays the one that is seen.

    Slack's client is imported when there is something to tell: with aiohttp it is more than half of what a DAG
    file would import, in every task's process.
    """

    template_fields = ("text",)

    def __init__(self, connection: str, channel: str, text: str) -> None:
        super().__init__()
        self.connection, self.channel, self.text = connection, channel, text

    def notify(self, context: Any) -> None:
        """Send the message, or log why it could not be sent."""
        try:
            from airflow.providers.slack.notifications.slack import SlackNotifier

            SlackNotifier(slack_conn_id=self.connection, channel=self.channel, text=self.text).notify(context)
        except Exception:
            log.exception("The failure could not be told in Slack channel %s.", self.channel)


def failure() -> FailureNotifier:
    """Return the callback for a DAG's `on_failure_callback`: one message per failed run."""
    here = runtime()
    slack = here.environment.slack
    return FailureNotifier(slack.connection, slack.channel, TEXT.replace("{environment}", here.name))

"""Failures told in Slack."""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.slack.notifications.slack import SlackNotifier

from mwaa_dbt.settings import runtime

log = logging.getLogger(__name__)

TEXT = (
    ":red_circle: *{{ dag.dag_id }}* failed in `{environment}`\n"
    "run `{{ run_id }}`{% if reason is defined %} · {{ reason }}{% endif %}"
)


class FailureNotifier(SlackNotifier):
    """Tell a failed run in Slack; never raise, so that the run's own error stays the one that is seen."""

    def notify(self, context: Any) -> None:
        """Send the message, or log why it could not be sent."""
        try:
            super().notify(context)
        except Exception:
            log.exception("The failure could not be told in Slack channel %s.", self.channel)


def failure() -> FailureNotifier:
    """Return the callback for a DAG's `on_failure_callback`: one message per failed run."""
    here = runtime()
    slack = here.environment.slack
    text = TEXT.replace("{environment}", here.name)
    return FailureNotifier(slack_conn_id=slack.connection, channel=slack.channel, text=text)

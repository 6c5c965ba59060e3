"""Runs told in Slack: one message per DAG run."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Literal

from mwaa_dbt import message
from mwaa_dbt.airflow_sdk import AIRFLOW_2
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.finish import TASK
from mwaa_dbt.message import Message, Run
from mwaa_dbt.post import TIMEOUT, WEBHOOK, UnsentError, place, send
from mwaa_dbt.settings import EVENTS, Event, Runtime, Slack, runtime
from mwaa_dbt.tables import suggestion

GREEN: tuple[Event, ...] = ("recovery", "warnings", "freshness")
MENTION = re.compile(r"(\s*<(!here|!channel|!everyone|@[UW]\w+|!subteam\^S\w+)>)*\s*")
LATE = "alerts(late=…) tells nothing with this Airflow: it has deadlines since 3.1."
NOTIFIER = "airflow.providers.slack.notifications"

log = logging.getLogger(__name__)


def alerts(
    channel: str | None = None,
    mention: str | None = None,
    events: Iterable[Event] | None = None,
    late: timedelta | None = None,
) -> dict[str, Any]:
    """Return what a DAG needs to tell its runs in Slack: `with DAG("x", …, **alerts()):`.

    What is left out is as settings.toml has it for the environment.

    Args:
        channel: another channel; a webhook's is Slack's own.
        mention: who is called when a run fails, as <!here>, <@U…> or <!subteam^S…>; "" calls nobody.
        events: what is told: failure, recovery, warnings, freshness, late.
        late: how long a run may take, from when it was queued (Airflow 3.1 or newer; before, the build warns of it).

    Raises:
        ProjectError: if an argument is of no use.
    """
    here = runtime()
    slack = _effective(here.environment.slack, channel, mention, events)
    told: dict[str, Any] = {}
    if "failure" in slack.events:
        told["on_failure_callback"] = Callback("failed", here, slack)
    if set(GREEN) & set(slack.events):
        told["on_success_callback"] = Callback("success", here, slack)
    if _useful(late) and "late" in slack.events:
        told |= _deadline(here, slack, late)
    return told


@dataclass(frozen=True)
class Callback:
    """What Airflow's DAG processor calls when a run has ended; it never raises.

    It is no BaseNotifier: those render their text as Jinja, and what dbt says may have braces in it.
    """

    outcome: Literal["failed", "success"]
    here: Runtime
    slack: Slack

    def __call__(self, context: Any) -> None:
        """Tell the run, or log why it could not be told."""
        dag, run = getattr(context.get("dag"), "dag_id", "?"), context.get("run_id", "?")
        try:
            self._tell(observe(context, self.here, self.slack))
        except UnsentError as error:
            log.error("Slack was not told of run %s of %s: %s", run, dag, error)
        except Exception as error:
            log.error("Slack was not told of run %s of %s: %s", run, dag, place(error))

    def _tell(self, run: Run) -> None:
        first = self._message(run)
        if first is None:
            return
        stamp = send(self.slack, first)
        more = message.details(run) if self.slack.thread and self.outcome == "failed" else None
        if more and stamp:
            send(self.slack, more, stamp)

    def _message(self, run: Run) -> Message | None:
        return message.failure(run) if self.outcome == "failed" else message.success(run, self.slack.events)


def observe(context: Any, here: Runtime, slack: Slack) -> Run:
    """Return what is known of the run; Airflow's context may lack the run itself, and a group its summary."""
    from mwaa_dbt import ended  # not for those who only parse

    dag, run = context["dag"], str(context["run_id"])
    date = getattr(context.get("dag_run"), "logical_date", None)
    return Run(
        dag=dag.dag_id,
        run=run,
        environment=here.name,
        date=date.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if date else None,
        reason=context.get("reason"),
        base_url=ended.base_url(),
        airflow=2 if AIRFLOW_2 else 3,
        mention=slack.mention,
        mwaa=here.environment.mwaa.name if here.environment.mwaa else None,
        release=_release(),
        summaries=_summaries(dag, run),
        states=ended.states(dag.dag_id, run),
    )


def _summaries(dag: Any, run: str) -> list[dict[str, Any]]:
    from mwaa_dbt import ended

    found = []
    for task in dag.task_ids:
        if task.rsplit(".", 1)[-1] == TASK:
            # A group that could not tell must not silence the others.
            with suppress(Exception):
                found.append(ended.summary(dag.dag_id, task, run))
    return [one for one in found if isinstance(one, dict)]


def _release() -> str | None:
    from mwaa_dbt.project import RELEASE

    return RELEASE.name if (RELEASE / "release.json").is_file() else None


def _effective(slack: Slack, channel: Any, mention: Any, events: Any) -> Slack:
    for name, value in (("channel", channel), ("mention", mention)):
        if value is not None and not isinstance(value, str):
            raise _wrong(f"{name} is {value!r}, which is no text.", name, f"write {name}='…'")
    if channel is not None and slack.type == WEBHOOK:
        raise _wrong(
            "A webhook's channel is chosen in Slack.", "channel", "leave it out, or use a connection per channel"
        )
    chosen = slack.mention if mention is None else mention
    if chosen and not MENTION.fullmatch(chosen):
        what, fix = f"mention {chosen!r} calls nobody.", "write <!here>, <@U…> or <!subteam^S…>"
        raise (
            ProjectError(what, "settings.toml, slack.mention", fix) if mention is None else _wrong(what, "mention", fix)
        )
    return slack._replace(channel=channel or slack.channel, mention=chosen or None, events=_events(slack, events))


def _events(slack: Slack, events: Any) -> tuple[Event, ...]:
    if events is None:
        return slack.events
    if isinstance(events, str) or not isinstance(events, Iterable):
        raise _wrong(f"events is {events!r}, which is no list.", "events", "write events=['failure', …]")
    chosen = tuple(events)
    for event in chosen:
        if event not in EVENTS:
            hint = suggestion(str(event), list(EVENTS))
            raise _wrong(f"There is no event {event!r}.{hint}", "events", f"use some of: {', '.join(EVENTS)}")
    return chosen


def _useful(late: Any) -> bool:
    if late is not None and not (isinstance(late, timedelta) and late > timedelta(0)):
        raise _wrong(f"late is {late!r}, which is no time that passes.", "late", "write late=timedelta(hours=2)")
    return late is not None


def _wrong(what: str, argument: str, fix: str) -> ProjectError:
    return ProjectError(what, f"the DAG file that calls alerts({argument}=…)", fix)


def _deadline(here: Runtime, slack: Slack, late: Any) -> dict[str, Any]:
    try:
        from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]
    except ImportError:
        # Python shows such a warning to nobody but the build, which asks for it: each parse would repeat it.
        warnings.warn(LATE, ImportWarning, stacklevel=3)
        return {}
    from mwaa_dbt import ended

    text = message.late(Run("", "", here.name, mention=slack.mention, base_url=ended.base_url()), str(late))
    told: dict[str, Any] = {"text": text, "timeout": TIMEOUT, "retry_handlers": []}
    if slack.type == WEBHOOK:
        path = f"{NOTIFIER}.slack_webhook.SlackWebhookNotifier"
        told |= {"slack_webhook_conn_id": slack.connection}
    else:
        path = f"{NOTIFIER}.slack.SlackNotifier"
        told |= {"slack_conn_id": slack.connection, "channel": slack.channel, "unfurl_links": False}
    # The triggerer imports the callback, where this package is not. The constructor imports it here, too (Airflow 3.2),
    # which would cost each parse Slack's client.
    callback = AsyncCallback.__new__(AsyncCallback)
    callback.path, callback.kwargs = path, told
    return {"deadline": DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=late, callback=callback)}

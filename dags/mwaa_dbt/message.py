"""What Slack is told of a DAG run: from summary and states to blocks, without Airflow and without a network."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from mwaa_dbt.blocks import clip, code, context, escape, fence, header, link, section
from mwaa_dbt.problems import node_name
from mwaa_dbt.states import FAILED

OTHERS, LISTED = 5, 10  # names after the first failing one; warnings in one message
LINES = 3  # of dbt's own error
REHEARSAL = "local"
GRID = 2  # the major version of Airflow whose UI has one page for a DAG, the grid
# Airflow's reasons that a message tells by being sent.
PLAIN = ("task_failure", "success")
# In this order; what else a task or node may be is told after them.
STATES = ("failed", *FAILED, "upstream_failed", "warn", "skipped", "success", "pass")

type Item = Mapping[str, Any]
type Message = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What is known of a DAG run that has ended.

    `summaries` are what the dbt groups left (fewer, if one could not), `states` the tasks' states (empty if unknown),
    `mwaa` is the name of the MWAA environment, `base_url` the address of Airflow's UI, whose links are those of the
    major version `airflow`.
    """

    dag: str
    run: str
    environment: str
    date: str | None = None
    reason: str | None = None
    base_url: str = ""
    airflow: int = 3
    mention: str | None = None
    mwaa: str | None = None
    release: str | None = None
    summaries: Sequence[Item] = ()
    states: Mapping[str, str | None] = field(default_factory=dict)

    @cached_property
    def problems(self) -> list[Item]:
        """The nodes that failed, the first first; at most twenty of a group."""
        return self.told("problems")

    @property
    def failed(self) -> int:
        """How many nodes failed."""
        return max(len(self.problems), sum(int(one.get("failed") or 0) for one in self.summaries))

    @property
    def red(self) -> int:
        """How many runs before this one failed in a row."""
        return max((int(one.get("red") or 0) for one in self.summaries), default=0)

    def told(self, what: str) -> list[Item]:
        """Return what the groups tell under this name, one after the other."""
        return [item for one in self.summaries for item in one.get(what) or ()]

    def stale(self, *statuses: str) -> list[Item]:
        """Return the sources that are older than they may be."""
        return [item for item in self.told("stale") if item.get("status") in statuses]

    @property
    def other_tasks(self) -> list[str]:
        """The tasks that failed, without those of which dbt itself has told more."""
        groups = tuple(f"{one.get('group')}." for one in self.summaries if one.get("problems") or one.get("stale"))
        return [task for task, state in self.states.items() if state == "failed" and not task.startswith(groups)]

    def url(self, task: str = "", attempt: int = 0) -> str:
        """Return the address of the run in Airflow's UI, or of a task's log."""
        if not self.base_url:
            return ""
        if self.airflow == GRID:
            query = {"dag_run_id": self.run, **({"task_id": task, "tab": "logs"} if task else {})}
            return f"{self.base_url.rstrip('/')}/dags/{quote(self.dag)}/grid?{urlencode(query, quote_via=quote)}"
        parts = [self.base_url.rstrip("/"), "dags", quote(self.dag), "runs", quote(self.run, safe="")]
        parts += ["tasks", quote(task)] if task else []
        return "/".join(parts) + (f"?try_number={attempt}" if task and attempt else "")


def failure(run: Run) -> Message:
    """Return the message of a failed run; it has one size, whether one node failed or two hundred."""
    title = f"{run.dag} failed in {run.environment}"
    blocks = [header(f":red_circle: {title}"), section(run.mention or "", _heading(run), _count(run))]
    blocks += [section(*_full(run, item)) for item in run.problems[:1]]
    blocks += [section(*lines) for lines in (_others(run), _stale(run), _lost(run), _tasks(run)) if lines]
    blocks += [section(line) for line in _rerun(run)]
    return {"text": escape(f"{title}{_short(run)}"), "blocks": [*blocks, *context(_origin(run))]}


def details(run: Run) -> Message | None:
    """Return all failing nodes that are told, for the thread of the first message; None if that has said it all."""
    if not run.problems[1:]:
        return None
    blocks = [section(*_full(run, item)) for item in run.problems]
    more = run.failed - len(blocks)
    blocks += context([f"… and {more} more"]) if more > 0 else []
    return {"text": escape(f"{len(run.problems)} failing nodes of {run.dag}"), "blocks": blocks[:50]}


def success(run: Run, events: Iterable[str]) -> Message | None:
    """Return the one message of a green run: recovery, warnings and stale sources; None if there is nothing to tell."""
    lines, wanted = [], set(events)
    if "recovery" in wanted and run.red:
        lines.append(
            (f":large_green_circle: *{escape(run.dag)}* is green again in {code(run.environment)}", _after(run))
        )
    if "warnings" in wanted and (found := run.told("warnings")):
        lines.append(
            (f":warning: *{escape(run.dag)}* in {code(run.environment)}: {_number(found, 'warning')}", _list(found))
        )
    if "freshness" in wanted and (found := run.stale("warn", *FAILED)):
        told = f":hourglass: *{escape(run.dag)}* in {code(run.environment)}: {_number(found, 'stale source')}"
        lines.append((told, _list(found)))
    if not lines:
        return None
    blocks = [section(*both) for both in lines] + context([_heading(run), *_origin(run)])
    return {"text": "; ".join(title for title, _ in lines), "blocks": blocks}


def late(run: Run, after: str) -> str:
    """Return the text of a run that takes too long; Airflow fills in the run when it is late."""
    where = (
        run.base_url
        and f"{run.base_url.rstrip('/')}/dags/{{{{ dag_run.dag_id }}}}/runs/{{{{ dag_run.dag_run_id | urlencode }}}}"
    )
    name = "{{ dag_run.dag_run_id }}"
    shown = f"<{where}|{name}>" if where else f"`{name}`"
    title = f":alarm_clock: *{{{{ dag_run.dag_id }}}}* is late in {code(run.environment)}"
    return " ".join(filter(None, (title, run.mention))) + f"\n{shown} has not ended {after} after it was queued"


def _heading(run: Run) -> str:
    known = [f"run {link(run.url(), clip(run.run, 100))}", run.date and escape(run.date)]
    known += [code(run.reason)] if run.reason and run.reason not in PLAIN else []
    return " · ".join(filter(None, known))


def _count(run: Run) -> str:
    tasks = Counter(state for state in run.states.values() if state)
    if tasks:
        return f"tasks: {_counted(tasks)}"
    nodes: Counter[str] = Counter()
    for one in run.summaries:
        nodes.update(one.get("counts") or {})
    return f"nodes: {_counted(nodes)}" if nodes else ""


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts, key=lambda state: (STATES.index(state) if state in STATES else len(STATES), state))
    return ", ".join(f"{counts[state]} {escape(state)}" for state in ordered)


def _place(item: Item) -> str:
    line = item.get("line")
    return f"{item.get('file', '')}:{line}" if line else str(item.get("file", ""))


def _full(run: Run, item: Item) -> Iterator[str]:
    attempt = int(item.get("try") or 0)
    parts = [
        f"*{escape(clip(node_name(str(item.get('node', ''))), 150))}*",
        code(_place(item)) if item.get("file") else "",
    ]
    parts += [f"try {attempt}" if attempt > 1 else ""]
    log = run.url(str(item["task"]), attempt) if item.get("task") else ""
    yield " · ".join(filter(None, (*parts, link(log, "log") if log else "")))
    words = list(item.get("message") or [item.get("status", "")])[:LINES]
    excerpt = list(item.get("excerpt") or ())
    yield fence([*words, "", *excerpt] if excerpt else words)


def _others(run: Run) -> list[str]:
    names = [code(node_name(str(item.get("node", "")))) for item in run.problems[1 : 1 + OTHERS]]
    more = run.failed - 1 - len(names)
    if not names:
        return []
    return [f"Also failed: {', '.join(names)}" + (f" … and {more} more" if more > 0 else "")]


def _stale(run: Run) -> list[str]:
    found = run.stale(*FAILED)
    return [f":hourglass: {_number(found, 'stale source')}", _list(found)] if found else []


def _lost(run: Run) -> list[str]:
    lines = [str(line) for line in run.told("errors")]
    return ["dbt itself failed", fence(lines[:LINES])] if lines and not run.problems else []


def _tasks(run: Run) -> list[str]:
    tasks = run.other_tasks
    if not tasks:
        return []
    names = [link(run.url(task), clip(task, 150)) for task in tasks[:OTHERS]]
    more = len(tasks) - len(names)
    return [f"Failed tasks: {', '.join(names)}" + (f" … and {more} more" if more else "")]


def _rerun(run: Run) -> Iterator[str]:
    if not run.problems:
        return
    selection = _selection(run)
    selected = f" --select {shlex.quote(selection)}" if selection else ""
    if run.environment == REHEARSAL:
        yield f"Rerun: {code(f'mwaa local run {run.dag}{selected}', 400)}"
    elif run.mwaa:
        yield f"Rerun:\n{fence([f'mwaa trigger {run.dag} --env {run.environment} --wait{selected}'])}"
    else:
        yield f"Rerun: trigger it in Airflow's UI{f' with select {code(selection)}' if selection else ''}"


def _selection(run: Run) -> str:
    """Return what failed, with what waits for it; nothing if that is too much to name."""
    if run.failed > 1 + OTHERS:
        return ""
    named = [str(item.get("command", "")).partition(" --select ")[2] for item in run.problems]
    return " ".join(dict.fromkeys(f"{name.removesuffix('+')}+" for name in named)) if all(named) else ""


def _after(run: Run) -> str:
    return f"after {_number(range(run.red), 'red run')}"


def _number(items: Sequence[Any], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _list(items: Sequence[Item]) -> str:
    lines = []
    for item in items[:LISTED]:
        words = " ".join(str(line) for line in list(item.get("message") or ())[:2])
        name = code(node_name(str(item.get("node", ""))), 100)
        lines.append(f"• {name} {escape(clip(words, 100))}".rstrip())
    more = len(items) - len(lines)
    return "\n".join([*lines, *([f"… and {more} more"] if more else [])])


def _origin(run: Run) -> list[str]:
    releases = dict.fromkeys(str(one["release"])[:12] for one in run.summaries if one.get("release"))
    revisions = dict.fromkeys(str(one["git"])[:7] for one in run.summaries if one.get("git"))
    known = [f"release {code(name)}" for name in releases or ([run.release[:12]] if run.release else [])]
    return [*known, *(f"git {code(name)}" for name in revisions)]


def _short(run: Run) -> str:
    if run.problems:
        first = run.problems[0]
        words = " ".join(str(line) for line in list(first.get("message") or ())[:2])
        more = f" (and {run.failed - 1} more)" if run.failed > 1 else ""
        return clip(f": {node_name(str(first.get('node', '')))}{more}: {words}", 300)
    return clip(f": {', '.join(run.other_tasks)}", 300) if run.other_tasks else ""

"""Airflow's own command line in tasks, and its REST API."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source, text_of

CLI = Rule("airflow-command", "breaks", "an `airflow …` command in a task, which needs the database")
API = Rule("rest-api", "breaks", "a call of REST API v1, which is gone")
# At the beginning of a command, with what needs no database left out.
WORDS = (
    "assets|backfill|celery|connections|dags|datasets|db|jobs|pools|roles|rotate-fernet-key|sync-perm|tasks|triggerer"
    "|users|variables|trigger_dag|list_dags|list_tasks|list_dag_runs|clear|run|pause|unpause|delete_dag|dag_state"
    "|task_state|resetdb|initdb|upgradedb|create_user"
)
COMMAND = re.compile(rf"(?:^|[;&|(`]|\bsudo|\bexec|\bthen|\bdo|=)\s*(?:\S*/)?airflow\s+({WORDS})\b", re.MULTILINE)
PATHS = (
    "config|connections|dags|dagSources|dagStats|dagWarnings|datasets|eventLogs|health|importErrors|permissions|plugins"
    "|pools|providers|roles|users|variables|version|xcomEntries"
)
V1 = re.compile(rf"/api/(?:v1/(?:{PATHS})\b|experimental/)")
LOGIN = re.compile(r"(?<!pluginsv2)/aws_mwaa/(?:login|aws-console-sso)\b")
BODY = re.compile(r"/dagRuns$")


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield texts that hold such a command or address."""
    if not move.crosses:
        return
    for text, line in _texts(source):
        for found in COMMAND.finditer(text):
            what = f"`{found[0].strip(' ;&|(`=')}` needs Airflow's database, which no task reaches"
            fix = "use Airflow's REST API (InvokeRestApi), TriggerDagRunOperator, or `mwaa airflow` from outside"
            yield source.finding(_at(line, text, found), CLI, what, fix)
        for found in V1.finditer(text):
            what = f"{found[0]}: Airflow 3 answers at /api/v2, with other fields (logical_date for execution_date)"
            yield source.finding(
                _at(line, text, found), API, what, "write it for /api/v2, with a token instead of basic auth"
            )
        for found in LOGIN.finditer(text):
            what = f"{found[0]} is /pluginsv2{found[0]} in Airflow 3, and its answer a token instead of a session"
            yield source.finding(_at(line, text, found), API, what, "ask there, and send the token as Bearer")


def _texts(source: Source) -> Iterator[tuple[str, int]]:
    if not source.tree:
        yield source.text, 1
        return
    said = {id(node.value) for node, _ in source.nodes if isinstance(node, ast.Expr)}
    for node, _ in source.nodes:
        if (text := text_of(node)) is not None and id(node) not in said:
            yield text, int(getattr(node, "lineno", 0))
        elif isinstance(node, ast.List) and (words := [text_of(one) for one in node.elts]) and words[0] == "airflow":
            yield " ".join(word or "" for word in words), node.lineno


def _at(line: int, text: str, found: re.Match[str]) -> int:
    return line + text[: found.start()].count("\n")

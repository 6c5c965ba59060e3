"""Variables and connections that are asked for while a file is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source

LOOKUP = Rule("parse-lookup", "deprecated", "a variable or connection, asked for at each parse of the file")
ASKED = re.compile(
    r"airflow\.(models(\.variable)?|sdk)\.Variable\.get"
    r"|airflow\.(models(\.connection)?|sdk)\.Connection\.(get|get_connection_from_secrets)"
    r"|airflow\.(hooks\.base|hooks\.base_hook|sdk|sdk\.bases\.hook)\.BaseHook\.(get_connection|get_connections|get_hook)"
)


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield what is asked for outside of any task."""
    for call, owner in source.calls:
        name = source.dotted(call.func)
        if owner is None and ASKED.fullmatch(name):
            short = ".".join(name.split(".")[-2:])
            what = f"{short} runs at every parse, in Airflow 3 as a request to the API server, in each task, too"
            yield source.finding(call, LOOKUP, what, "ask for it in the task, or by a template: {{ var.value.… }}")

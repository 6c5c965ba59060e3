"""What Airflow's UI shows of a DAG and its tasks, out of what the build has written of each node.

Only where the whole DAG is made to be shown: the process of a task needs none of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mwaa_dbt.airflow_sdk import AIRFLOW_3_0, BaseOperator, get_parsing_context
from mwaa_dbt.nodes import Selection
from mwaa_dbt.project import Unpacked

FILE = "target/descriptions.json"
# Where plugins/docs.py shows dbt's own page.
PAGES = "/dbt-docs"
# Characters of a group's long texts: beyond it Airflow would store and send megabytes, and each node gets a line.
MOST = 300_000


class Texts(NamedTuple):
    """The two texts of a node; the short one is a line."""

    short: str
    long: str


def describe(release: Unpacked, tasks: Mapping[str, Sequence[BaseOperator]]) -> None:
    """Give the first task of each node its text; nothing in the process of a task."""
    file = release.folder / FILE
    if get_parsing_context().task_id or not file.is_file():
        return
    written = json.loads(file.read_bytes())
    texts = {name: Texts(*written[name]) for name in tasks if name in written}
    whole = sum(len(text.long) for text in texts.values()) <= MOST
    for name, text in texts.items():
        tasks[name][0].doc_md = f"{text.long if whole else text.short}\n\n{_link(release.name, name)}".strip()


def summary(release: Unpacked, selection: Selection) -> str:
    """Return a line on what a group builds."""
    counts = Counter(str(node.resource_type.value) for node in selection.built.values())
    counts["test"] = sum(map(len, selection.tests.values())) + len(selection.others)
    told = ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items() if count)
    name = f"`{release.name}`" if AIRFLOW_3_0 else f"[{release.name}]({PAGES}/{release.name})"
    return f"dbt project {name}: {told}."


def _link(project: str, name: str) -> str:
    # A browser shows Airflow 3.0 who it is in no page but Airflow's own.
    return "" if AIRFLOW_3_0 else f"[dbt docs]({PAGES}/{project}#!/{name.split('.', maxsplit=1)[0]}/{name})"

"""DAGs that hang together by assets (Airflow 2: datasets), which move together: an event stays on its side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from scripts.airflow.rest import Airflow


def read_feeds(airflow: Airflow) -> dict[str, set[str]]:
    """Return each DAG that an asset starts, with the DAGs whose tasks make that asset."""
    kind = "datasets" if airflow.is_2 else "assets"
    feeds: dict[str, set[str]] = defaultdict(set)
    for asset in airflow.pages(kind, kind):
        # Airflow 3.0 calls them as Airflow 2 did.
        started = asset.get("scheduled_dags") or asset.get("consuming_dags") or ()
        makers = {str(task["dag_id"]) for task in asset.get("producing_tasks") or ()}
        for dag in started:
            feeds[str(dag["dag_id"])] |= makers
    return {dag: makers - {dag} for dag, makers in feeds.items() if makers - {dag}}


def units(dags: Iterable[str], feeds: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the DAGs in sets that hang together, in each those first whose assets the others wait for."""
    left, found = sorted(set(dags)), list[list[str]]()
    while left:
        together = _around(left[0], feeds) & {*left}
        found.append(_ordered(together, feeds))
        left = [dag for dag in left if dag not in together]
    return found


def neighbours(dag: str, feeds: Mapping[str, set[str]]) -> set[str]:
    """Return the DAGs that one hangs together with, at whatever distance."""
    return _around(dag, feeds) - {dag}


def _around(dag: str, feeds: Mapping[str, set[str]]) -> set[str]:
    found, new = set[str](), {dag}
    while new:
        found |= new
        new = {near for one in new for near in _next_to(one, feeds)} - found
    return found


def _next_to(dag: str, feeds: Mapping[str, set[str]]) -> set[str]:
    return feeds.get(dag, set()) | {other for other, makers in feeds.items() if dag in makers}


def _ordered(dags: set[str], feeds: Mapping[str, set[str]]) -> list[str]:
    try:
        return list(
            TopologicalSorter({dag: sorted(feeds.get(dag, set()) & dags) for dag in sorted(dags)}).static_order()
        )
    except CycleError:
        return sorted(dags)

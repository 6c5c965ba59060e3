"""How long dbt took, in lines that CloudWatch's log queries read (infra/monitoring.yaml has them on its dashboard)."""

from __future__ import annotations

from collections.abc import Iterator

from mwaa_dbt.history import About
from mwaa_dbt.results import Merged

SLOWEST = 10  # nodes of a run that get a line; `mwaa history` has all


def lines(about: About, merged: Merged) -> Iterator[str]:
    """Yield a line of the run, then one of each of its slowest nodes, the slowest first.

    Plain words and no quotes, so that a query finds them in a log of text as in one of JSON.
    """
    run = f"dag={about.dag} group={about.group} run={about.run} release={about.release}"
    yield f"dbt_run {run} state={merged.state} nodes={len(merged.nodes)} seconds={about.seconds:.1f}"
    for one in sorted(merged.nodes.values(), key=lambda node: -node.seconds)[:SLOWEST]:
        status, tries = one.status.replace(" ", "_"), merged.tries.get(one.node, 0)
        yield f"dbt_node {run} node={one.node} status={status} tries={tries} seconds={one.seconds}"

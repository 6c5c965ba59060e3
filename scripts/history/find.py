"""Which node or run a person means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.history.model import Node, Run
from scripts.history.text import short


@dataclass(frozen=True)
class NodeRun:
    """A node in one run."""

    run: Run
    node: Node
    error: str | None


@dataclass(frozen=True)
class NodeHistory:
    """A node in all its runs, newest first, and its groups whose newest run is without it."""

    id: str
    runs: list[NodeRun]
    missing: list[Run]


def node_history(name: str, runs: Sequence[Run], everything: Callable[[], Sequence[Run]]) -> NodeHistory:
    """Return the history of the node with this name.

    Args:
        name: unique id, name as dbt shows it, or its last part.
        runs: newest first.
        everything: gives the runs outside the window, too; asked only if no run has the node.

    Raises:
        ProjectError: if there is no such node, or more than one.
    """
    node = _known(_matches(name, _nodes(runs)), name) or _elsewhere(name, everything())
    own = [NodeRun(run, run.nodes[node], run.errors.get(node)) for run in runs if node in run.nodes]
    newest: dict[tuple[str, str], Run] = {}
    for run in runs:
        newest.setdefault((run.dag, run.group), run)
    seen = {(one.run.dag, one.run.group) for one in own}
    return NodeHistory(node, own, [run for place, run in newest.items() if place in seen and node not in run.nodes])


def _nodes(runs: Iterable[Run]) -> Mapping[str, None]:
    return dict.fromkeys(name for run in runs for name in run.nodes)


def _matches(name: str, nodes: Iterable[str]) -> list[str]:
    """Return the nodes with this id, else those with this name, else those whose name ends in it or begins with it."""
    known = {node: short(node) for node in nodes}
    if name in known:
        return [name]
    exact = [node for node, own in known.items() if own == name]
    # The table of a source, a unit test of a model; a versioned model without its version.
    return exact or [node for node, own in known.items() if name in (own.split(".")[-1], own.split(".v")[0])]


def _known(found: Sequence[str], name: str) -> str | None:
    if len(found) > 1:
        raise ProjectError(f"{name!r} may be {_listed(found)}.", "--node", "give one of these ids")
    return found[0] if found else None


def _listed(nodes: Sequence[str], most: int = 5) -> str:
    more = f" or one of {len(nodes) - most} more" if len(nodes) > most else ""
    return " or ".join(sorted(nodes)[:most]) + more


def _elsewhere(name: str, runs: Sequence[Run]) -> str:
    nodes = _nodes(runs)
    if node := _known(_matches(name, nodes), name):
        last = next(run.at for run in runs if node in run.nodes)
        raise ProjectError(
            f"No run in this time has {node}; the last one was at {last:%Y-%m-%d %H:%M} (UTC).",
            "--node, --since, --until",
            f"add `--since {last:%Y-%m-%d}`, without --until",
        )
    words = [name for node in nodes for name in (short(node), node)]
    raise ProjectError(
        f"No run has a node {name!r}.{suggestion(name, words)}",
        "--node",
        "give its name as dbt shows it, or its unique id",
    )


def find_run(name: str, runs: Sequence[Run], everything: Callable[[], Sequence[Run]]) -> list[Run]:
    """Return the groups of the DAG run with this id, or whose id alone has this text in it.

    Args:
        name: the run's id, or a part of it.
        runs: newest first.
        everything: gives the runs outside the window, too; asked only if these have none.

    Raises:
        ProjectError: if there is no such run, or more than one.
    """
    if found := _named(name, runs):
        return found
    known = everything()
    if found := _named(name, known):
        return found
    ids = list(dict.fromkeys(run.run for run in known))
    raise ProjectError(
        f"There is no run {name!r}.{suggestion(name, ids)}", "--run", "give a run id as `mwaa history --json` has it"
    )


def _named(name: str, runs: Sequence[Run]) -> list[Run]:
    exact = [run for run in runs if run.run == name]
    if exact:
        return exact
    part = [run for run in runs if name in run.run]
    ids = sorted({run.run for run in part})
    if len(ids) > 1:
        raise ProjectError(f"{name!r} may be {_listed(ids)}.", "--run", "give one of these ids")
    return part

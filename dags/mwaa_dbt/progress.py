"""What one running dbt has done so far, told task by task: one message when all that a task stands for has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mwaa_dbt.states import FAILED, PASSED, SKIPPED

# dbt says "partial success" of a microbatch model of which some batches failed; Cosmos 1.15.1 waits for ever for such.
ENDED = (*PASSED, *FAILED, "partial success", SKIPPED)
# A node that dbt did not build because one before it failed is no node that was not asked for (Cosmos #2698).
BLOCKED = ("SkippingDetails", "LogSkipBecauseError")

# Said of each batch of a microbatch model with the model's own id: a first batch that went well is no model that did.
BATCHES = ("LogBatchResult", "NodeFinished")


@dataclass(frozen=True)
class End:
    """How a node ended: dbt's status, "blocked" if one before it failed."""

    node: str
    status: str

    @property
    def blocked(self) -> bool:
        """Whether dbt left it out because one before it failed."""
        return self.status == "blocked"

    @property
    def failed(self) -> bool:
        """Whether what depends on it must not run."""
        return self.status not in (*PASSED, SKIPPED)


@dataclass
class Progress:
    """The ends of nodes, read from dbt's JSON log, and which tasks have ended with them.

    Args:
        tasks: what each task stands for: by any name, the unique ids of its nodes and tests. A node that no task
            stands for is of no interest.
    """

    tasks: Mapping[str, tuple[str, ...]]
    _ends: dict[str, End] = field(default_factory=dict)
    _of: dict[str, list[str]] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task, members in self.tasks.items():
            self._open[task] = len(members)
            for member in members:
                self._of.setdefault(member, []).append(task)

    def read(self, event: Mapping[str, Any]) -> End | None:
        """Return the end of a node, if the event is the first to tell it."""
        info = (event.get("data") or {}).get("node_info") or {}
        node, status = info.get("unique_id"), info.get("node_status")
        if not node or status not in ENDED or node in self._ends or event["info"].get("name") in BATCHES:
            return None
        blocked = status == SKIPPED and event["info"].get("name") in BLOCKED
        self._ends[node] = End(str(node), "blocked" if blocked else str(status))
        return self._ends[node]

    def closed(self, node: str) -> Iterator[tuple[str, list[End]]]:
        """Yield the tasks that have ended with this node, and the ends of all they stand for."""
        for task in self._of.get(node, ()):
            self._open[task] -= 1
            if not self._open[task]:
                yield task, [self._ends[member] for member in self.tasks[task]]

    def rest(self) -> Iterator[tuple[str, list[End]]]:
        """Yield the tasks that have begun to end, when dbt has ended: it leaves out what the group excludes."""
        for task, members in self.tasks.items():
            if 0 < self._open[task] < len(members):
                yield task, [self._ends[member] for member in members if member in self._ends]

    def failed(self, nodes: Iterable[str]) -> bool:
        """Say whether one of these has failed so far."""
        return any(node in self._ends and self._ends[node].failed for node in nodes)


def verdict(ends: list[End]) -> str:
    """Return one status for several: Cosmos' words, which its own trigger reads."""
    if any(end.failed for end in ends):
        return "error"
    return SKIPPED if ends and all(end.status == SKIPPED for end in ends) else "success"

"""The metrics of MWAA that are documented, for alarms and dashboards that would be silent about others."""

from __future__ import annotations

from collections.abc import Mapping

# The names of metrics and of their dimensions beside Environment (MWAA user guide, access-metrics-cw and
# accessing-metrics-cw-container-queue-db; the dimensions of a database from its console).
KNOWN = {
    "AmazonMWAA": {
        "Function": {
            *("SchedulerHeartbeat", "TriggererHeartbeat", "TriggerHeartbeat", "TotalParseTime", "ProcessorTimeouts"),
            *("ImportErrors", "DAGFileRefreshError", "RunningTasks", "QueuedTasks", "OpenSlots"),
            "TasksKilledExternally",
        },
        "DAG Task": {"TaskInstanceFailures", "TaskInstanceSuccesses", "ZombiesKilled"},
    },
    "AWS/MWAA": {
        "": {"ApproximateAgeOfOldestTask"},
        "Cluster": {"CPUUtilization", "MemoryUtilization"},
        "DatabaseRole": {"CPUUtilization", "FreeableMemory", "DatabaseConnections"},
    },
}


def is_known(namespace: str, name: str, dimensions: Mapping[str, str]) -> bool:
    """Say whether MWAA documents a metric with these dimensions besides Environment."""
    return name in KNOWN[namespace].get(" ".join(dimensions), set())

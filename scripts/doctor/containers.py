"""What the environment's containers said when they started, since its last update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, ok, skipped, warning
from scripts.env import containers
from scripts.env.containers import REQUIREMENTS, Fault

WELL = ("ready", "skipped")
MEND = {
    REQUIREMENTS: "mend requirements.txt (docs/locks.md), then `mwaa build` and `mwaa deploy`",
    containers.STARTUP: "docs/troubleshooting.md, what startup.sh says; then `mwaa build` and `mwaa deploy`",
}


def blocked(cloud: Cloud) -> Finding | None:
    """Return why there are no containers to look at."""
    return skipped(f"not looked at: {cloud.no_environment}") if cloud.no_environment else None


def _since(cloud: Cloud) -> datetime:
    found = cloud.environment
    since: datetime = found.get("LastUpdate", {}).get("CreatedAt") or found["CreatedAt"]
    return since


def _faults(cloud: Cloud) -> Iterator[Finding]:
    found: dict[str, list[Fault]] = {}
    for fault in containers.faults(cloud.logs, str(cloud.environment["Name"]), _since(cloud)):
        found.setdefault(fault.text, []).append(fault)
    for text, faults in found.items():
        groups = ", ".join(sorted({fault.group.rpartition("-")[2] for fault in faults}))
        first = min(faults)
        kind = next((key for key in MEND if first.stream.startswith(key)), containers.STARTUP)
        yield error(f"{groups}: {text} ({first.at:%Y-%m-%d %H:%M} UTC, stream {first.stream})", MEND[kind])
    if not found:
        yield ok(f"no pip and no startup.sh has failed since {_since(cloud):%Y-%m-%d %H:%M} UTC")


def _statuses(cloud: Cloud) -> Iterator[Finding]:
    found = containers.statuses(cloud.logs, str(cloud.environment["Name"]), _since(cloud))
    if found:
        words = {name: Counter(status.split()[0].rstrip(":") for status in said) for name, said in found.items()}
        told = [
            f"{word} in {counts[word]} container{'s' * (counts[word] > 1)} ({name})"
            for name, counts in words.items()
            for word in WELL
            if counts[word]
        ]
        yield ok(f"startup.sh: {', '.join(told) or 'see above'}")
    else:
        what = "no container has said how its startup.sh ended"
        yield warning(what, "see that Worker and Scheduler logs are on, and that the environment has the startup.sh")


CHECKS = (_faults, _statuses)

"""What a container says when it starts, in CloudWatch's logs as MWAA writes it."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.aws.logs import Logs
from scripts.env.containers import group

# The rehearsal's one container is scheduler and worker, and MWAA's of that kind writes to this group (MWAA user
# guide, using-startup-script).
COMPONENT = "Worker"


class Streams:
    """The log group of a container that starts.

    Args:
        logs: the region's log groups.
        wanted: the environment, as GetEnvironment describes it.
    """

    def __init__(self, logs: Logs, wanted: Mapping[str, Any]) -> None:
        self._logs, self._group = logs, group(str(wanted["Name"]), COMPONENT)
        self._enabled = bool(wanted["LoggingConfiguration"][f"{COMPONENT}Logs"]["Enabled"])
        # MWAA's streams are called by kind, container and second; here, one host has all containers.
        self._name = f"{socket.gethostname()}_{time.time_ns() // 1_000_000}.log"

    def tell(self, kind: str, texts: Sequence[str]) -> None:
        """Write what was said, e.g. of kind requirements_install; nothing if the environment's logs are off."""
        if self._enabled and texts:
            self._logs.write(self._group, f"{kind}_{self._name}", texts)

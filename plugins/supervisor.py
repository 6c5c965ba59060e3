"""Free a task's slot when its process ends, and ask the API server for no more than that needs.

Airflow's supervisor of a task sleeps until one of the process's sockets wakes it. If the last one was closed just
before the process ended, nothing does, and the slot is held for up to workers.min_heartbeat_interval more. And it sends
a heartbeat right after it has told that the task has begun (docs/upstream/supervisor-exit.md). With a version of
Airflow 3 that was not tried nothing is changed; Airflow 2 has no such supervisor.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow import __version__
from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

# As in scripts/options.py, which shortens the heartbeat's interval for the others; tests/plugins pins how these behave.
TRIED = ("3.0.6", "3.2.1", "3.3.1")
LOOK = 0.05  # seconds between two looks at a process without sockets

log = logging.getLogger(__name__)


def sparing(service: Callable[..., Any]) -> Callable[..., Any]:
    """Return the wait for what a process does: a short one if only its end can come, and no heartbeat to begin with."""

    @functools.wraps(service)
    def wait(self: ActivitySubprocess, max_wait_time: float, *arguments: Any, **more: Any) -> Any:
        self._last_heartbeat_attempt = self._last_heartbeat_attempt or self._last_successful_heartbeat
        longest = max_wait_time if self.selector.get_map() else min(max_wait_time, LOOK)
        return service(self, longest, *arguments, **more)

    return wait


def install() -> None:
    """Put the wait in the place of Airflow's, once: Airflow executes this file twice, for its core and for tasks."""
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    if "_service_subprocess" not in vars(ActivitySubprocess):
        ActivitySubprocess._service_subprocess = sparing(ActivitySubprocess._service_subprocess)  # type: ignore[method-assign]


if __version__ in TRIED:
    install()
elif not __version__.startswith("2."):
    log.warning("Airflow %s was not tried with plugins/supervisor.py (%s were): it is as it was.", __version__, TRIED)


class Supervisor(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "supervisor"

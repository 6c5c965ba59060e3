"""How many calls a second MWAA takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RATE = 10.0  # calls a second (MWAA user guide, access-mwaa-apache-airflow-rest-api), and as many at once


class Throttle:
    """A token bucket.

    Args:
        clock: what tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._left, self._seen = RATE, clock()

    def take(self) -> bool:
        """Say whether there is room for a call, and take it."""
        with self._lock:
            now = self._clock()
            self._left, self._seen = min(RATE, self._left + (now - self._seen) * RATE), now
            if self._left < 1:
                return False
            self._left -= 1
            return True

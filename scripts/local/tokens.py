"""Tokens as MWAA gives them out: opaque, for one purpose, for a minute."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable

LIFE = 60.0  # seconds


class Tokens:
    """Tokens of one purpose; a token may be used again while it lives.

    Args:
        clock: what tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._ends, self._lock = clock, dict[str, float](), threading.Lock()

    def issue(self) -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(64)
        with self._lock:
            self._ends = {**self._living(), token: self._clock() + LIFE}
        return token

    def valid(self, token: str) -> bool:
        """Say whether a token was given out less than a minute ago; how long that takes tells nothing of others."""
        with self._lock:
            living = self._living()
        given = token.encode(errors="replace")
        # All are compared, whole, whatever the first ones say.
        return sum(hmac.compare_digest(given, one.encode()) for one in living) == 1

    def _living(self) -> dict[str, float]:
        now = self._clock()
        return {token: end for token, end in self._ends.items() if now < end}

"""The order of the test files: what takes minutes begins first, so that no worker ends long after the others."""

from __future__ import annotations

import signal

import pytest

# A shell's background job ignores Ctrl-C, and so would all that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that start a rehearsal before all others; a file's own order stays."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)

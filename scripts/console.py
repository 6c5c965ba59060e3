"""What a person sees: steps with their time, on a terminal or in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def step(text: str) -> Iterator[list[str]]:
    """Show that something is going on, then one line with its seconds.

    Yields:
        A list; a text put in it is added to that line.
    """
    begun, notes = time.monotonic(), list[str]()
    with err.status(escape(f"{text} …")):
        yield notes
    seconds = time.monotonic() - begun
    err.print(f"[green]✓[/] {escape(' · '.join((text, *notes)))} [dim]{seconds:.1f} s[/]")

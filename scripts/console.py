"""What a person sees: steps with their time, on a terminal or in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.status import Status

EVERY = 60.0  # seconds between two lines of a long step in a log
LOG_WIDTH = 200  # characters

# Else the ":secret:" of an ARN is printed as a picture.
out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def wide(what: RenderableType) -> None:
    """Print a table; a log has no width, so there every name stands whole in one line."""
    (out if out.is_terminal else Console(width=LOG_WIDTH)).print(what)


class Told(Protocol):
    """An error, or a finding in the form of one."""

    @property
    def what(self) -> str:
        """What happened."""

    @property
    def where(self) -> str:
        """File, line or setting."""

    @property
    def fix(self) -> str:
        """What mends it."""


def error_text(error: Told) -> str:
    """Return an error in rich's markup: what happened, where, and what mends it."""
    return f"{escape(error.what)}\n  [bold]where:[/] {escape(error.where)}\n  [bold]fix:[/]   {escape(error.fix)}"


class Notes(list[str]):
    """What a step adds to its line at the end; `now` tells in between where a long one stands."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self._status, self._told = status, time.monotonic()

    def now(self, text: str) -> None:
        """Show a state: at once on a terminal, once a minute in a log."""
        self._status.update(escape(text))
        if not err.is_terminal and time.monotonic() - self._told > EVERY:
            self._told = time.monotonic()
            err.print(escape(text))


@contextmanager
def step(text: str) -> Iterator[Notes]:
    """Show that something is going on, then one line with its seconds.

    Yields:
        A list; a text put in it is added to that line.
    """
    begun = time.monotonic()
    with err.status(escape(f"{text} …")) as status:
        yield (notes := Notes(status))
    seconds = time.monotonic() - begun
    err.print(f"[green]✓[/] {escape(' · '.join((text, *notes)))} [dim]{seconds:.1f} s[/]")

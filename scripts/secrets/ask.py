"""Where secret parts come from: a file, standard input, or a hidden prompt; never an argument or a variable."""

from __future__ import annotations

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from mwaa_dbt.errors import ProjectError
from scripts.secrets.declared import Item
from scripts.secrets.forms import NAMES, cut
from scripts.secrets.keys import decode

STDIN = "-"
ENDINGS = (".p8", ".pem", ".key", ".txt")
LARGEST = 1 << 20  # bytes; no secret is near it


def can_ask() -> bool:
    """Say whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def take(item: Item, part: str, source: str) -> str:
    """Return a part from a file, or for `-` from standard input; a terminal is asked, hidden.

    Raises:
        ProjectError: if there is no such file or it is empty.
    """
    if source == STDIN and sys.stdin.isatty():
        return prompt(item, part)
    text = decode(_bytes(source))
    if not text.strip():
        raise ProjectError(f"The {NAMES[part]} is empty.", called(source), "give the file that holds it")
    return cut(part, text)


def _bytes(source: str) -> bytes:
    if source == STDIN:
        return sys.stdin.buffer.read(LARGEST)
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            raise ProjectError(f"{source!r} is a folder.", source, "name the file in it")
        with path.open("rb") as file:
            return file.read(LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        raise _no_file(path, source) from None
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ProjectError(f"The file cannot be read: {what}.", _shown(path, source), "mend that") from None


def _no_file(path: Path, source: str) -> ProjectError:
    return ProjectError(
        f"There is no file {_shown(path, source)}.",
        _shown(path, source),
        "mend the path; the secret itself comes from a file or standard input, never from an argument",
    )


def _shown(path: Path, source: str) -> str:
    """Return a path as it was typed; what may be the secret itself, in the wrong place, is not shown."""
    try:
        likely = path.suffix in ENDINGS or ("/" in source and "//" not in source and path.parent.is_dir())
    except (OSError, ValueError):
        likely = False
    return repr(source) if likely else "of the name that was given"


def called(source: str | None) -> str:
    """Return what a source is called in an error."""
    return "standard input" if source == STDIN else source or "what was typed"


def prompt(item: Item, part: str) -> str:
    """Ask a person for a part; what is typed or pasted is not shown.

    A key may be the path of its file, or the key itself with all its lines.
    """
    if part != "key":
        with _unseen():
            return cut(part, _line(f"{item.id}: {NAMES[part]} (hidden): "))
    with _unseen():
        lines = [_line(f"{item.id}: path of the {NAMES[part]}, or paste it (hidden): ").strip()]
        # Lines left over would else be shown, and taken by the shell.
        while lines[0].startswith("-----BEGIN") and not lines[-1].startswith("-----END"):
            lines.append(_line().strip())
    return take(item, part, lines[0]) if len(lines) == 1 else "\n".join(lines) + "\n"


def _line(question: str = "") -> str:
    print(question, end="", file=sys.stderr, flush=True)
    if not (line := sys.stdin.readline()):
        raise typer.Abort
    return line


@contextmanager
def _unseen() -> Iterator[None]:
    """Turn the terminal's echo off; unlike getpass, which throws away what is typed ahead, as a pasted key is."""
    terminal = sys.stdin.fileno()
    old = termios.tcgetattr(terminal)
    new = [*old[:3], old[3] & ~termios.ECHO | termios.ECHONL, *old[4:]]
    termios.tcsetattr(terminal, termios.TCSADRAIN, new)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, old)

"""`python -m benchmarks.recording FILE COMMAND…`: what a command shows at a terminal, as a picture (SVG)."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from pathlib import Path

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

from scripts.paths import find_project

COLUMNS, LINES = 100, 200
TITLE = "make run"
FIRST, LAST = 30, 8  # lines of a long output
HEX = re.compile(r"[0-9a-f]{6}")
# A picture asks no other host for a font; any monospaced one will do.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def record(command: list[str]) -> tuple[int, list[Text]]:
    """Run a command at a terminal of its own; return its exit code and all that is on the screen at the end."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)

    def seen(descriptor: int) -> bytes:
        data = os.read(descriptor, 65536)
        stream.feed(data)
        return data

    os.environ |= {"COLUMNS": str(COLUMNS), "LINES": str(LINES), "TERM": "xterm-256color"}
    code = os.waitstatus_to_exitcode(pty.spawn(command, seen))
    return code, [_line(screen, number) for number in range(screen.cursor.y)]


def _line(screen: pyte.Screen, number: int) -> Text:
    cells = [screen.buffer[number][column] for column in range(COLUMNS)]
    text = Text.assemble(*((cell.data, Style(color=_colour(cell.fg), bold=cell.bold)) for cell in cells))
    text.rstrip()
    return text


def _colour(name: str) -> str | None:
    """Return rich's word for a colour of pyte's."""
    if name == "default":
        return None
    return f"#{name}" if HEX.fullmatch(name) else name.replace("bright", "bright_").replace("brown", "yellow")


def folded(lines: list[Text]) -> list[Text]:
    """Return the first and the last lines of what is too long for a picture."""
    return lines if len(lines) <= FIRST + LAST else [*lines[:FIRST], Text("  …"), *lines[-LAST:]]


def picture(lines: list[Text], title: str) -> str:
    """Return lines as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, soft_wrap=True)
    return console.export_svg(title=title, code_format=FORMAT, unique_id="recording")


if __name__ == "__main__":
    exit_code, told = record(sys.argv[2:])
    (find_project().root / Path(sys.argv[1])).write_text(picture(folded(told), TITLE))
    sys.exit(exit_code)

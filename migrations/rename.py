"""Rename a setting in settings.toml, which `copier update` leaves alone: it is the team's.

Python's own library only, since Copier runs this with its own Python (`_migrations` in copier.yml). Comments, order and
blanks stay; a setting that is not there is nothing to do, so it may run twice.

Usage: rename.py environments.*.tasks.poll_interval poll
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
KEY = re.compile(r"(\s*#?\s*)\"?([\w-]+)\"?(\s*=)")


def rename(text: str, setting: str, name: str) -> str:
    """Return the file's text with a setting renamed, also where it is commented out.

    Args:
        text: that of settings.toml.
        setting: its dotted path; `*` stands for any one name.
        name: its new last name.
    """
    return "".join(_renamed(text.splitlines(keepends=True), setting.split("."), name))


def _renamed(lines: list[str], path: list[str], name: str) -> Iterator[str]:
    table: list[str] = []
    for line in lines:
        if header := TABLE.match(line.lstrip("# ")):
            table = [part.strip(' "') for part in header[1].split(".")]
        elif (key := KEY.match(line)) and _fits([*table, key[2]], path):
            # What stands behind it keeps its column, as far as there is room.
            yield f"{key[1]}{name}{key[3]}{line[key.end() :]}"
            continue
        yield line


def _fits(path: list[str], pattern: list[str]) -> bool:
    return len(path) == len(pattern) and all(want in ("*", part) for part, want in zip(path, pattern, strict=True))


def main(setting: str, name: str) -> None:
    """Rename it in the project that Copier updates."""
    file = Path("settings.toml")
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    new = rename(old, setting, name)
    if new != old:
        file.write_text(new, encoding="utf-8")
        print(f"settings.toml: {setting} is now called {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])

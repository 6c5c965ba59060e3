"""What `--fix` mends by itself: ruff's safe fixes of what breaks or moves, and patterns of .airflowignore."""

from __future__ import annotations

import ast
import difflib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from scripts.migrate.check import ignore, ruff
from scripts.migrate.check.finding import Finding
from scripts.migrate.check.source import Move, Place, Source

RULES = "AIR301,AIR302,AIR303,AIR311,AIR312"
INSTEAD = re.compile(r"write (.+)")


@dataclass(frozen=True)
class Change:
    """A file that a fix would write: its path, and both texts."""

    path: Path
    before: str
    after: str

    def diff(self, name: str) -> list[str]:
        """Return the lines of a unified diff."""
        lines = (self.before.splitlines(), self.after.splitlines())
        return list(difflib.unified_diff(*lines, name, name, n=1, lineterm=""))

    @property
    def count(self) -> int:
        """How many lines differ."""
        return sum(line.startswith("+") and not line.startswith("+++") for line in self.diff(""))


def plan(place: Place, sources: list[Source], move: Move, found: list[Finding]) -> list[Change]:
    """Return what would be written; nothing is yet."""
    python = [source for source in sources if source.tree] if move.crosses else []
    return [*_python(place, python), *_ignores(place, found)]


def _python(place: Place, sources: list[Source]) -> Iterator[Change]:
    for source in sources:
        path = place.root / source.name
        try:
            before = path.read_bytes().decode()
        except UnicodeDecodeError:
            # A file in another coding is nothing that ruff could write back.
            continue
        after = ruff.fixed(before, path.name, RULES)
        if after != before and _reads(after):
            yield Change(path, before, after)


def _reads(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _ignores(place: Place, found: list[Finding]) -> Iterator[Change]:
    files = {one.file for one in found if one.rule == ignore.IGNORE.name}
    for name in sorted(files):
        path = place.root / name
        lines = path.read_text().splitlines(keepends=True)
        for one in found:
            instead = INSTEAD.fullmatch(one.fix)
            if one.file == name and one.rule == ignore.IGNORE.name and instead:
                old = re.sub(r"\s*#.*", "", lines[one.line - 1]).rstrip("\n")
                lines[one.line - 1] = lines[one.line - 1].replace(old, instead[1], 1)
        if "".join(lines) != path.read_text():
            yield Change(path, path.read_text(), "".join(lines))


def refuse_dirty(changes: list[Change]) -> None:
    """Raise ProjectError if git could not bring one of these files back."""
    for change in changes:
        state = _git(change.path)
        if state is None:
            what = "Nothing could bring the old text back: the file is in no git repository, or not committed."
        elif state:
            what = "The file has changes that are not committed."
        else:
            continue
        raise ProjectError(what, str(change.path), "commit it, then run the same command; or add --force")


def _git(path: Path) -> str | None:
    """Return what git says of a file's changes; None if it does not know the file."""
    command = ["git", "-C", str(path.parent), "ls-files", "--error-unmatch", path.name]
    try:
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
        status = ["git", "-C", str(path.parent), "status", "--porcelain", "--", path.name]
        return subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None


def write(changes: list[Change]) -> None:
    """Write all of them."""
    for change in changes:
        change.path.write_bytes(change.after.encode())


def undo(changes: list[Change], before: list[Finding], after: list[Finding], place: Place) -> list[Change]:
    """Take back what made a file fail that did not before, and return what was taken back."""
    old = {one.file for one in before if one.proved}
    worse = {one.file for one in after if one.proved} - old
    back = [change for change in changes if place.name(change.path) in worse]
    for change in back:
        change.path.write_bytes(change.before.encode())
    return back

""".airflowignore: regular expressions in Airflow 2, globs in Airflow 3."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec

from scripts.history.text import first
from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Place

IGNORE = Rule("airflowignore", "changes", "a pattern that hides other files as a glob than as a regular expression")
FILE = ".airflowignore"
READ = (".py", ".zip")  # what Airflow looks for DAGs in
SYNTAX = "core.dag_ignore_file_syntax"
FEW = 2  # files in a message
# What a pattern with one of these is meant as, if it hides nothing now.
SIGNS = re.compile(r"\.\*|\\|\^|\$|\(|\||\+")


def check(place: Place, move: Move) -> Iterator[Finding]:
    """Yield patterns that mean something else; both are tried on the files that are there."""
    if not move.crosses or SYNTAX in move.options:
        return
    files = [path.relative_to(place.dags).as_posix() for path in place.dags.rglob("*") if path.suffix in READ]
    for path in sorted(place.dags.rglob(FILE)):
        base = path.parent.relative_to(place.dags).as_posix().removeprefix(".")
        for number, pattern in enumerate(map(_stripped, path.read_text().splitlines()), 1):
            if pattern and (found := _judged(pattern, base, files)):
                what, fix = found
                yield IGNORE.at(place.name(path), number, what, fix)


def _stripped(line: str) -> str:
    return re.sub(r"\s*#.*", "", line)


def _judged(pattern: str, base: str, files: list[str]) -> tuple[str, str] | None:
    """Return what is wrong with a pattern and what to write; None if it hides the same files."""
    try:
        old = hidden(files, _regexp(pattern))
    except re.error:
        return None
    new = hidden(files, _glob(pattern, base))
    if old == new and (old or not SIGNS.search(pattern)):
        return None
    if not old and new:
        # Perhaps somebody has written it as a glob already.
        return f"{pattern}: as a glob it hides {first(sorted(new), FEW)}", "leave it, if these are to be hidden"
    lost, more = sorted(old - new), sorted(new - old)
    change = f"no longer hides {first(lost, FEW)}" if lost else f"hides {first(more, FEW)}, too"
    what = (
        f"{pattern}: as a glob it {change}" if old else f"{pattern}: it is a regular expression, Airflow 3 reads a glob"
    )
    return what, f"write {instead}" if (instead := as_glob(pattern, base, files)) else f'set "{SYNTAX}" = "regexp"'


def hidden(files: list[str], matches: Callable[[str, bool], bool]) -> frozenset[str]:
    """Return the files that a pattern hides, themselves or by a folder above them."""
    found = set()
    for name in files:
        folders = [str(one) for one in PurePosixPath(name).parents if str(one) != "."]
        if matches(name, False) or any(matches(one, True) for one in folders):
            found.add(name)
    return frozenset(found)


def _regexp(pattern: str) -> Callable[[str, bool], bool]:
    compiled = re.compile(pattern)
    return lambda name, _: compiled.search(name) is not None


def _glob(pattern: str, base: str) -> Callable[[str, bool], bool]:
    """Return a matcher; a glob counts from the folder of its file."""
    spec = GitIgnoreSpec.from_lines([pattern])
    head = f"{base}/" if base else ""

    def matches(name: str, folder: bool) -> bool:
        return name.startswith(head) and spec.match_file(name.removeprefix(head) + ("/" if folder else ""))

    return matches


def as_glob(pattern: str, base: str, files: list[str]) -> str | None:
    """Return the glob that hides the same of these files as a regular expression; None if none was found."""
    wanted = hidden(files, _regexp(pattern))
    plain = pattern.removeprefix("^").removesuffix("$").replace(r"\.", ".").replace(".*", "*").strip("/")
    tried = (plain, f"/{plain}", f"*{plain}", f"{plain}*", f"*{plain}*", f"**/*{plain}*/**")
    for glob in tried:
        if not re.search(r"[\\(){}|+^$]", glob) and hidden(files, _glob(glob, base)) == wanted:
            return glob.replace("**", "*") if "***" in glob else glob
    return None

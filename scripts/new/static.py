"""What the files of a dbt project say by themselves, without dbt."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from scripts.new.finding import Case, Finding
from scripts.new.names import several

OURS = "snowflake"
# Adapters that dbt's macros are named after.
FOREIGN = (
    *("athena", "bigquery", "clickhouse", "databricks", "duckdb", "fabric", "mysql", "oracle", "postgres", "presto"),
    *("redshift", "spark", "sqlite", "sqlserver", "synapse", "teradata", "trino", "vertica"),
)
# Configurations that Snowflake's adapter passes over in silence.
FOREIGN_CONFIG = {
    "partition_by": "Snowflake partitions by itself; `cluster_by` orders what is large",
    "distkey": "Snowflake has none; leave it out",
    "sortkey": "Snowflake has none; `cluster_by` is the nearest",
    "dist": "Snowflake has none; leave it out",
    "sort": "Snowflake has none; `cluster_by` is the nearest",
    "file_format": "Snowflake has none; leave it out",
    "location_root": "Snowflake has none; leave it out",
    "indexes": "Snowflake has none; leave it out",
}
READ = (".sql", ".yml", ".yaml")
COMMENT = re.compile(r"\{#.*?#\}|/\*.*?\*/|(?<![\w:'\"])--[^\n]*", re.DOTALL)
MACRO = re.compile(r"\{%-?\s*(?:macro|materialization)\s+(\w+)")
ENV_VAR = re.compile(r"env_var\(\s*['\"](\w+)['\"]\s*\)")
ABSOLUTE = re.compile(
    r"['\"](file:///?[\w/][^'\"\n]*|/(?:home|Users|mnt|opt|var|tmp|data|srv)/[^'\"\n]*|[A-Za-z]:\\[^'\"\n]*)"
)
TARGET = re.compile(r"target\.name\s*(?:==|!=|in)\s*[\[(]?\s*['\"](\w+)['\"]|['\"](\w+)['\"]\s*==\s*target\.name")
CONFIG = re.compile(rf"(?<![\w.'\"])\+?({'|'.join(FOREIGN_CONFIG)})\s*[=:]")

type Text = tuple[Path, str]


def examine_files(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with, or different of, a project by its files alone."""
    table = case.project.read("dbt_project.yml")
    texts = list(read_texts(case))
    yield from _paths(case, table)
    yield from _version(case, table)
    yield from _python_models(case, table)
    yield from _variables(case, texts)
    yield from _absolute(case, texts)
    yield from _targets(case, texts)
    yield from _configurations(case, texts)


def read_texts(case: Case) -> Iterator[Text]:
    """Yield each SQL and YAML file of the project, not of its packages, without comments: lines keep their numbers."""
    packages = case.project.packages
    for folder, folders, files in os.walk(case.project.folder):
        folders[:] = sorted(name for name in folders if Path(folder, name) != packages)
        for path in (Path(folder, name) for name in sorted(files)):
            if path.suffix in READ:
                yield path, _without_comments(path)


def _without_comments(path: Path) -> str:
    text = path.read_text(errors="replace")
    if path.suffix == ".sql":
        return COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return re.sub(r"(?m)(^|\s)#[^\n]*", r"\1", text)


def found_in(texts: list[Text], pattern: re.Pattern[str]) -> Iterator[tuple[Path, int, re.Match[str]]]:
    """Yield each place of a pattern: file, line and match."""
    for path, text in texts:
        for match in pattern.finditer(text):
            yield path, text.count("\n", 0, match.start()) + 1, match


def foreign_macros(case: Case) -> dict[str, tuple[str, Path, int]]:
    """Return the project's macros that other adapters have a form of, and Snowflake none: adapter, file and line."""
    own = {match[1]: (path, line) for path, line, match in found_in(list(read_texts(case)), MACRO)}
    forms = ((*name.partition("__")[::2], place) for name, place in own.items())
    return {
        base: (adapter, *place)
        for adapter, base, place in forms
        if adapter in FOREIGN and base and not own.keys() & {f"{OURS}__{base}", f"default__{base}"}
    }


def needed_variables(case: Case) -> set[str]:
    """Return the environment variables that the project reads without a default."""
    return {match[1] for _, _, match in found_in(list(read_texts(case)), ENV_VAR)}


def _paths(case: Case, table: dict[str, Any]) -> Iterator[Finding]:
    for key, value in table.items():
        if not key.endswith(("-path", "-paths")):
            continue
        for path in map(str, value if isinstance(value, list) else [value]):
            absolute = PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
            if absolute or ".." in PurePosixPath(path).parts or path.startswith("~"):
                yield Finding(
                    True,
                    f"{key} leads out of the project: {path!r}. Only the project's folder travels to MWAA.",
                    _line(case, key),
                    f"move what is there into dbt/{case.project.name}/ and name it from there",
                )


def _line(case: Case, key: str) -> str:
    path = case.project.folder / "dbt_project.yml"
    lines = path.read_text().splitlines()
    number = next((number for number, line in enumerate(lines, 1) if line.startswith(key)), None)
    return case.where(path, number)


def _version(case: Case, table: dict[str, Any]) -> Iterator[Finding]:
    wanted = table.get("require-dbt-version")
    if not wanted:
        return
    text = ",".join(map(str, wanted if isinstance(wanted, list) else [wanted]))
    try:
        fits = SpecifierSet(re.sub(r"(^|,)\s*(?=\d)", r"\1==", text)).contains(case.dbt_version, prereleases=True)
    except InvalidSpecifier:
        return  # dbt says what is wrong with it
    if not fits:
        yield Finding(
            True,
            f"It wants dbt {text}; dbt/requirements.txt pins {case.dbt_version}, for all projects.",
            _line(case, "require-dbt-version"),
            "widen it, or renew the pins (docs/locks.md)",
        )


def _python_models(case: Case, table: dict[str, Any]) -> Iterator[Finding]:
    for folder in map(str, table.get("model-paths") or ["models"]):
        for path in sorted((case.project.folder / folder).rglob("*.py")):
            yield Finding(
                False,
                f"{path.stem} is a Python model: Snowflake runs it in Snowpark, the rehearsal cannot.",
                case.where(path),
                f"write it in SQL, or leave it out of rehearsals: `--exclude {path.stem}+`",
            )


def _variables(case: Case, texts: list[Text]) -> Iterator[Finding]:
    for name, (place, count) in _first(case, found_in(texts, ENV_VAR), lambda match: match[1]).items():
        yield Finding(
            True,
            f"env_var('{name}') has no default, and MWAA's containers have no such variable{_more(count)}.",
            place,
            f"make it a var, give it a default, or export {name} in startup.sh (no secret: those are in the profile)",
        )


def _absolute(case: Case, texts: list[Text]) -> Iterator[Finding]:
    own = [(path, text) for path, text in texts if path.name != "dbt_project.yml"]
    for name, (place, count) in _first(case, found_in(own, ABSOLUTE), lambda match: match[1]).items():
        yield Finding(
            True,
            f"{name!r} is a path of one machine{_more(count)}.",
            place,
            "bring the file into the project (a seed), or into a stage of Snowflake's",
        )


def _targets(case: Case, texts: list[Text]) -> Iterator[Finding]:
    names = _first(case, found_in(texts, TARGET), lambda match: match[1] or match[2])
    for name, (place, count) in names.items():
        if name not in case.targets:
            yield Finding(
                False,
                f"It asks whether target.name is {name!r}{_more(count)}; here targets are {several(case.targets)}.",
                place,
                "name one of those, the tables of settings.toml (ci and dev are those of `mwaa ci` and `mwaa dev`)",
            )


def _configurations(case: Case, texts: list[Text]) -> Iterator[Finding]:
    for name, (place, count) in _first(case, found_in(texts, CONFIG), lambda match: match[1]).items():
        yield Finding(
            False, f"{name} is no configuration of Snowflake's adapter{_more(count)}.", place, FOREIGN_CONFIG[name]
        )


def _first(
    case: Case, places: Iterator[tuple[Path, int, re.Match[str]]], name: Callable[[re.Match[str]], str]
) -> dict[str, tuple[str, int]]:
    """Return by name the first place of each, and how many there are."""
    found: dict[str, tuple[str, int]] = {}
    for path, line, match in places:
        place, count = found.get(name(match), (case.where(path, line), 0))
        found[name(match)] = place, count + 1
    return found


def _more(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""

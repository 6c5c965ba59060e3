"""ruff's rules for Airflow 3, as findings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.migrate.check.finding import Finding, Rule, Severity
from scripts.migrate.check.rules.context import REMOVED
from scripts.migrate.check.source import Move
from scripts.versions import number

RUFF = Path(sys.executable).with_name("ruff")
COMMAND = (str(RUFF), "check", "--isolated", "--no-cache", "--preview", "--ignore-noqa", "--exit-zero")
# AIR001, AIR004, AIR2: style. AIR003: told by rules/lookups.py, which knows connections, too.
RULES = {
    "AIR002": Rule("AIR002", "changes", "a DAG without a schedule"),
    "AIR301": Rule("AIR301", "breaks", "a name, argument or attribute that is removed"),
    "AIR302": Rule("AIR302", "breaks", "a name that has moved to a provider"),
    "AIR303": Rule("AIR303", "breaks", "a function whose signature has changed"),
    "AIR304": Rule(
        "AIR304", "deprecated", "a value that differs at each parse, and so makes a new DAG version each time"
    ),
    "AIR311": Rule("AIR311", "deprecated", "a name that has moved, and still works"),
    "AIR312": Rule("AIR312", "deprecated", "a name that has moved to a provider, and still works"),
    "AIR321": Rule("AIR321", "deprecated", "a name that has moved in Airflow 3.1, and still works"),
}
# Which version a rule is about.
SINCE = {"AIR321": (3, 1)}
# What ruff has as removed, and Airflow 3.0 to 3.3 still have.
STILL = {"airflow.operators.python.get_current_context": "import get_current_context from airflow.sdk"}
UNWATCHED = ("sla", "sla_miss_callback")
LEFT_OUT = "leave it out"
FIXES = {
    "AIR002": "write schedule=None, or the schedule that is meant: Airflow 2 ran it daily, Airflow 3 does not",
    "AIR304": "give a fixed value",
    "airflow.utils.dates.days_ago": "write a fixed date, e.g. pendulum.datetime(2026, 1, 1)",
    **dict.fromkeys(("default_view", "orientation", "provide_context", "max_tis_per_query", "random"), LEFT_OUT),
    **dict.fromkeys(
        ("operators", "sensors", "hooks", "executors"), "import it from your own module in plugins/ or dags/"
    ),
    **{key: f"write {new}" for key, new in REMOVED.items()},
    "sla": "leave it out: no SLA is watched; from 3.1 on a DAG may have a deadline (DeadlineAlert)",
}
GUIDE = "see Airflow's guide, Upgrading to Airflow 3"
PROVIDER = re.compile(r"Install `(?P<package>[\w-]+).*?` and use `(?P<name>\w+)` from `(?P<module>[\w.]+)`")
MOVED = re.compile(r"`(?P<name>\w+)` has been moved to `(?P<module>[\w.]+)`")


def run(*arguments: str | Path) -> str:
    """Return what ruff prints on these rules for files, whatever it finds.

    Raises:
        ProjectError: if it cannot be run.
    """
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"ruff failed: {done.stderr.strip()[-500:]}", str(RUFF), "run `make setup`, then this again")
    return done.stdout


def check(folder: Path, files: list[str], move: Move) -> list[Finding]:
    """Return what ruff finds in files below a folder."""
    if not files or number(move.after) < (3,):
        return []
    chosen = [name for name in RULES if number(move.after) >= SINCE.get(name, (3,))]
    told = run("--select", ",".join(chosen), "--output-format", "json", *(folder / name for name in files))
    return list(_findings(folder.resolve(), json.loads(told), move))


def _findings(folder: Path, told: list[dict[str, Any]], move: Move) -> Iterator[Finding]:
    for one in told:
        code = one["code"]
        # A file that Python does not read has no code of these; it is told as such already.
        if code not in RULES or (RULES[code].severity != "deprecated" and not move.crosses):
            continue
        name = Path(one["filename"]).resolve().relative_to(folder).as_posix()
        what, word = _what(one["message"]), _word(one["message"])
        severity: Severity = "changes" if word in UNWATCHED else RULES[code].severity
        if word in STILL:
            yield Finding(name, one["location"]["row"], "AIR311", "deprecated", f"`{word}` has moved", STILL[word])
            continue
        what = f"{word} is ignored" if word in UNWATCHED else what
        fix = FIXES["sla"] if word in UNWATCHED else FIXES.get(code) or _fix(one) or FIXES.get(word, GUIDE)
        yield Finding(name, one["location"]["row"], code, severity, what, fix)


def _what(message: str) -> str:
    """Return ruff's message in the words of this report."""
    text = (
        message.splitlines()[0].split("; ")[0].rstrip(";").replace(" in Airflow 3.0", "").replace(" in Airflow 3.1", "")
    )
    if "It still works" in message:
        return re.sub(r" is (removed|deprecated and moved into (`\w+`) provider).*", r" has moved", text)
    if "explicit `schedule`" in text:
        return "the DAG has no schedule"
    return re.sub(r" is moved into `(\w+)` provider", r" has moved to the provider \1", text.replace("removed", "gone"))


def _word(message: str) -> str:
    return message.split("`")[1] if "`" in message else ""


def _fix(one: dict[str, Any]) -> str:
    """Return ruff's advice as something to write; empty if it has none."""
    lines = [line for line in one["message"].splitlines()[1:] if line.strip()]
    text = (one.get("fix") or {}).get("message") or " ".join(lines)
    if found := PROVIDER.search(text):
        return f"import {found['name']} from {found['module']} (package {found['package']})"
    if found := MOVED.search(text):
        return f"import {found['name']} from {found['module']}"
    return re.sub(r"^Use (`[^`]+`)( instead)?\.?$", r"write \1", text.strip())


def fixed(text: str, name: str, rules: str) -> str:
    """Return a file's text with the safe fixes of some rules."""
    options = ["--quiet", "--select", rules, "--fix", "--stdin-filename", name, "-"]
    done = subprocess.run([*COMMAND, *options], input=text.encode(), capture_output=True, check=False)
    return done.stdout.decode() or text

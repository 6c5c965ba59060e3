"""dbt as the build and CI run it: packages installed, projects parsed as at run time, failures told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.projects import LOCK, DbtProject

# dbt only warns of a key it does not know, so a typo such as `descripton` would pass in silence.
UNKNOWN_KEY = ("CustomKeyInObjectDeprecation", "CustomTopLevelKeyDeprecation")
COLOUR = re.compile(r"\x1b\[\d*m")
FILE = re.compile(r"\(([\w./ -]+\.\w+)\)|(?:Error reading \S+:|encountered in) (\S+\.ya?ml)")
GRACE = 3.0  # seconds; a CI that cancels a job kills it soon after

type Event = dict[str, Any]


@dataclass(frozen=True)
class Dbt:
    """dbt from the virtualenv, with the environment that a task would have."""

    executable: str
    environment: Mapping[str, str] = field(repr=False)
    profiles: Path
    target: str

    def deps(self, project: DbtProject) -> str:
        """Install a staged project's packages by its lock file; return what was done.

        Packages that are committed in the project (a closed network) are taken as they are.
        """
        if not project.wants_packages:
            return "no packages"
        if project.packages.is_dir():
            return "packages as committed"
        lock = project.folder / LOCK
        before = lock.read_bytes() if lock.is_file() else None
        try:
            self.run(project, "deps")
        except ProjectError as error:
            fix = f"run `dbt deps --project-dir dbt/{project.name}` where the hub can be reached; a committed "
            raise ProjectError(error.what, error.where, fix + "dbt_packages/ is taken as it is") from None
        if before is None:
            return f"packages not locked: commit the {LOCK} that `dbt deps` writes in dbt/{project.name}"
        if lock.read_bytes() != before:
            raise ProjectError(
                f"{LOCK} does not fit packages.yml.",
                f"dbt/{project.name}/{LOCK}",
                f"run `dbt deps --project-dir dbt/{project.name}` and commit the lock",
            )
        return "packages by the lock"

    def parse(self, project: DbtProject) -> None:
        """Parse a staged project; leaves target/manifest.json and target/partial_parse.msgpack."""
        refuse_unknown_keys(project, self.run(project, "parse", "--show-all-deprecations"))

    def lenient(self, project: DbtProject) -> Dbt:
        """Return a dbt to which no warning is an error, e.g. that of a selection which matches nothing."""
        flags = project.read("dbt_project.yml").get("flags") or {}
        # dbt refuses both at once, and crashes on it.
        one = {"DBT_WARN_ERROR_OPTIONS": "{}"} if "warn_error_options" in flags else {"DBT_WARN_ERROR": "false"}
        return replace(self, environment={**self.environment, **one})

    def run(self, project: DbtProject, *command: object) -> list[Event]:
        """Run dbt in a staged project and return its log.

        Raises:
            ProjectError: if dbt fails, with what it says.
        """
        done = self.attempt(project, *command)
        if done.code:
            raise done.error
        return done.events

    def attempt(self, project: DbtProject, *command: object) -> Done:
        """Run dbt in a staged project, whether it fails or not."""
        arguments = [*command, "--profiles-dir", self.profiles, "--profile", project.name, "--target", self.target]
        code, output, errors = _talk(
            [self.executable, "--log-format", "json", "--no-use-colors", *map(str, arguments)],
            project.folder,
            # A fixed hash seed gives sets one order, and so the same bytes for the same sources.
            {**self.environment, "PYTHONHASHSEED": "0"},
        )
        return Done(project, str(command[0]), code, output + errors)


@dataclass(frozen=True)
class Done:
    """A dbt command that has ended."""

    project: DbtProject
    verb: str
    code: int
    output: str

    @property
    def events(self) -> list[Event]:
        """What it logged."""
        return list(_events(self.output))

    @property
    def error(self) -> Exception:
        """What a person is told if it failed."""
        return _failed(self.project, self.verb, self.events, self.output)


def _talk(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    pipe = subprocess.PIPE
    # In a session of its own, so that Ctrl-C reaches dbt once and by us only.
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            output, errors = process.communicate()
        except BaseException:
            # dbt then cancels what it has running in the warehouse.
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=GRACE)
            process.kill()
            raise
        return process.returncode, output, errors


def _events(output: str) -> Iterator[Event]:
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        # A macro may print what happens to be JSON, too.
        if isinstance(event, dict) and isinstance(event.get("info"), dict):
            yield event


def _failed(project: DbtProject, verb: str, events: list[Event], output: str) -> Exception:
    errors = [event["info"]["msg"] for event in events if event["info"]["level"] == "error"]
    text = COLOUR.sub("", "\n".join(errors) or output.strip()[-2000:])
    text = text.removeprefix("Encountered an error:\n").replace(f"{project.folder}/", "")
    text = text.split("\nTraceback (most recent", 1)[0]
    if system := re.match(r"\[Errno (\d+)\]", text):
        return OSError(int(system[1]), os.strerror(int(system[1])), str(project.folder))
    line = re.search(r"\bline (\d+)", text)
    where = f"dbt/{project.name}{_file(project, text)}{f', line {line[1]}' if line else ''}"
    return ProjectError(f"`dbt {verb}` failed: {text}", where, "mend that file, then run the command again")


def _file(project: DbtProject, text: str) -> str:
    found = FILE.search(text)
    if not found:
        return ""
    name = found[1] or found[2]
    # dbt names a YAML file from its models folder on.
    whole = name if (project.folder / name).exists() else next(project.folder.rglob(name), None)
    return f"/{whole.relative_to(project.folder) if isinstance(whole, Path) else name}"


def refuse_unknown_keys(project: DbtProject, events: Iterable[Event]) -> None:
    """Raise ProjectError for the first key of a YAML file that dbt says it does not know."""
    for event in events:
        _refuse_unknown_key(project, event)


def _refuse_unknown_key(project: DbtProject, event: Event) -> None:
    data = event.get("data") or {}
    if event["info"]["name"] not in UNKNOWN_KEY or not (project.folder / data["file"]).is_file():
        return
    if (project.folder / data["file"]).is_relative_to(project.packages):
        return
    line = _line(project.folder / data["file"], data["key"])
    raise ProjectError(
        f"dbt does not know the key {data['key']!r} (in {data.get('key_path', 'the top level')}).",
        f"dbt/{project.name}/{data['file']}, line {line}",
        "mend its spelling, or move it below `config: meta:` if it is your own",
    )


def _line(path: Path, key: str) -> int:
    pattern = re.compile(rf"\s*(- )?[\"']?{re.escape(key)}[\"']?\s*:")
    lines = path.read_text().splitlines()
    return next((number for number, line in enumerate(lines, 1) if pattern.match(line)), 1)

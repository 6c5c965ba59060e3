"""dbt in the build: projects found, staged, their packages installed, parsed as at run time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mwaa_dbt.errors import ProjectError

# Never part of a release: made by dbt, or of this machine, or a place where secrets are kept.
LEFT_OUT = shutil.ignore_patterns(
    "target", "logs", ".git", ".venv", "__pycache__", ".user.yml", "profiles.yml", ".env", ".DS_Store"
)
# dbt only warns of a key it does not know, so a typo such as `descripton` would pass in silence.
UNKNOWN_KEY = ("CustomKeyInObjectDeprecation", "CustomTopLevelKeyDeprecation")


@dataclass(frozen=True)
class DbtProject:
    """A folder in dbt/: its name is what DAGs call the project."""

    name: str
    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        """The content of dbt_project.yml."""
        return dict(yaml.safe_load((self.folder / "dbt_project.yml").read_text()) or {})

    @property
    def packages(self) -> Path:
        """The folder that `dbt deps` fills."""
        return self.folder / str(self.config.get("packages-install-path", "dbt_packages"))


def find_projects(folder: Path) -> list[DbtProject]:
    """Return the dbt projects of a folder, in order of their names.

    Raises:
        ProjectError: if a folder is no dbt project, or there is none at all.
    """
    found = [DbtProject(path.name, path) for path in sorted(folder.iterdir()) if _is_candidate(path)]
    for project in found:
        if not (project.folder / "dbt_project.yml").is_file():
            raise ProjectError(
                f"dbt/{project.name} is no dbt project: it has no dbt_project.yml.",
                f"dbt/{project.name}/",
                "add dbt_project.yml, or move the folder out of dbt/ (each folder there is one dbt project)",
            )
    if not found:
        raise ProjectError("There is no dbt project.", "dbt/", "put a dbt project's folder into dbt/")
    return found


def _is_candidate(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith((".", "_"))


def stage(projects: list[DbtProject], folder: Path) -> list[DbtProject]:
    """Copy projects side by side, so that dbt may write and packages at `../other` are found."""
    return [
        DbtProject(project.name, Path(shutil.copytree(project.folder, folder / project.name, ignore=LEFT_OUT)))
        for project in projects
    ]


@dataclass(frozen=True)
class Dbt:
    """dbt from the virtualenv, with the environment that a task would have."""

    executable: str
    environment: Mapping[str, str]
    profiles: Path
    target: str

    def deps(self, project: DbtProject) -> str:
        """Install a staged project's packages by its lock file; return what was done.

        Packages that are committed in the project (a closed network) are taken as they are.
        """
        if not _wants_packages(project):
            return "no packages"
        if project.packages.is_dir():
            return "packages as committed"
        lock = project.folder / "package-lock.yml"
        before = lock.read_bytes() if lock.is_file() else None
        self._run(project, "deps")
        if before is None:
            return f"packages not locked: commit the package-lock.yml that `dbt deps` writes in dbt/{project.name}"
        if lock.read_bytes() != before:
            raise ProjectError(
                "package-lock.yml does not fit packages.yml.",
                f"dbt/{project.name}/package-lock.yml",
                f"run `dbt deps --project-dir dbt/{project.name}` and commit the lock",
            )
        return "packages by the lock"

    def parse(self, project: DbtProject) -> None:
        """Parse a staged project; leaves target/manifest.json and target/partial_parse.msgpack."""
        for event in self._run(project, "parse", "--show-all-deprecations"):
            _refuse_unknown_key(project, event)

    def _run(self, project: DbtProject, *command: str) -> list[dict[str, Any]]:
        arguments = [*command, "--profiles-dir", self.profiles, "--profile", project.name, "--target", self.target]
        done = subprocess.run(
            [self.executable, "--log-format", "json", "--no-use-colors", *map(str, arguments)],
            cwd=project.folder,
            # A fixed hash seed gives sets one order, and so the same bytes for the same sources.
            env={**self.environment, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        events = list(_events(done.stdout))
        if done.returncode:
            raise _failed(project, command[0], events, done.stdout + done.stderr)
        return events


def _wants_packages(project: DbtProject) -> bool:
    for name in ("packages.yml", "dependencies.yml"):
        path = project.folder / name
        if path.is_file() and (yaml.safe_load(path.read_text()) or {}).get("packages"):
            return True
    return False


def _events(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def _failed(project: DbtProject, verb: str, events: list[dict[str, Any]], output: str) -> ProjectError:
    errors = [event["info"]["msg"] for event in events if event["info"]["level"] == "error"]
    text = "\n".join(errors) or output.strip()[-2000:]
    text = re.sub(r"^Encountered an error:\n", "", re.sub(r"\x1b\[\d*m", "", text))
    text = text.replace(f"{project.folder}/", "")
    file = re.search(r"\(([\w./ -]+\.\w+)\)|(?:Error reading \S+:|encountered in) (\S+\.ya?ml)", text)
    line = re.search(r"\bline (\d+)", text)
    where = f"dbt/{project.name}" + (f"/{file[1] or file[2]}" if file else "") + (f", line {line[1]}" if line else "")
    return ProjectError(f"`dbt {verb}` failed: {text}", where, "mend that file, then run `mwaa build` again")


def _refuse_unknown_key(project: DbtProject, event: dict[str, Any]) -> None:
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

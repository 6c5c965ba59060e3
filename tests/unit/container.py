"""A container as the reader meets it: a DAG folder that a sync fills, a disk, and processes that parse."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.archive import zip_by_content
from scripts.bundle import bundle

ROOT = Path(__file__).parents[2]
PARSE = Path(__file__).with_name("parse.py")
PROJECT = {"dbt_project.yml": "name: shop\n", "manifest.json": "{}", "target/partial_parse.msgpack": "parsed"}
MANY = PROJECT | {f"models/m{number}.sql": "select 1" for number in range(4000)}


@dataclass(frozen=True)
class Release:
    """A release as the build makes it: digest of its archive, and project → digest of that project's archive."""

    folder: Path
    digest: str
    projects: dict[str, str]

    @property
    def archives(self) -> list[str]:
        """The paths of its archives below dags/dbt, its own first."""
        return [f"{self.digest}.zip", *(f"{name}/{digest}.zip" for name, digest in sorted(self.projects.items()))]


class Process:
    """A process that parses one stub after another, as Airflow does, until it is told to end."""

    def __init__(self, container: Container, variables: dict[str, str], before: Callable[[], None] | None) -> None:
        self.container = container
        self.process = subprocess.Popen(
            [sys.executable, "-I", PARSE],
            env={"MWAA_DBT_HOME": str(container.home), "PATH": os.defpath, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - the tests have no threads
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self, name: str) -> None:
        """Let it parse a stub, and do not wait."""
        assert self.process.stdin
        self.process.stdin.write(f"{self.container.dags / name}\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for what the stub left: its names, `__file__`, `__doc__`, the error, the number of open files."""
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))

    def kill_when(self, seen: Callable[[], object]) -> None:
        """Kill it, with no chance to clear up, as soon as this is seen; it must not be idle by then."""
        assert self.process.stdout
        output = select.poll()
        output.register(self.process.stdout, select.POLLIN)
        while not seen():
            assert not output.poll(0.5), "it was done before it could be killed"
        self.process.kill()
        self.process.wait()

    def parse(self, name: str = "shop.py") -> dict[str, Any]:
        """Parse a stub."""
        self.ask(name)
        return self.answer()


@dataclass(frozen=True)
class Container:
    """A DAG folder, empty at first, and the folder where releases are unpacked."""

    root: Path
    made: list[Release] = field(default_factory=list)

    @property
    def dags(self) -> Path:
        """The DAG folder."""
        return self.root / "container" / "dags"

    @property
    def store(self) -> Path:
        """Where archives and pointer arrive."""
        return self.dags / "dbt"

    @property
    def home(self) -> Path:
        """Where releases are unpacked."""
        return self.root / "container" / "home"

    def make(
        self,
        dags: Mapping[str, str | bytes],
        projects: Mapping[str, Mapping[str, str]] | None = None,
        container: str = "",
    ) -> Release:
        """Build a release of these DAG files and dbt projects, with the build's own code, and ship nothing."""
        code, out = (self.root / "made" / str(len(self.made)) / name for name in ("code", "out"))
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "dags" / "mwaa_dbt", code / "dags" / "mwaa_dbt", ignore=ignored)
        for name, text in dags.items():
            (code / "dags" / name).parent.mkdir(exist_ok=True)
            (code / "dags" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        out.mkdir()
        (out / "requirements.txt").touch()
        (out / "startup.sh").write_text(f"export MWAA_DBT_CONTAINER={container}\n")
        archives = {
            name: zip_by_content({path: text.encode() for path, text in files.items()}, out / "dags/dbt" / name).stem
            for name, files in (projects or {}).items()
        }
        self.made.append(Release(out / "dags", bundle(code, out, archives, "local"), archives))
        return self.made[-1]

    def ship(self, *releases: Release) -> None:
        """Put releases in place as a sync would, given newest first; the pointer names them all."""
        for age, release in enumerate(releases):
            pointer = shutil.ignore_patterns("current.json")
            if age == 0:
                shutil.copytree(release.folder, self.dags, dirs_exist_ok=True, ignore=pointer)
            for archive in release.archives:
                path = self.store / archive
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(release.folder / "dbt" / archive, path)
                os.utime(path, (1_000_000_000 - age,) * 2)
        self.point(*releases)

    def point(self, *releases: Release) -> None:
        """Let the pointer name these, newest first."""
        (self.store / "current.json").write_text(json.dumps({"releases": [one.digest for one in releases]}))

    def process(self, before: Callable[[], None] | None = None, **variables: str) -> Process:
        """Start a process that parses; `before` is run in it first."""
        return Process(self, variables, before)

    def parse(self, name: str = "shop.py", **variables: str) -> dict[str, Any]:
        """Parse a stub in a process of its own."""
        with self.process(None, **variables) as process:
            return process.parse(name)

    def unpacked(self, part: str = "releases") -> set[str]:
        """Return the names of the folders in releases/ or projects/."""
        return {path.name for path in (self.home / part).glob("*/")}


def files(folder: Path) -> dict[str, str]:
    """Return path → text of what a folder holds, but what Python leaves there."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}

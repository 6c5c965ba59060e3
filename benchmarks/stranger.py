"""What a stranger waits for: the README's own commands, from a clone to a model seen in its DAG, with empty caches."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import Options, Result, Sample, compare
from mwaa_dbt.errors import ProjectError
from scripts.local import state
from scripts.local.api import Api
from scripts.paths import Paths

MODEL = "big_orders"
UVX = Path(sys.executable).with_name("uvx")
CACHES = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip"}


@dataclass
class Stranger:
    """Somebody who has read the README of `root` and types what it says, below an empty folder."""

    root: Path
    folder: Path
    number: int = 0

    @property
    def own(self) -> Path:
        """The project that is generated in a round."""
        return self.folder / f"own-{self.number}"

    def clone(self) -> Sample:
        """Clone the repository; run it."""
        self.number += 1
        place = self.folder / f"clone-{self.number}"
        begun = time.monotonic()
        self._type(f"git clone --quiet {self.root} {place}", self.folder)
        self._type(self._said("make run"), place)
        return self._minutes(begun)

    def generate(self) -> Sample:
        """Generate a project of one's own, run it."""
        begun = time.monotonic()
        template, place = r"copier copy \S+ \S+$", f"copier copy --vcs-ref HEAD git+file://{self.root} {self.own}"
        asked = re.sub(template, f"{place} --defaults --quiet", self._said("uvx copier copy"))
        self._type(asked.replace("uvx", str(UVX), 1), self.folder)
        self._type("git init --quiet", self.own)
        self._type(self._said("make run"), self.own)
        return self._minutes(begun)

    def add(self) -> Sample:
        """Add a model to it, and see its task in Airflow, and that green."""
        try:
            begun = time.monotonic()
            self._type(self._said("mwaa new model"), self.own)
            self._type(self._said("make up"), self.own)
            tasks = Api(state.needed(Paths(self.own))).call("GET", "dags/jaffle_shop/tasks")["tasks"]
            sample = self._minutes(begun)
            if not any(str(task["task_id"]).endswith(f".{MODEL}") for task in tasks):
                raise ProjectError(f"{MODEL} has no task.", "DAG jaffle_shop", "look at what `make up` has printed")
            self._type(self._said("mwaa local run"), self.own)
            return sample
        finally:
            self._type("make down", self.own)

    def _said(self, beginning: str) -> str:
        """Return the README's command that begins so."""
        found = re.search(rf"^\$ ({re.escape(beginning)}\b.*)$", (self.root / "README.md").read_text(), re.MULTILINE)
        if found is None:
            raise ProjectError(f"The README has no command {beginning!r}.", "README.md", "measure one that it has")
        return found[1]

    def _type(self, command: str, place: Path) -> None:
        caches = {name: str(self.folder / f"cache-{self.number}" / kind) for name, kind in CACHES.items()}
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | caches
        environment["PATH"] = f"{place / '.venv' / 'bin'}:{environment['PATH']}"
        done = subprocess.run(
            shlex.split(command), cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ProjectError(
                f"{command} failed: {(done.stdout + done.stderr)[-2000:]}", str(place), "mend what it says"
            )

    @staticmethod
    def _minutes(begun: float) -> Sample:
        seconds = time.monotonic() - begun
        return Sample(seconds, {"minutes": seconds / 60})


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure the three ways of a newcomer, one after the other; each needs the one before."""
    stranger = Stranger(paths.root, options.folder)
    ways: dict[str, Callable[[], Sample]] = {
        "git clone; make run: green": stranger.clone,
        "uvx copier copy; make run: one's own project green": stranger.generate,
        "mwaa new model; make up: its task in the DAG": stranger.add,
    }
    return [replace(compare("From nothing", ways, options.runs), compared=False)]

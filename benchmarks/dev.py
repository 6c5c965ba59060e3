"""From a save to its result: dbt started anew for it, and the dbt of `mwaa dev` that stays."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Options, Result, Sample, compare
from benchmarks.sandbox import sandbox
from mwaa_dbt.errors import ProjectError
from scripts.dev.kit import Kit, open_kit
from scripts.dev.loop import begin
from scripts.paths import Paths
from scripts.projects import DbtProject

PROJECT = "jaffle_shop"
MWAA = Path(sys.executable).with_name("mwaa")
# A model that nothing depends on, and one near the beginning of all.
MODELS = {"One model": "marts/finance/daily_revenue", "A model with all that depends on it": "staging/stg_orders"}
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Loop:
    """A running `mwaa dev`, and the folder of its models."""

    process: subprocess.Popen[str]
    models: Path

    def save(self, model: str) -> Sample:
        """Save a model with another comment, and wait for what came of it."""
        begun = time.monotonic()
        _change(self.models / f"{model}.sql")
        line = self.process.stdout.readline() if self.process.stdout else ""
        seconds = time.monotonic() - begun
        found = json.loads(line or "null")
        if not found or found["errors"]:
            raise ProjectError(f"The measured round failed: {line.strip()[-2000:]}", model, "mend what it names")
        return Sample(seconds, {"nodes and tests": float(len(found["nodes"]))})


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure one model, and one with its children, against the rehearsal's Snowflake."""
    copies = [_copy(paths, options.folder / name) for name in ("plain", "ours")]
    plain, ours = (DbtProject(PROJECT, copy.root / "dbt" / PROJECT) for copy in copies)
    with open_kit(copies[0], plain, "local") as kit, _loop(copies[1], ours) as loop:
        begin(kit)
        # What a loop pays once: all that the models need is built.
        _plain(kit, "")
        for model in reversed(MODELS.values()):
            loop.save(model)
        return [compare(f"{title}, with rows and tests", _ways(kit, loop, model), options.runs)
                for title, model in MODELS.items()]  # fmt: skip


def _ways(kit: Kit, loop: Loop, model: str) -> Mapping[str, Callable[[], Sample]]:
    return {
        "dbt build --select model+, then dbt show": lambda: _plain(kit, model),
        "mwaa dev, from save to result": lambda: loop.save(model),
    }


def _plain(kit: Kit, model: str) -> Sample:
    name = Path(model).name
    if model:
        _change(kit.source.folder / "models" / f"{model}.sql")
        kit.follow()
    begun = time.monotonic()
    done = kit.dbt.attempt(kit.staged, "build", *(("--select", f"{name}+") if name else ()))
    if done.code == 0 and name:
        done = kit.dbt.attempt(kit.staged, "show", "--select", name)
    seconds = time.monotonic() - begun
    if done.code:
        raise done.error
    return Sample(seconds)


def _change(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("-- saved")]
    file.write_text("\n".join([*lines, f"-- saved {next(NUMBERS)}", ""]))


def _copy(paths: Paths, root: Path) -> Paths:
    copy = sandbox(paths, root).paths
    ignored = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(paths.root / "dbt" / PROJECT, copy.root / "dbt" / PROJECT, ignore=ignored)
    return copy


@contextmanager
def _loop(paths: Paths, project: DbtProject) -> Iterator[Loop]:
    process = subprocess.Popen(
        [str(MWAA), "dev", "--json"], cwd=paths.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        told = ""
        while process.stderr and not (line := process.stderr.readline()).startswith("Watching"):
            told += line
            if not line:
                raise ProjectError(f"mwaa dev has ended:\n{told}", "mwaa dev", "mend what it names")
        yield Loop(process, project.folder / "models")
    finally:
        process.terminate()
        process.wait()

"""What the verbs need on this machine."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.doctor.case import Case
from scripts.doctor.finding import Finding, error, ok, warning
from scripts.venvs import airflow_folder

GB = 1024**3
LEAST, ENOUGH = 0.5, 3.0  # GB: a build packs and unzips; Airflow's and dbt's virtualenvs are made once


def _programs(_: Case) -> Iterator[Finding]:
    if not Path(sys.executable).with_name("uv").is_file():
        yield error(f"there is no uv beside {sys.executable}", "`make setup` installs the tools again")
    elif shutil.which("git") is None:
        what = "there is no git: releases do not say their revision, dbt packages of git repositories cannot be fetched"
        yield warning(what, "install git")
    else:
        yield ok(f"Python {platform.python_version()}, uv, git")


def _disk(case: Case) -> Iterator[Finding]:
    yield space(shutil.disk_usage(case.paths.root).free)


def space(free: int) -> Finding:
    """Judge the free bytes of the disk that the project is on."""
    told = f"{free / GB:.1f} GB are free on the project's disk"
    if free >= ENOUGH * GB:
        return ok(told)
    fix = "free some; build/ and .mwaa/ can be made again"
    return error(told, fix) if free < LEAST * GB else warning(f"{told}: a first build may need {ENOUGH:.0f}", fix)


def _virtualenvs(case: Case) -> Iterator[Finding]:
    airflow, dbt = airflow_folder(case.paths, case.airflow), case.paths.home / "dbt-venv" / "current"
    # What is not there, or of another lock, is made by the next build; of one without its Python only this tells.
    if airflow.folder.is_dir() and not airflow.python.exists():
        what = f"the Python of {airflow.folder} is gone"
        yield error(what, f"delete that folder, then `mwaa build --env {case.name}`")
        return
    there = {f"Airflow {case.airflow}": airflow.airflow, "dbt": dbt / "bin" / "dbt"}
    told = [
        f"{name}{'' if program.exists() else ' (not there yet: `mwaa build` makes it)'}"
        for name, program in there.items()
    ]
    yield ok(f"virtualenvs: {', '.join(told)}")


CHECKS = (_programs, _disk, _virtualenvs)

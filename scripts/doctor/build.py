"""What `mwaa build` has made for an environment."""

from __future__ import annotations

from collections.abc import Iterator

from mwaa_dbt.errors import ProjectError
from scripts.deploy.verbs import check_whole
from scripts.doctor.case import Case
from scripts.doctor.finding import Finding, failed, ok, warning
from scripts.fingerprint import is_current
from scripts.prove import BUDGET

# A scheduler's container parses beside the scheduler and the triggerer, on a vCPU that they share in small classes;
# so a parse there may well take four times as long as alone on a developer's machine.
SLOWER = 4


def _there(case: Case) -> Iterator[Finding]:
    folder = case.paths.build(case.name)
    if not folder.is_dir():
        yield warning(f"nothing is built for {case.name} here", f"run `mwaa build --env {case.name}`")
    elif isinstance(case.build, ProjectError):
        yield failed(case.build)
    else:
        check_whole(folder, case.build.record, case.name)
        yield ok(f"release {case.build.release}, whole")
        if not is_current(case.paths, case.name):
            again = f"`mwaa build --env {case.name}`; a deploy wants it"
            yield warning("the sources have changed since", again)


def _parse(case: Case) -> Iterator[Finding]:
    if isinstance(case.build, ProjectError) or not case.build.dags:
        return
    slowest = max(case.build.dags, key=lambda dag: float(dag["seconds"]))
    seconds = max(float(slowest["seconds"]), 0.1)
    told = f"{slowest['file']} parsed in {seconds:.1f} s here, of {BUDGET:.0f} s that Airflow gives it"
    if seconds * SLOWER <= BUDGET:
        yield ok(f"{told}: MWAA may take {BUDGET / seconds:.0f} times as long")
    else:
        fix = "fewer nodes in one DAG file (`select` of dbt_group), or a larger class"
        yield warning(f"{told}: too little room for MWAA's slower CPUs", fix)


CHECKS = (_there, _parse)

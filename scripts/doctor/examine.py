"""All groups of checks: which there are, in which order, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from mwaa_dbt.errors import ProjectError
from scripts.console import step
from scripts.deploy.smoke import smoke
from scripts.doctor import (
    bucket,
    build,
    containers,
    dags,
    drift,
    environment,
    pins,
    role,
    secrets,
    settings,
    sizing,
    tools,
)
from scripts.doctor.case import Case, read_case
from scripts.doctor.cloud import Cloud, ask
from scripts.doctor.finding import Finding, error, failed, ok, skipped
from scripts.paths import Paths

type Check = Callable[[], Iterable[Finding]]
WORKERS = 16  # checks at once: they wait for AWS most of the time


class Group(NamedTuple):
    """Checks that ask AWS, and what says why none of them can be made: the one finding in their place."""

    blocked: Callable[[Cloud], Finding | None]
    checks: Sequence[Callable[[Cloud], Iterator[Finding]]]


LOCAL = {
    "tools": tools.CHECKS,
    "settings": settings.CHECKS,
    "pins": pins.CHECKS,
    "build": build.CHECKS,
    "sizing": sizing.CHECKS,
}
# Of the local groups, those that ask somebody after all have other checks for --offline.
OFFLINE = {**LOCAL, "pins": pins.OFFLINE}
ACCESS = "access"
REMOTE = {
    "bucket": Group(bucket.blocked, bucket.CHECKS),
    "secrets": Group(secrets.blocked, secrets.CHECKS),
    "role": Group(role.blocked, role.CHECKS),
    "environment": Group(environment.blocked, environment.CHECKS),
    "containers": Group(containers.blocked, containers.CHECKS),
    "dags": Group(dags.blocked, dags.CHECKS),
    "drift": Group(drift.blocked, drift.CHECKS),
}
NAMES = (*LOCAL, *REMOTE)


@dataclass(frozen=True)
class Wish:
    """What to look at: group names (none: all), whether nobody is asked, whether the DAG `mwaa_check` is run."""

    only: tuple[str, ...] = ()
    offline: bool = False
    smoke: bool = False

    def wants(self, name: str) -> bool:
        """Say whether a group is looked at."""
        return (not self.only or name in self.only) and not (self.offline and name in REMOTE)


@dataclass(frozen=True)
class Report:
    """What was looked at, and what was found, by group."""

    case: Case
    groups: Mapping[str, list[Finding]]

    @property
    def findings(self) -> list[Finding]:
        """All findings."""
        return [finding for group in self.groups.values() for finding in group]

    @property
    def healthy(self) -> bool:
        """Whether there is no error; warnings are none."""
        return all(one.state != "error" for one in self.findings)


def examine(paths: Paths, name: str, wish: Wish = Wish()) -> Report:
    """Look at an environment, from this machine's tools to the DAGs in Airflow; changes nothing.

    Raises:
        ProjectError: if settings.toml is wrong or has no such environment.
    """
    case = read_case(paths, name)
    local = {name: checks for name, checks in (OFFLINE if wish.offline else LOCAL).items() if wish.wants(name)}
    groups = dict[str, list[Finding]]()
    if local:
        with step(f"looked at {', '.join(local)}"):
            groups |= _all({name: [partial(check, case) for check in checks] for name, checks in local.items()})
    if remote := [name for name in REMOTE if wish.wants(name)]:
        groups |= _remote(case, remote, wish)
    return Report(case, groups)


def _remote(case: Case, names: list[str], wish: Wish) -> dict[str, list[Finding]]:
    try:
        with step(f"asked {'the rehearsal' if case.rehearsal else 'AWS'} about {', '.join(names)}"):
            cloud = ask(case)
            groups = {ACCESS: [ok(f"{case.environment.region}, as {cloud.caller}")]}
            groups |= _all({name: _checks(REMOTE[name], cloud) for name in names})
    except ProjectError as problem:
        return _nobody(case, names, problem)
    if wish.smoke and wish.wants("containers") and not cloud.no_environment:
        groups["containers"] += _caught(partial(_smoke, cloud))
    return groups


def _nobody(case: Case, names: list[str], problem: ProjectError) -> dict[str, list[Finding]]:
    """Return one line for what cannot be asked, and the names of what was not looked at for that."""
    first = Finding("skipped", problem.what, problem.fix) if case.rehearsal else failed(problem)
    return {ACCESS: [first], **{name: [skipped("not looked at")] for name in names}}


def _checks(group: Group, cloud: Cloud) -> list[Check]:
    if finding := group.blocked(cloud):
        return [lambda: [finding]]
    return [partial(check, cloud) for check in group.checks]


def _all(groups: Mapping[str, Sequence[Check]]) -> dict[str, list[Finding]]:
    """Return what checks find, several at once, in their order."""
    with ThreadPoolExecutor(WORKERS) as pool:
        begun = {name: [pool.submit(_caught, check) for check in checks] for name, checks in groups.items()}
        try:
            return {name: [found for future in own for found in future.result()] for name, own in begun.items()}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _caught(check: Check) -> list[Finding]:
    """Return what a check finds; what it was refused is its last finding, and ends no other check."""
    found = list[Finding]()
    try:
        found.extend(check())
    except ProjectError as problem:
        found.append(failed(problem))
    except OSError as problem:
        found.append(error(f"{problem.filename}: {problem.strerror}", "restore it, or mend its permissions"))
    except Exception as problem:
        # An answer of a shape that nobody has thought of; whoever asks for a report wants the rest of it.
        what = f"this check itself failed: {type(problem).__name__}: {problem}"
        found.append(error(what, "look at what it was about by hand, and report it"))
    return found


def _smoke(cloud: Cloud) -> Iterator[Finding]:
    if cloud.live is None or isinstance(cloud.live, ProjectError):
        yield skipped("the smoke test was not run: no release is live")
        return
    smoke(cloud.mwaa, cloud.live.release)
    yield ok(f"a task in the environment found packages, dbt and release {cloud.live.release}")

"""The check, part by part, and its report."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from scripts.console import step
from scripts.doctor.constraints import constraints_of
from scripts.doctor.pins import PYTHON
from scripts.history.text import count
from scripts.migrate.check import ignore, importing, options, packages, ruff, rules, source, wanted
from scripts.migrate.check.finding import Finding, Rule, rank
from scripts.migrate.check.merge import merged
from scripts.migrate.check.packages import Resolver, Side
from scripts.migrate.check.source import Move, Place, Source, read_sources
from scripts.migrate.check.wanted import Wanted, read_wanted
from scripts.paths import Paths
from scripts.versions import known

UNTRIED = Rule("import-skipped", "unknown", "an import that was not tried")
OFFLINE = Rule("constraints", "unknown", "MWAA's constraints, which could not be fetched")


@dataclass(frozen=True)
class Case:
    """What is checked: files, requirements, options (and what to name as their place), and how."""

    paths: Paths
    place: Place
    move: Move
    requirements: Path | None
    given: Mapping[str, str] = field(default_factory=dict)
    where: str = "options"
    images: str | None = None
    seconds: float | None = importing.SECONDS  # None: nothing is imported
    built: Path | None = None  # where DAG files import, if not where they stand


@dataclass(frozen=True)
class Report:
    """What was found, in order, and how many files and DAGs were looked at."""

    case: Case
    findings: list[Finding]
    files: int
    dags: int | None

    @property
    def counts(self) -> Counter[str]:
        """How many findings there are of each severity."""
        return Counter(one.severity for one in self.findings)

    @property
    def seen(self) -> str:
        """What was looked at, for a person."""
        dags = "" if self.dags is None else f", {count(self.dags, 'DAG')} imported"
        return count(self.files, "file") + dags

    @property
    def healthy(self) -> bool:
        """Whether nothing breaks."""
        return not self.counts["breaks"]


def examine(case: Case) -> Report:
    """Look at all parts and return what was found.

    Raises:
        ProjectError: if there is nothing to look at, or a part itself fails.
    """
    move, found = options.check(case.given, case.where, case.move)
    with step("DAG files") as notes:
        sources, unread = read_sources(case.place)
        found += unread + static(case.place, sources, move)
        notes.append(count(len(sources), "file"))
    dags = None
    with tempfile.TemporaryDirectory() as folder:
        pins, told = _requirements(case, Path(folder))
        found += told
        if case.seconds is not None:
            dags, told = _imports(case, sources, move, pins) if pins is not None else (None, [_untried()])
            found += told
    return Report(case, merged(found), len({*(one.name for one in sources), *(one.file for one in unread)}), dags)


def static(place: Place, sources: list[Source], move: Move) -> list[Finding]:
    """Return what can be seen without importing anything."""
    found = [found for one in sources for found in rules.check(one, move)]
    python = [one.name for one in sources if one.tree]
    return [*found, *ruff.check(place.root, python, move), *ignore.check(place, move)]


def _requirements(case: Case, folder: Path) -> tuple[str | None, list[Finding]]:
    """Return the text of what the new environment would install, and what is wrong with what is asked for."""
    file, move = case.requirements, case.move
    asked = read_wanted(file, move) if file else Wanted([], [])
    if not file and case.seconds is None:
        return None, []
    both = " and ".join(dict.fromkeys((move.before, move.after)))
    with step(f"requirements, under MWAA's constraints of {both}") as notes:
        before, found = (None, []) if move.before == move.after else _side(case, move.before)
        after, told = _side(case, move.after)
        if after is None:
            what = f"There are no constraints of Airflow {move.after}."
            raise ProjectError(what, "--to", "go online, then run it again")
        resolve = Resolver(case.paths, folder, asked.requirements)
        pins, unsolved = resolve(after)
        if unsolved and before and _has_python(before.version) and resolve(before, eased=False)[1]:
            unsolved = unsolved._replace(what=f"{unsolved.what} (nor is there a solution for {before.version})")
        notes.append(f"{len(asked.requirements)} asked for")
    found += [*asked.findings, *told, *([unsolved] if unsolved else [])]
    found += packages.check(asked.requirements, before, after)
    # Whatever it is called where it stands.
    return pins, [one._replace(file=file.name if file else "requirements.txt") for one in found]


def _has_python(version: str) -> bool:
    found = known(version)
    return found is not None and found.python == PYTHON


def _side(case: Case, version: str) -> tuple[Side | None, list[Finding]]:
    try:
        held = constraints_of(case.paths, version, case.images)
    except ProjectError:
        return None, [_offline(f"MWAA's constraints of {version} could not be fetched, and there is no lock of them")]
    if held.whole:
        return Side(version, held), []
    lock = held.source.split(" ")[0]
    return Side(version, held), [
        _offline(f"MWAA's constraints of {version} could not be fetched; {lock} has what is in its image")
    ]


def _offline(what: str) -> Finding:
    fix = "run it again where the network lets it, or name a mirror: --images"
    return OFFLINE.at("requirements.txt", 0, what, fix)


def _untried() -> Finding:
    what = "no DAG file was imported: what is in requirements.txt cannot be installed"
    return UNTRIED.at("requirements.txt", 0, what, "mend it, then run this again")


def _imports(case: Case, sources: list[Source], move: Move, pins: str) -> tuple[int | None, list[Finding]]:
    place = case.place
    prefix = "" if place.dags == place.root else f"{place.name(place.dags)}/"
    names = [one.name.removeprefix(prefix) for one in sources if one.tree and one.name.startswith(prefix)]
    folder = case.built or place.dags
    files = [name for name in names if (folder / name).is_file()]
    with step(f"virtualenv of Airflow {move.after} with these requirements"):
        airflow = importing.target(case.paths, move.after, pins)
    wish = importing.Wish(folder, files, place.plugins, move.options, case.seconds or importing.SECONDS)
    with step(f"import of {len(files)} files, with Airflow {move.after}") as notes:
        reports = importing.run(airflow, wish, notes)
        dags = sum(len(one.get("dags", ())) for one in reports)
        notes.append(count(dags, "DAG"))
    return dags, list(importing.findings(reports, prefix))


def all_rules() -> list[Rule]:
    """Return every rule there is, worst first."""
    others = (source, ignore, options, wanted, packages, importing)
    found = [*rules.rules(*rules.MODULES, *others), *ruff.RULES.values(), OFFLINE, UNTRIED]
    return sorted(found, key=lambda one: (rank(one.severity), one.name))

"""What is to be known of a project that was brought in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from scripts.projects import DbtProject


@dataclass(frozen=True)
class Finding:
    """What must change before the project runs here, or what else is different here; where, and what mends it."""

    must: bool
    what: str
    where: str
    fix: str


@dataclass(frozen=True)
class Brought:
    """A project that was brought in, or with --dry-run would be: what was done, what was found, the files written."""

    name: str
    folder: str
    findings: list[Finding]
    notes: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)

    @property
    def blocked(self) -> bool:
        """Whether something must change first."""
        return any(one.must for one in self.findings)


@dataclass(frozen=True)
class Case:
    """What is examined.

    Args:
        project: the copy of the project, under its name here.
        adapter: the database that it was written for, as dbt calls it; None if that is not known.
        targets: what dbt's targets are called here.
        dbt_version: the pinned one.
    """

    project: DbtProject
    adapter: str | None
    targets: tuple[str, ...]
    dbt_version: str

    def where(self, file: Path, line: int | None = None) -> str:
        """Return a file as this repository will have it."""
        name = f"dbt/{self.project.name}/{file.relative_to(self.project.folder).as_posix()}"
        return f"{name}:{line}" if line else name

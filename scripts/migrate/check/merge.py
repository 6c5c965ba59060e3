"""One report out of what several parts say of the same line."""

from __future__ import annotations

import re

from scripts.migrate.check import importing
from scripts.migrate.check.finding import Finding, in_order


def merged(found: list[Finding]) -> list[Finding]:
    """Return findings in order, each once: what an import says of a line that was seen to break proves that."""
    failed = {(one.file, one.line) for one in found if one.proved}
    broken = {(one.file, one.line) for one in found if one.severity == "breaks" and not one.proved}
    said = {(one.file, word) for one in found if one.rule != importing.WARNING.name for word in _words(one)}
    kept = list[Finding]()
    for one in found:
        at = (one.file, one.line)
        # ruff tells of a name where it is used, Airflow's warning where it is imported.
        again = one.rule == importing.WARNING.name and any((one.file, word) in said for word in _words(one))
        if not again and not (one.rule == importing.IMPORT.name and at in broken):
            kept.append(one._replace(proved=True) if at in broken & failed and one.severity == "breaks" else one)
    return _once(in_order(kept))


def _once(found: list[Finding]) -> list[Finding]:
    """Return findings without those of ruff that a rule of ours says of the same line with more."""
    ours = {(one.file, one.line): set[str]() for one in found}
    for one in found:
        if not one.rule.startswith("AIR"):
            ours[one.file, one.line] |= set(one.what.replace(":", " ").replace("'", " ").split())
    return [one for one in found if one.rule != "AIR301" or not ours[one.file, one.line] & set(_words(one))]


def _words(one: Finding) -> list[str]:
    """Return what a finding names."""
    return re.findall(r"`([^`]+)`", one.what)

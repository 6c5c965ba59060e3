"""Airflow's configuration options brought from one version's names to another's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mwaa_dbt.sizing import option_name
from scripts.options import SECRETS_BACKEND
from scripts.refused import refusals
from scripts.versions import number

# Of Airflow 3.3.1: renamed (old → new, since), removed with 3.0, defaults that changed with 3.0 (name → old, new).
FILE = Path(__file__).with_name("options.json")
# Where providers kept the secrets backend before (Airflow 1.10's contrib).
OLD_BACKENDS = ("airflow.contrib.secrets.aws_secrets_manager.SecretsManagerBackend",)
THREE = (3,)


@dataclass
class Mapped:
    """Options by a version's names, and a line for each that has changed or is lost."""

    options: dict[str, str] = field(default_factory=dict)
    renamed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@cache
def _table() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text()))


def bring(options: Mapping[str, str], before: str, after: str) -> Mapped:
    """Return options of one version of Airflow as another one knows them; what it would not heed is left out."""
    found = Mapped()
    for name, value in options.items():
        new, text = rename(name, after), SECRETS_BACKEND if value in OLD_BACKENDS else value
        if new is None:
            found.lost.append(f"option {name} = {value}: Airflow {after} has no such option")
        elif refusal := next(refusals({new: text}, after), None):
            found.lost.append(f"option {name} = {value}: {refusal.why}")
        elif new != name and (new in options or new in found.options):
            found.lost.append(f"option {name} = {value}: {new}, its name in Airflow {after}, is set, too")
        else:
            found.options[new] = text
            if (new, text) != (name, value):
                found.renamed.append(f"{name} → {new}" if new != name else f"{name}: {value} → {text}")
    changed = defaults(options, before, after)
    found.renamed += [
        f"{name} is not set, and {new} by default in Airflow 3; it was {old}" for name, old, new in changed
    ]
    return found


def rename(name: str, after: str) -> str | None:
    """Return what a version of Airflow calls an option, given by that or an older name; None if it has none.

    Back to Airflow 2 only those names are known that this project sets itself.
    """
    version, table = number(after), _table()
    if version < THREE:
        return option_name(name, after)
    if name in table["removed"]:
        return None
    new, since = table["renamed"].get(name, (name, after))
    return name if new == name or version < number(since) else rename(new, after)


def defaults(options: Mapping[str, str], before: str, after: str) -> Iterator[tuple[str, str, str]]:
    """Yield the options that are not set, and whose defaults Airflow 3 has changed: name, old and new value."""
    if number(before) >= THREE or number(after) < THREE:
        return
    for name, (old, new) in _table()["defaults"].items():
        if name not in options:
            yield name, old, new

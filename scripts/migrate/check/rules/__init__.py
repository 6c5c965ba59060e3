"""What ruff does not see, one module per subject; each yields findings of one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from types import ModuleType

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.rules import (
    arguments,
    assets,
    catchup,
    commands,
    configuration,
    context,
    database,
    intervals,
    lookups,
    modules,
    plugins,
    xcom,
)
from scripts.migrate.check.source import Move, Source

# fmt: off
MODULES: tuple[ModuleType, ...] = (
    arguments, assets, catchup, commands, configuration, context, database, intervals, lookups, modules, plugins, xcom,
)
# fmt: on


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield what all of them find in a file."""
    checks: list[Callable[[Source, Move], Iterator[Finding]]] = [one.check for one in MODULES]
    return chain.from_iterable(one(source, move) for one in checks)


def rules(*modules: ModuleType) -> list[Rule]:
    """Return the rules that modules define."""
    return [value for module in modules for value in vars(module).values() if isinstance(value, Rule)]

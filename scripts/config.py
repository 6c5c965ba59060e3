"""`mwaa config`: the Airflow configuration options of an environment, each with its reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from mwaa_dbt.settings import load
from mwaa_dbt.sizing import LEFT, option_name
from mwaa_dbt.tables import Source
from scripts.console import wide
from scripts.known import known_options, mistyped
from scripts.options import MWAA_DEFAULTS, SETTINGS, Option, explained, of_version
from scripts.paths import Paths
from scripts.refused import refusals, refuse


@dataclass(frozen=True)
class Config:
    """An environment's options on its version of Airflow, and what is left to MWAA and Airflow."""

    environment: str
    airflow: str
    options: list[Option]
    left: dict[str, str]


def read_config(paths: Paths, name: str) -> Config:
    """Return the options of an environment; those of settings.toml have their line as source.

    Raises:
        ProjectError: if settings.toml is wrong, has no such environment, or sets what would not be heeded.
    """
    settings, source = load(paths.settings), Source(paths.settings.name, paths.settings.read_text())
    environment, airflow = settings.environment(name), settings.project.airflow_version
    own = environment.airflow
    # Airflow takes two seconds to say what it knows.
    known = known_options(paths, airflow) if own else frozenset[str]()
    refuse(chain(refusals(own, airflow), mistyped(own, known, airflow)), own, source, name)
    options = [_placed(one, source, name) for one in explained(environment, airflow)]
    return Config(name, airflow, options, _left({one.name for one in options}, airflow))


def _placed(option: Option, source: Source, environment: str) -> Option:
    if option.source != SETTINGS:
        return option
    place = source.line(("environments", environment, "airflow", option.name))
    return Option(option.name, option.value, option.reason, place)


def _left(taken: set[str], airflow: str) -> dict[str, str]:
    mwaa = {name: f"{value}, MWAA's own default" for name, value in of_version(MWAA_DEFAULTS, airflow).items()}
    left = {option_name(name, airflow): reason for name, reason in LEFT.items()}
    return {name: reason for name, reason in {**mwaa, **left}.items() if name not in taken}


def as_table(config: Config) -> dict[str, Any]:
    """Return the configuration for a machine; `options` is what MWAA's API takes."""
    return {
        "environment": config.environment,
        "airflow": config.airflow,
        "options": {one.name: one.value for one in config.options},
        "explained": [asdict(one) for one in config.options],
        "left": config.left,
    }


def show(config: Config) -> None:
    """Print a table of the options, and one of what is left alone."""
    title = f"Set on Airflow {config.airflow}"
    options = Table("option", Column("value", overflow="fold"), "why", "source", title=title, title_justify="left")
    for one in config.options:
        options.add_row(*map(escape, (one.name, one.value, one.reason, one.source)))
    left = Table("option", "why", title="Left alone", title_justify="left")
    for name, reason in config.left.items():
        left.add_row(escape(name), escape(reason))
    wide(options)
    wide(left)

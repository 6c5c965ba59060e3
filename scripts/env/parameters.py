"""What the templates of infra/ want to know, and what settings.toml says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Project

LONGEST = 4096  # bytes of one parameter's value
# Where a template has a place for Airflow's configuration options, and how it names log groups.
OPTIONS = "AirflowConfigurationOptions: {}"
LOG_GROUP = "LogGroupName: !Sub airflow-${Name}-"


class _Loader(yaml.SafeLoader):
    """Reads a template without calling its functions: only its parameters are wanted."""


_Loader.add_multi_constructor("!", lambda *_: None)


def wanted(template: str) -> dict[str, Mapping[str, Any]]:
    """Return the parameters of a template."""
    return dict(yaml.load(template, _Loader).get("Parameters") or {})  # noqa: S506 - it is a safe one


def retained(file: Path) -> set[str]:
    """Return the resources of a template that outlive their stack."""
    table = yaml.load(file.read_text(), _Loader)["Resources"]  # noqa: S506 - as above
    return {name for name, one in table.items() if str(one.get("DeletionPolicy", "")).startswith("Retain")}


def known(project: Project, environment: Environment) -> dict[str, str]:
    """Return what settings.toml says, by the parameters' names.

    A setting's parameter has its name in capitals: min_workers of [….mwaa] is MinWorkers, task of [….mwaa.logs] is
    LogsTask. What settings.toml leaves out has its default in the template.
    """
    found = {"AirflowVersion": project.airflow_version, "Bucket": environment.bucket}
    for table in (environment.mwaa, environment.network, environment.alarms):
        found |= _flat(table._asdict()) if table else {}
    return found


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        name = before + key.title().replace("_", "")
        if hasattr(value, "_asdict"):
            found |= _flat(value._asdict(), name)
        elif isinstance(value, tuple):
            found[name] = ",".join(value)
        elif value is not None and not isinstance(value, Mapping):
            found[name] = str(value)
    return found


def filled(file: Path, values: Mapping[str, str]) -> dict[str, str]:
    """Return a template's parameters, as far as they are known.

    Raises:
        ProjectError: if one that has no default is not, or one is too long for CloudFormation.
    """
    table = wanted(file.read_text())
    if missing := [name for name in table if "Default" not in table[name] and name not in values]:
        raise ProjectError(
            f"Nothing says what {missing[0]} is to be.",
            f"infra/{file.name}, Parameters",
            "give it a default there, or the name of a setting",
        )
    found = {name: values[name] for name in table if name in values}
    for name, value in found.items():
        if len(value.encode()) > LONGEST:
            raise ProjectError(
                f"{name} has {len(value.encode()):,} bytes, CloudFormation takes {LONGEST:,}.",
                f"infra/{file.name}, Parameters",
                "shorten it: fewer of them, or shorter names"
                + ("; or a role of your own, `role` in [….mwaa]" if name == "Secrets" else ""),
            )
    return found


def rendered(template: str, name: str, options: Mapping[str, str]) -> str:
    """Return a template with what can be no parameter in it.

    That is Airflow's configuration options, which are a map, and the names of log groups: CloudFormation takes over one
    that is there only if its name is written out (its user guide, import-resources-automatically).

    Args:
        template: the file's text.
        name: the environment's.
        options: section.option → value.
    """
    # JSON is YAML, too.
    table = json.dumps(dict(sorted(options.items())))
    named = template.replace(LOG_GROUP, LOG_GROUP.replace("!Sub ", "").replace("${Name}", name))
    return named.replace(OPTIONS, OPTIONS.replace("{}", table))

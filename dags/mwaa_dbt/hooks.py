"""A dbt group's on-run-start and on-run-end hooks, each run once per DAG run instead of once per dbt process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from cosmos.operators.local import DbtBuildLocalOperator

from mwaa_dbt.airflow_sdk import AirflowSkipException

Kind = Literal["start", "end"]
Results = list[dict[str, Any]]

PROGRAM = Path(__file__).with_name("inside") / "hooks.py"
SWITCH = "MWAA_DBT_HOOKS"
# For every other dbt task of a group: the build has wrapped each hook so that it then runs nothing.
OFF = {SWITCH: "off"}


def has_hooks(folder: Path, kind: Kind) -> bool:
    """Return whether a project, or a package of it, has such hooks; `folder` is where its archive is unpacked."""
    counts = folder / "target" / "hooks.json"
    # An archive without that file has no wrapped hooks either: each dbt process runs them, as dbt does.
    return counts.is_file() and bool(json.loads(counts.read_text()).get(f"on-run-{kind}"))


class HooksOperator(DbtBuildLocalOperator):
    """Run the project's hooks of one kind, and nothing else of it.

    Hooks see one invocation of dbt: `invocation_id` and `run_started_at` are those of the DAG run, the same at its
    start and end, and at the end `results`, `schemas` and `database_schemas` are the whole run's.

    Args:
        kind: "start" or "end".
        results: for the end: a function of the task's context that returns what dbt said of the nodes, in the form of
            run_results.json. Of several results of one node the last counts.
        kwargs: as for Cosmos' operator; `select` and `exclude` are those of the run.
    """

    def __init__(self, *, kind: Kind, results: Callable[[Any], Results] | None = None, **kwargs: Any) -> None:
        env = {**(kwargs.pop("env", None) or {}), SWITCH: "run"}
        super().__init__(**{"task_id": f"dbt_on_run_{kind}", "emit_datasets": False, **kwargs, "env": env})
        self.kind, self.results = kind, results
        self.own_flags: list[str] = []

    def execute(self, context: Any, **kwargs: Any) -> None:
        """Run the hooks.

        Raises:
            AirflowException: if one fails; the task's log has dbt's words.
        """
        with TemporaryDirectory() as folder:
            self.own_flags = [*_identity(context, self.task_group), *self._results(context, Path(folder))]
            super().execute(context, **kwargs)

    def _results(self, context: Any, folder: Path) -> list[str]:
        if self.kind == "start" or self.results is None:
            return []
        if not (found := self.results(context)):
            raise AirflowSkipException("dbt has run no node, and so runs no hooks.")
        (path := folder / "results.json").write_text(json.dumps(found))
        return ["--results", str(path)]

    def build_cmd(self, context: Any, cmd_flags: list[str] | None = None) -> tuple[list[str], Mapping[str, Any]]:
        """Return Cosmos' `dbt build …` as a call of the program that runs hooks only."""
        (dbt, *flags), env = super().build_cmd(context, cmd_flags)
        python = str(Path(dbt).with_name("python"))
        # -P: no folder of DAGs on dbt's path, where it would look for plugins.
        return [python, "-P", str(PROGRAM), *self.own_flags, self.kind, *flags], env

    def calculate_openlineage_events_completes(self, *_: Any, **__: Any) -> bool:
        """Return that there is no lineage: a hook is no node."""
        return False


def _identity(context: Any, group: Any) -> list[str]:
    run = context["dag_run"]
    started = run.start_date.isoformat()
    # A run that is cleared starts anew, and is then another invocation.
    name = f"{run.dag_id}/{run.run_id}/{getattr(group, 'group_id', '')}/{started}"
    return ["--invocation-id", str(uuid5(NAMESPACE_URL, name)), "--started-at", started]

"""Imports of Airflow's modules that are gone, also those inside of functions, which only fail in a task."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source

GONE = Rule("module-gone", "breaks", "an import of a module that is gone")
# What the folders of 2.11.2's airflow have that those of 3.0 to 3.3 do not.
MODULES = re.compile(
    r"airflow\.("
    r"contrib"
    r"|api\.auth|api_connexion|api_internal|auth\.managers\.fab|www|kubernetes|datasets|task\.task_runner"
    r"|operators\.(dummy|dummy_operator|subdag|subdag_operator|\w+_operator|\w+_run_operator)"
    r"|hooks\.(\w+_hook|dbapi|dbapi_hook)"
    r"|sensors\.(\w+_sensor|base_sensor_operator|sql|metastore_partition|smart_sensor|hive_partition\w*)"
    r"|macros\.hive|models\.(dagpickle|dagparam|slamiss|taskfail|dataset|subdag)"
    r"|timetables\.datasets|listeners\.spec\.dataset"
    r"|utils\.(dag_parsing_context|log\.timezone_aware|jwt_signer|file_task_handler)"
    r")(\.|$)"
)  # fmt: skip
FIX = "import it from where ruff or Airflow's upgrade guide says: airflow.sdk, or a provider"


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield imports of what is gone; those that a `try` guards are left alone."""
    if not move.crosses:
        return
    guarded = _guarded(source)
    for node, _ in source.nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if id(node) not in guarded and (found := next(filter(MODULES.match, names), None)):
            yield source.finding(node, GONE, f"there is no {found}", FIX)


def _guarded(source: Source) -> set[int]:
    """Return the imports that stand in a `try`, or below an `if` (a version, TYPE_CHECKING)."""
    around = [node for node, _ in source.nodes if isinstance(node, ast.Try | ast.If)]
    return {id(one) for node in around for one in ast.walk(node)}

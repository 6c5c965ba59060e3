"""Imports of Airflow's modules that are gone, also those inside of functions, which only fail in a task."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source
from scripts.versions import number

GONE = Rule("module-gone", "breaks", "an import of a module that is gone")
# What 2.11.2 imports, and neither 3.0.6 nor 3.3.1; names that packages of both offer as attributes are left out.
MODULES = re.compile(
    r"airflow\.("
    r"contrib|www|kubernetes|api_connexion|api_internal|auth|compat|templates?|task\.task_runner"
    r"|api\.(auth|common\.experimental|client\.(api_client|json_client))"
    r"|executors\.(debug_executor|sequential_executor|celery_executor|kubernetes_executor|local_kubernetes_executor)"
    r"|hooks\.(\w+_hooks?|dbapi)"
    r"|jobs\.backfill_job_runner|lineage\.(backend|entities)|listeners\.spec\.dataset|macros\.hive"
    r"|models\.(dagpickle|dagparam|slamiss|taskfail|dataset)"
    r"|operators\.(dummy|subdag|sql|gcs_to_s3|google_api_to_s3_transfer|\w+_to_(druid|mysql|hive)|\w+_operator)"
    r"|sensors\.((?!time_)\w+_sensor|base_sensor_operator|sql|metastore_partition|smart_sensor|hive_partition\w*)"
    r"|utils\.(compression|configuration|jwt_signer|log\.secrets_masker|mixins|python_virtualenv|sensor_helper|weekday)"
    r")(\.|$)"
)
# Gone later than with 3.0.
LATER = re.compile(r"airflow\.(datasets|timetables\.datasets)(\.|$)")
LATER_SINCE = (3, 2)
FIX = "import it from where ruff or Airflow's upgrade guide says: airflow.sdk, or a provider"


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield imports of what is gone; those that a `try` guards are left alone."""
    if not move.crosses:
        return
    guarded = _guarded(source)
    patterns = [MODULES, LATER] if number(move.after) >= LATER_SINCE else [MODULES]
    for node, _ in source.nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if id(node) not in guarded and (found := _first(names, patterns)):
            yield source.finding(node, GONE, f"there is no {found}", FIX)


def _first(names: list[str], patterns: list[re.Pattern[str]]) -> str | None:
    return next((name for name in names if any(pattern.match(name) for pattern in patterns)), None)


def _guarded(source: Source) -> set[int]:
    """Return the imports that stand in a `try`, or below an `if` (a version, TYPE_CHECKING)."""
    around = [node for node, _ in source.nodes if isinstance(node, ast.Try | ast.If)]
    return {id(one) for node in around for one in ast.walk(node)}

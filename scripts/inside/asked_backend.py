"""A secrets backend that has nothing, and remembers what it was asked for.

A DAG file that asks for a variable or connection while it is parsed gets what the caller's environment has
(AIRFLOW_VAR_…, AIRFLOW_CONN_…), since Airflow asks that next; else the answer is that there is none.
"""

from __future__ import annotations

from typing import Any

from airflow.secrets import BaseSecretsBackend
from asked import remember  # type: ignore[import-not-found]  # beside this file, as Airflow finds it


class Backend(BaseSecretsBackend):  # type: ignore[misc]  # Airflow is not installed here
    """Knows nothing."""

    def get_conn_value(self, conn_id: str, *_: Any, **__: Any) -> None:
        """Remember that a connection was asked for."""
        remember("connection", conn_id)

    def get_variable(self, key: str, *_: Any, **__: Any) -> None:
        """Remember that a variable was asked for."""
        remember("variable", key)

    def get_config(self, key: str) -> None:
        """Say nothing."""

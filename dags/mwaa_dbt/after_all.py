"""One task for the tests of many nodes, which tells of them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmos.operators.local import DbtTestLocalOperator

from mwaa_dbt.airflow_sdk import Asset
from mwaa_dbt.tell import Telling


class AfterAll(Telling, DbtTestLocalOperator):
    """Test what a run has built, and tell of its assets if all tests have passed.

    Airflow tells of a task's outlets when it has ended well. Of a run with a `select` those are left out that it
    has not built.
    """

    # By what `dbt_select` names a node with.
    assets: Mapping[str, Asset]

    def execute(self, context: Any, **more: Any) -> Any:
        """Run the tests."""
        result = super().execute(context, **more)
        if (context["params"].get("select") or "").strip():
            chosen = self.select.split()
            self.outlets = [asset for name, asset in self.assets.items() if name in chosen]
        return result

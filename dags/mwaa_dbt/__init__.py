"""dbt projects as Airflow task groups, on Amazon MWAA.

A DAG file needs two names: `dbt_group` renders a dbt project, `alerts` tells its runs in Slack. A third, `asset`, is
what a DAG is scheduled on to run after a model.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mwaa_dbt.assets import asset
    from mwaa_dbt.group import dbt_group
    from mwaa_dbt.notify import alerts

__all__ = ["alerts", "asset", "dbt_group"]


def __getattr__(name: str) -> Any:
    # The `mwaa` command reads settings with this package, where neither Airflow nor Cosmos is installed.
    if name == "dbt_group":
        from mwaa_dbt.group import dbt_group

        return dbt_group
    if name == "alerts":
        from mwaa_dbt.notify import alerts

        return alerts
    if name == "asset":
        from mwaa_dbt.assets import asset

        return asset
    raise AttributeError(name)

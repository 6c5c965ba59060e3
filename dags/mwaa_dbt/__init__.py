"""dbt projects as Airflow task groups, on Amazon MWAA.

A DAG file needs two names: `dbt_group` renders a dbt project, `failure` tells a failed run in Slack.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mwaa_dbt.group import dbt_group
    from mwaa_dbt.notify import failure

__all__ = ["dbt_group", "failure"]


def __getattr__(name: str) -> Any:
    # The `mwaa` command reads settings with this package, where neither Airflow nor Cosmos is installed.
    if name == "dbt_group":
        from mwaa_dbt.group import dbt_group

        return dbt_group
    if name == "failure":
        from mwaa_dbt.notify import failure

        return failure
    raise AttributeError(name)

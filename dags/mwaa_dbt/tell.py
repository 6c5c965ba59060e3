"""Tasks that end with what dbt said, node by node, and that leave it to the archive."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mwaa_dbt.hooks import OFF

# Not before it is used: most tasks watch, run no dbt, and would pay for the imports.
if TYPE_CHECKING:
    from mwaa_dbt.said import Problems


class Telling:
    """Raise what dbt said, and keep what it left; for any operator of Cosmos that runs dbt."""

    told: Problems = ()
    lost: tuple[str, ...] = ()

    def get_env(self, context: Any) -> dict[str, Any]:
        """Return dbt's environment: its log in JSON, no colours, no hooks, which have tasks of their own, and when."""
        from mwaa_dbt.event_times import variables
        from mwaa_dbt.events import SWITCHES

        return {**SWITCHES, **OFF, **super().get_env(context), **variables(context)}  # type: ignore[misc]

    def calculate_openlineage_events_completes(self, *arguments: Any, **more: Any) -> bool:
        """Read dbt's whole manifest for OpenLineage's events only if its provider is there to send them."""
        return _listens() and bool(super().calculate_openlineage_events_completes(*arguments, **more))  # type: ignore[misc]

    def _handle_post_execution(self, tmp_project_dir: str, context: Any, *rest: Any, **more: Any) -> None:
        from mwaa_dbt.said import archived, project_files

        super()._handle_post_execution(tmp_project_dir, context, *rest, **more)  # type: ignore[misc]
        self.told, self.lost = archived(project_files(self, tmp_project_dir), context["ti"])

    def handle_exception_subprocess(self, result: Any) -> None:
        """Raise ProjectError if dbt failed; Cosmos would log the whole output again, as one line."""
        from mwaa_dbt.said import breakdown, failure

        if result.exit_code:
            raise failure(self.told) if self.told else breakdown(self.lost, result.full_output)


def _listens() -> bool:
    try:
        from airflow.providers.openlineage.conf import is_disabled
    except ImportError:
        return False
    return not is_disabled()


@functools.cache
def telling(kind: type) -> type:
    """Return an operator of Cosmos' that also tells what dbt said; the same class for the same kind."""
    return type(kind.__name__, (Telling, kind), {"__module__": __name__, "__doc__": kind.__doc__})

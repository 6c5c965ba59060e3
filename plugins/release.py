"""Import the release's own code before a task is forked, so that not each task does.

A release comes with the DAGs, long after Airflow has loaded its plugins: what tasks are forked from looks for a new one
before each fork. A task still opens the release that is whole at that moment (mwaa_dbt.reader), and drops what
was imported of another. With a version of Airflow that was not tried, or that starts each task anew (2), nothing is
imported.
"""

import functools
import importlib
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow import __version__
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from supervisor import TRIED

MODULES = ("mwaa_dbt.group", "mwaa_dbt.kinds", "mwaa_dbt.notify")

log = logging.getLogger(__name__)


def import_newest(kept: dict[str, int]) -> None:
    """Import the code of the newest release that is unpacked here; `kept` has what was found the last time."""
    pointer = Path(conf.get("core", "dags_folder"), "dbt", "current.json")
    try:
        changed = pointer.stat().st_mtime_ns
        if kept.get("changed") == changed or (folder := _newest(pointer)) is None:
            return
        kept["changed"] = changed
        _import(folder / "dags")
    # Whatever it is, the task meets it, too, and tells it in its log.
    except Exception as error:
        log.info("No release is imported before the fork: %r", error)


def _newest(pointer: Path) -> Path | None:
    home = Path(os.environ.get("MWAA_DBT_HOME", "/tmp/mwaa_dbt"), "releases")  # noqa: S108 - as mwaa_dbt.reader
    container = os.environ.get("MWAA_DBT_CONTAINER")
    for digest in json.loads(pointer.read_text())["releases"]:
        release = Path(home, digest, "release.json")
        if not release.is_file():
            # The first task unpacks it.
            return None
        if not container or json.loads(release.read_text())["container"] == container:
            return release.parent
    return None


def _import(dags: Path) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "mwaa_dbt"]:
        del sys.modules[name]
    # Only for now: a module of the DAG folder may be called as one that Airflow imports later.
    sys.path.insert(0, str(dags))
    try:
        for name in MODULES:
            importlib.import_module(name)
        sys.modules["mwaa_dbt.settings"].runtime()
    finally:
        sys.path.remove(str(dags))


def beforehand(start: Callable[..., Any]) -> Callable[..., Any]:
    """Return the start of a task's process, with what it needs imported."""
    kept: dict[str, int] = {}

    @functools.wraps(start)
    def started(*of_what: Any, **arguments: Any) -> Any:
        import_newest(kept)
        return start(*of_what, **arguments)

    return started


def install() -> None:
    """Have each start import first, once: Airflow executes this file twice, for its core and for tasks."""
    from airflow.sdk.execution_time.supervisor import ActivitySubprocess

    if not hasattr(ActivitySubprocess.start, "__wrapped__"):
        # A class method: what it is called with begins with the class.
        start = beforehand(ActivitySubprocess.start.__func__)  # type: ignore[attr-defined]
        ActivitySubprocess.start = classmethod(start)  # type: ignore[assignment,method-assign]


if __version__ in TRIED:
    install()


class Release(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "release"

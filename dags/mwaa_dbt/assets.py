"""dbt's tables as Airflow's assets: what a DAG can be scheduled on, and what the tasks that build them tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mwaa_dbt import slices
from mwaa_dbt.airflow_sdk import Asset
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.nodes import read_project
from mwaa_dbt.project import Unpacked, open_project
from mwaa_dbt.settings import runtime
from mwaa_dbt.tables import suggestion

# Of an account that is named by its locator alone.
DEFAULT_PLACE = ("us-west-1", "aws")
# The URIs that DAG files have asked for in this process: the build looks whether some task tells of each.
asked: set[str] = set()


def asset(project: str, node: str) -> Asset:
    """Return the asset of a model, seed or snapshot, for the `schedule` of a DAG: it runs whenever that was built.

    The task that builds the node tells of it when it has ended well, its own tests passed; never if it was skipped.

    Args:
        project: the name of a folder in dbt/.
        node: its name; a version as dbt writes it, orders.v2.

    Raises:
        ProjectError: if the release has no such project, or that no such table.
    """
    release = open_project(project)
    found = [one for part in slices.find(release.folder, node.replace(".", "_")) for one in _relations(part)]
    if not found:
        raise _unknown(release, node)
    made = of_relation(found[0])
    asked.add(made.uri)
    return made


def of_relation(relation: str) -> Asset:
    """Return the asset of <database>.<schema>.<table>, called as Cosmos calls it on Airflow 3."""
    # Slashes on Airflow 2, too: what waits for an asset then still does after an upgrade in place.
    account = _account(runtime().environment.snowflake.account)
    return _made(f"snowflake://{account}/{quote(relation).replace('.', '/')}")


def _made(uri: str) -> Asset:
    """Return the asset of a URI that is in its normal form.

    Airflow would bring it into that form, and to know how, load its providers, boto3 among them, wherever a DAG is
    parsed and in the process of each task.
    """
    made = Asset("made")
    for field in ("name", "uri"):
        if hasattr(made, field):
            object.__setattr__(made, field, uri)
    return made


def _account(name: str) -> str:
    """Return an account as OpenLineage names it, and so Cosmos: a locator with region and cloud.

    The rule is that of openlineage-integration-common (provider/snowflake.py), which a task would pay for importing.
    """
    account, *place = name.split(".")
    return account if "-" in account else ".".join((account, *place, *DEFAULT_PLACE[len(place) :]))


def _relations(part: Mapping[str, Any]) -> list[str]:
    return [about["relation"] for about in part["nodes"].values() if "relation" in about]


def _unknown(release: Unpacked, node: str) -> ProjectError:
    project = read_project(release.folder)
    known = sorted(project.labels.get(name) or name.split(".", 2)[2] for name in project.relations)
    inlined = any(name.split(".", 2)[2] == node for name in project.nodes)
    why = " is no table of" if inlined else " is not in"
    return ProjectError(
        f"{node!r}{why} the dbt project {release.name!r}.{suggestion(node, known)}",
        f"asset({release.name!r}, {node!r})",
        f"name a model, seed or snapshot of dbt/{release.name} that is neither ephemeral nor disabled",
    )

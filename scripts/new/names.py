"""Names that dbt, Airflow, Snowflake and Python's imports all take."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from mwaa_dbt.errors import ProjectError

LONGEST = 50  # characters; Snowflake takes more, but a path of MWAA's REST API only 64 in all
FORM = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST - 1}}}")
ALLOWED = f"small letters, digits and _, a letter first, no dbt_ in front, at most {LONGEST} characters"
# dags/ is on sys.path: a file of such a name would be imported in the place of what is meant.
TAKEN = {"airflow", "cosmos", "dbt", "mwaa_dbt", "mwaa_check", *sys.stdlib_module_names}


def check_name(kind: str, name: str) -> str:
    """Return a name that may be given to a new dbt project, DAG or model.

    Raises:
        ProjectError: with the allowed form, and a name of that form if one can be made of it.
    """
    if not FORM.fullmatch(name) or name.startswith("dbt_"):
        close = proposal(name)
        raise ProjectError(
            f"{name!r} cannot name a {kind}. Allowed: {ALLOWED}.",
            "NAME",
            f"call it {close}" if close else "choose another name",
        )
    if kind != "model" and name in TAKEN:
        raise ProjectError(
            f"{name!r} cannot name a {kind}: Python would import it in the place of its own {name}.",
            "NAME",
            f"call it {name}_models",
        )
    return name


def proposal(name: str) -> str:
    """Return the allowed name that is next to a name; empty if there is none."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    while plain.startswith("dbt_"):
        plain = plain.removeprefix("dbt_")
    plain = re.sub(r"^[0-9_]+", "", plain)[:LONGEST].rstrip("_")
    return plain if plain != "dbt" else ""


def several(names: Iterable[str]) -> str:
    """Return names as a sentence lists them."""
    return ", ".join(names) or "none"

"""What dbt says of a project that was brought in: its packages, its parse, its macros, its models as SQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts import connections
from scripts.console import step
from scripts.dbt import Dbt
from scripts.new.dialect import examine_sql
from scripts.new.finding import Case, Finding
from scripts.new.static import OURS, foreign_macros, needed_variables
from scripts.projects import LOCK

# In the examined copy alone: what another adapter's form of a macro is called through.
MADE_UP = "mwaa_new_made_up.sql"
STUB = "{{% macro snowflake__{base}() %}}{{{{ return({adapter}__{base}(*varargs, **kwargs)) }}}}{{% endmacro %}}\n"
# Of dbt-snowflake, and of dbt itself.
MATERIALIZED = (
    "view",
    "table",
    "incremental",
    "ephemeral",
    "dynamic_table",
    "seed",
    "snapshot",
    "test",
    "unit",
    "clone",
)
# dbt then renders without asking the warehouse, which may not be there.
OFFLINE = ("--no-introspect", "--no-populate-cache")


def vendor(case: Case, dbt: Dbt, installed: Path) -> Iterator[Finding | str]:
    """Install the packages of the staged copy, lock them, and yield what was done or what is in the way.

    Args:
        case: the project.
        dbt: with the profile of the copy.
        installed: the packages beside the original, taken where none can be fetched.
    """
    project = case.project
    if not project.wants_packages:
        return
    lock = project.folder / LOCK
    locked = lock.is_file()
    try:
        with step("dbt deps"):
            dbt.run(project, "deps")
    except ProjectError as error:
        shutil.rmtree(project.packages, ignore_errors=True)
        if installed.is_dir() and any(installed.iterdir()):
            shutil.copytree(installed, project.packages)
            yield (
                "packages as they were installed beside the original, since not all could be fetched: "
                f"`git add --force dbt/{project.name}/{project.packages.name}` commits them"
            )
            return
        file = next(name for name in ("packages.yml", "dependencies.yml") if project.read(name).get("packages"))
        yield Finding(
            True,
            f"Its packages cannot be fetched: {error.what.removeprefix('`dbt deps` failed: ')}",
            case.where(project.folder / file),
            f"mend the entry; in a closed network commit dbt/{project.name}/{project.packages.name}, filled by "
            "`dbt deps` where they can be reached",
        )
        return
    yield f"packages {'by the lock' if locked else f'locked: {LOCK} was written'}"


def examine_parsed(case: Case, dbt: Dbt) -> Iterator[Finding]:
    """Parse and compile a project whose packages are there, and yield what is in the way of running it here.

    What the files have told already (a variable, a macro) is made up in the copy, so that dbt gets further.
    """
    missing = foreign_macros(case)
    _make_up(case, missing)
    placeholders = dict.fromkeys(needed_variables(case), connections.PLACEHOLDER)
    dbt = replace(dbt, environment={**dbt.environment, **placeholders})
    try:
        with step("dbt parse"):
            dbt.parse(case.project)
    except ProjectError as error:
        yield from map(partial(_no_macro, case), missing.items())
        yield Finding(True, error.what, error.where, error.fix)
        return
    manifest = json.loads((case.project.folder / "target/manifest.json").read_bytes())
    yield from _macros(case, manifest, missing)
    yield from _materialized(case, manifest)
    with step("each model as SQL, read as Snowflake reads it") as notes:
        done = dbt.attempt(case.project, "compile", *OFFLINE)
        models = list(_compiled(case, manifest))
        notes.append(f"{len(models)} models")
        yield from examine_sql(case, models)
        # What needs the warehouse to be compiled is told by the first run.
        if open_ones := _uncompiled(done.events):
            notes.append(f"{open_ones} not compiled without a warehouse")


def _make_up(case: Case, missing: Mapping[str, tuple[str, Path, int]]) -> None:
    if missing:
        folder = str((case.project.read("dbt_project.yml").get("macro-paths") or ["macros"])[0])
        path = case.project.folder / folder / MADE_UP
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(STUB.format(base=base, adapter=adapter) for base, (adapter, *_) in missing.items()))


def _macros(case: Case, manifest: dict[str, Any], missing: Mapping[str, tuple[str, Path, int]]) -> Iterator[Finding]:
    """Yield the macros that only another adapter has a form of; dbt's own and packages' may have one, too."""
    real = [one for one in manifest["macros"].values() if Path(one["original_file_path"]).name != MADE_UP]
    names = {macro["name"] for macro in real}
    for base, about in missing.items():
        if not names & {f"{OURS}__{base}", f"default__{base}"}:
            yield _no_macro(case, (base, about))


def _no_macro(case: Case, found: tuple[str, tuple[str, Path, int]]) -> Finding:
    base, (adapter, path, line) = found
    return Finding(
        True,
        f"Macro {base} has a form for {adapter}, none for {OURS} and no default.",
        case.where(path, line),
        f"add the macro {OURS}__{base}",
    )


def _materialized(case: Case, manifest: dict[str, Any]) -> Iterator[Finding]:
    own = {macro["name"] for macro in manifest["macros"].values()}
    for node in manifest["nodes"].values():
        kind = str(node.get("config", {}).get("materialized", ""))
        known = kind in MATERIALIZED or {f"materialization_{kind}_default", f"materialization_{kind}_{OURS}"} & own
        if node["resource_type"] == "model" and not known:
            yield Finding(
                True,
                f"{node['name']} is materialized as {kind}, which Snowflake's adapter does not have.",
                case.where(case.project.folder / node["original_file_path"]),
                "use table, or dynamic_table for what Snowflake keeps fresh itself",
            )


def _compiled(case: Case, manifest: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    root = case.project.folder
    for node in manifest["nodes"].values():
        file = root / node["original_file_path"]
        made = root / "target/compiled" / node["package_name"] / node["original_file_path"]
        if node["resource_type"] == "model" and made.is_file() and file.is_file() and file.suffix == ".sql":
            yield file, made.read_text()


def _uncompiled(events: list[dict[str, Any]]) -> int:
    failed = {
        event["data"]["node_info"]["unique_id"]
        for event in events
        if event["info"]["name"] == "NodeFinished" and event["data"]["node_info"].get("node_status") == "error"
    }
    return len(failed)

"""On-run hooks of a staged dbt project, wrapped so that an environment variable turns them off."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from scripts.projects import DbtProject

KINDS = ("on-run-start", "on-run-end")
# mwaa_dbt.hooks.SWITCH. `execute` comes first: while dbt parses, the variable is then not read and so is no part of the
# partial parse, and what the hook refers to is found as ever.
BEGIN = "{% if not execute or env_var('MWAA_DBT_HOOKS', 'run') == 'run' %}"
END = "{% endif %}"

type Table = dict[str, Any]


def wrap_hooks(project: DbtProject) -> None:
    """Wrap the hooks of a staged project and of its installed packages; done twice, it changes nothing more."""
    _wrap_file(project.folder / "dbt_project.yml")
    for package in sorted(project.packages.iterdir()) if project.packages.is_dir() else ():
        _own(package, project.folder.parent)
        _wrap_file(package / "dbt_project.yml")


def _own(package: Path, stage: Path) -> None:
    """Replace a link to somebody's sources (`dbt deps` links local packages) by a copy."""
    source = package.resolve()
    if package.is_symlink() and source.is_dir() and not source.is_relative_to(stage.resolve()):
        package.unlink()
        shutil.copytree(source, package)


def _wrap_file(path: Path) -> None:
    if path.is_file() and (text := path.read_text("utf-8")) != (wrapped := wrap(text)):
        path.write_text(wrapped, "utf-8")


def wrap(text: str) -> str:
    """Return the text of a dbt_project.yml with each hook wrapped; all else keeps its line."""
    table = _load(text)
    if not isinstance(table, dict) or not any(_hooks(table.get(kind)) for kind in KINDS):
        return text
    wanted = {**table, **{kind: _wrapped(table[kind]) for kind in KINDS if _hooks(table.get(kind))}}
    if wanted == table:
        return text
    rewritten = _rewrite(text, wanted)
    # Anchors and merges reach beyond the lines that are rewritten.
    return rewritten if _load(rewritten) == wanted else yaml.safe_dump(wanted, sort_keys=False)


def _load(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        # dbt says what is wrong with the file, and does so first.
        return None


def _hooks(value: Any) -> bool:
    return bool(value) and isinstance(value, str | list)


def _wrapped(hooks: str | list[Any]) -> list[Any]:
    return [_wrap(hook) for hook in ([hooks] if isinstance(hooks, str) else hooks)]


def _wrap(hook: Any) -> Any:
    return f"{BEGIN}{hook}{END}" if isinstance(hook, str) and not hook.startswith(BEGIN) else hook


def _rewrite(text: str, wanted: Table) -> str:
    """Write each kind's hooks in one line, followed by as many empty lines as they took before."""
    for key, value in reversed(yaml.compose(text, Loader=yaml.SafeLoader).value):  # type: ignore[union-attr]
        if _hooks(wanted.get(key.value)) and key.value in KINDS:
            end = key.end_mark.index
            old = text[end : value.end_mark.index].rstrip()
            text = f"{text[:end]}: {_flow(wanted[key.value])}{_lines(old)}{text[end + len(old) :]}"
    return text


def _flow(hooks: list[Any]) -> str:
    dumped = yaml.safe_dump(hooks, default_style='"', default_flow_style=True, width=float("inf"))
    return str(dumped).strip()


def _lines(text: str) -> str:
    return "\n" * len(re.findall(r"\n", text))

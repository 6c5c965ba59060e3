"""What keeps the house in order outside of `make check`: hooks before a commit, and updates of pins."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lint.test_house import ROOT, tracked

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
RENOVATE: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text())
BIN = Path(sys.executable).parent
# manager → what it has to find.
PINNED = {
    "pip-compile": {"dbt/requirements.txt"},
    "pip_requirements": {name for name in tracked() if re.fullmatch(r"requirements\.txt|locks/.*\.txt", name)},
    "gitlabci": {"ci/gitlab.yml"},
}


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of .venv in the project's folder."""
    command = [str(BIN / arguments[0]), *arguments[1:]]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_hooks_are_local() -> None:
    """Every hook is a tool of .venv, of which uv.lock has the version; none is fetched from anywhere."""
    assert [one["repo"] for one in HOOKS] == ["local"]
    for hook in HOOKS[0]["hooks"]:
        assert hook["language"] in ("system", "fail")
        program = hook["entry"].split()[0]
        assert hook["language"] == "fail" or (ROOT / program).is_file(), program
    assert check("pre-commit", "validate-config").returncode == 0


def test_hook_says_what_is_wrong(tmp_path: Path) -> None:
    """SQL that Snowflake's dialect does not take is refused with its line, and a name that dbt would import."""
    model = tmp_path / "wrong.sql"
    model.write_text("SELECT a from b where (\n")
    done = check("sqlfluff", "lint", "--nocolor", "--config", str(ROOT / ".sqlfluff"), str(model))
    assert done.returncode == 1
    assert "PRS" in done.stdout
    (names,) = [hook for hook in HOOKS[0]["hooks"] if hook["id"] == "names"]
    assert re.search(names["files"], "dags/dbt_orders.py")
    assert not re.search(names["files"], "dags/orders_dbt.py")


def test_updates_are_valid() -> None:
    """Renovate's own schema takes renovate.json, and would not take a misspelt key's value."""
    done = check("check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("manager", PINNED)
def test_updates_find_the_pins(manager: str) -> None:
    """Each manager's patterns match the files that it is there for, and no others of them."""
    patterns = [one.strip("/") for one in RENOVATE[manager]["managerFilePatterns"]]
    found = {name for name in tracked() if any(re.search(one, name) for one in patterns)}
    assert found == PINNED[manager]


def test_update_finds_uv() -> None:
    """The pattern for startup.sh finds each uv in it."""
    (own,) = RENOVATE["customManagers"]
    (pattern,) = own["matchStrings"]
    found = re.findall(pattern.replace("(?<", "(?P<"), (ROOT / "startup.sh").read_text())
    assert found == re.findall(r"uv==([\d.]+)", (ROOT / "startup.sh").read_text())
    assert found

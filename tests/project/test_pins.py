"""Pins and locks: what stands in two places says the same in both."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
AIRFLOW: str = tomllib.loads((ROOT / "settings.toml").read_text())["project"]["airflow_version"]
READY = sorted(ROOT.glob("locks/requirements-*.txt"))


def pins(name: str) -> dict[str, str]:
    """Return the pinned versions of a requirements file."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!-]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def test_airflow_has_one_version() -> None:
    """requirements.txt pins the Airflow of settings.toml; another would replace MWAA's own."""
    assert pins("requirements.txt")["apache-airflow"] == AIRFLOW


def test_lock_has_requirements() -> None:
    """The rehearsal installs what MWAA will: every pin of requirements.txt is in the lock of that Airflow."""
    wanted, locked = pins("requirements.txt"), pins(f"locks/airflow-{AIRFLOW}.txt")
    assert {name: locked.get(name) for name in wanted} == wanted


def test_versions_have_requirements() -> None:
    """Each version of Airflow that has a lock has a requirements.txt, too, to move to."""
    locked = {path.stem.removeprefix("airflow-") for path in ROOT.glob("locks/airflow-*.txt")}
    assert {path.stem.removeprefix("requirements-") for path in READY} == locked


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_requirements_fit_their_lock(path: Path) -> None:
    """A requirements.txt of another Airflow has the packages of the project's own, at the pins of its lock.

    Airflow 2 needs one package more, which belongs to Airflow 3 itself.
    """
    version, wanted = path.stem.removeprefix("requirements-"), pins(f"locks/{path.name}")
    locked = pins(f"locks/airflow-{version}.txt")
    assert wanted["apache-airflow"] == version
    assert {name: locked.get(name) for name in wanted} == wanted
    own = pins("requirements.txt")
    assert own.keys() - {"apache-airflow-providers-standard"} <= wanted.keys()
    assert wanted["astronomer-cosmos"] == own["astronomer-cosmos"]


def test_own_version_is_ready() -> None:
    """What is kept for the project's own Airflow is what it has."""
    assert pins(f"locks/requirements-{AIRFLOW}.txt") == pins("requirements.txt")


def test_uv_has_one_version() -> None:
    """startup.sh fetches the uv that the tools here use."""
    (own,) = re.findall(r'"uv==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert set(re.findall(r"\buv==([\d.]+)", (ROOT / "startup.sh").read_text())) == {own}


def test_dbt_pins_fit_wishes() -> None:
    """dbt/requirements.txt was made from dbt/requirements.in as it is now."""
    lines = [line.split(" #")[0].strip() for line in (ROOT / "dbt" / "requirements.in").read_text().splitlines()]
    wishes = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found = pins("dbt/requirements.txt")
    assert wishes
    assert [str(wish) for wish in wishes if found[canonicalize_name(wish.name)] not in wish.specifier] == []


def test_answers_are_the_projects() -> None:
    """What Copier goes by at the next update is what the project runs (docs/template.md says how both are changed)."""
    file = ROOT / ".copier-answers.yml"
    if file.is_file():
        assert yaml.safe_load(file.read_text())["airflow_version"] == AIRFLOW

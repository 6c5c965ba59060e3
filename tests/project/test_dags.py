"""DAG files: each is in the build, which has imported it without dbt, network or connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.paths import Paths
from scripts.release import read_record

ROOT = Path(__file__).parents[2]
FILES = sorted(path.name for path in (ROOT / "dags").glob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_file_is_no_plugin_of_dbt(name: str) -> None:
    """No DAG file is called dbt_*: dbt imports every top-level module of that name as its plugin (Cosmos #1673)."""
    assert not name.startswith("dbt_")


@pytest.mark.parametrize("name", FILES)
def test_file_makes_a_dag(name: str) -> None:
    """The build of the rehearsal has a DAG of each file; `make test` has just made it."""
    build = Paths(ROOT).build("local")
    if not build.is_dir():
        pytest.skip("nothing is built: `make build`")
    assert name in {dag["file"] for dag in read_record(build)["dags"]}

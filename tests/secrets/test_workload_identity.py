"""Login as MWAA's execution role: the profile that a task has, in dbt itself, up to where AWS would be asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Slack, Snowflake, shipped
from scripts import connections
from scripts.paths import Paths
from scripts.profiles import ProfileWriter
from scripts.secrets.adapter import check_adapter
from scripts.venvs import airflow_venv, dbt_venv

ROOT = Path(__file__).parents[2]
SNOWFLAKE = Snowflake("org-acc", "MWAA_DBT", "TRANSFORMER", "WH", "DB", "workload_identity")
ENVIRONMENT = Environment("eu-central-1", "b", SNOWFLAKE, Slack("#x"))
# The first dbt-snowflake that passes the provider on; it runs with the dbt that is pinned.
NEWER = "dbt-snowflake==1.12.3"
# Runs dbt with the adapter of another folder: dbt's own package stands before those on PYTHONPATH.
WITH_NEWER = """
import sys, dbt.adapters, dbt.include
folder = sys.argv.pop(1)
dbt.adapters.__path__.insert(0, folder + "/dbt/adapters")
dbt.include.__path__.insert(0, folder + "/dbt/include")
from dbt.cli.main import cli
cli()
"""


def profile(folder: Path, environment: Environment, connection: dict[str, Any]) -> dict[str, Any]:
    """Return the profile that Cosmos makes of a connection, and leave it in the folder."""
    dags = folder / "dags"
    shutil.copytree(ROOT / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    (dags / "mwaa_dbt" / "settings.json").write_text(shipped("prod", environment))
    secrets = ProfileWriter(airflow_venv(Paths(ROOT), "3.3.1"), dags, folder).write(["shop"], environment, connection)
    assert secrets == {}
    table = yaml.safe_load((folder / "shop" / "profiles.yml").read_text())
    return dict(table["shop"]["outputs"]["prod"])


def dbt(folder: Path, *arguments: str, newer: Path | None = None) -> tuple[str, float]:
    """Run dbt in a project of its own, where there are no AWS credentials; return what it says, and seconds."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "one.sql").write_text("select 1 as one")
    (folder / "dbt_project.yml").write_text("name: shop\nversion: 1.0.0\nprofile: shop\nmodel-paths: [models]\n")
    own = dbt_venv(Paths(ROOT)).environment
    no_aws = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-central-1", "HOME": str(folder)}
    executable = Path(own["MWAA_DBT_EXECUTABLE"])
    program = [executable.with_name("python"), "-c", WITH_NEWER, newer] if newer else [executable]
    begun = time.monotonic()
    command = [*map(str, program), *arguments, "--profiles-dir", str(folder / "shop"), "--target", "prod"]
    done = subprocess.run(
        command, cwd=folder, env={**own, **no_aws}, capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout + done.stderr, time.monotonic() - begun


def test_profile_has_no_secret(tmp_path: Path) -> None:
    """The profile names the role's identity, is the same in build and task, and dbt parses with it."""
    made = profile(tmp_path, ENVIRONMENT, connections.snowflake(ENVIRONMENT, connections.PLACEHOLDER))
    assert made == {
        "type": "snowflake",
        "account": "org-acc",
        "user": "MWAA_DBT",
        "role": "TRANSFORMER",
        "warehouse": "WH",
        "database": "DB",
        "schema": "shop",
        "threads": 4,
        "authenticator": "WORKLOAD_IDENTITY",
        "workload_identity_provider": "AWS",
    }
    pushed = connections.snowflake(ENVIRONMENT, "whatever is given")
    assert profile(tmp_path, ENVIRONMENT, pushed) == made
    text, _ = dbt(tmp_path, "parse")
    assert "Performance info" in text, text


def test_pinned_dbt_keeps_the_provider(tmp_path: Path) -> None:
    """The dbt-snowflake that is pinned drops the provider, which is why the build refuses it."""
    profile(tmp_path, ENVIRONMENT, connections.snowflake(ENVIRONMENT, connections.PLACEHOLDER))
    with pytest.raises(ProjectError, match=r"needs dbt-snowflake 1\.12; dbt-snowflake==1\.11\.\d+ is pinned"):
        check_adapter(ROOT, SNOWFLAKE)
    text, _ = dbt(tmp_path, "debug")
    assert "workload_identity_provider must be set to one of" in text, text


def test_newer_dbt_asks_aws(tmp_path: Path) -> None:
    """With the next dbt-snowflake the login gets as far as the role's credentials, and fails soon without them."""
    package = tmp_path / "package"
    command = [
        Path(sys.executable).with_name("uv"),
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        package,
        NEWER,
    ]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    profile(tmp_path, ENVIRONMENT, connections.snowflake(ENVIRONMENT, connections.PLACEHOLDER))
    text, seconds = dbt(tmp_path, "debug", newer=package)
    assert (
        "No AWS credentials were found. Ensure the application is running on AWS with an IAM role attached." in text
    ), text
    assert seconds < 60
    (tmp_path / "dbt").mkdir()
    (tmp_path / "dbt" / "requirements.txt").write_text(f"{NEWER}\n")
    check_adapter(tmp_path, SNOWFLAKE)


def test_wrong_combinations(tmp_path: Path) -> None:
    """A connection of another authentication makes no profile for the role, and the fault has a name."""
    other = ENVIRONMENT._replace(snowflake=SNOWFLAKE._replace(authentication="key_pair"))
    with pytest.raises(ProjectError, match="private_key"):
        profile(tmp_path, other, connections.snowflake(ENVIRONMENT, connections.PLACEHOLDER))
    check_adapter(ROOT, other.snowflake)

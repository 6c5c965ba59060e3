"""What is refused before a deploy touches anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket
from scripts.deploy import verbs
from scripts.paths import Paths
from scripts.target import Target
from tests.deploy.conftest import Built
from tests.deploy.test_drift import target  # noqa: F401 - a fixture

Make = Callable[..., Built]


def test_bucket_without_versions_is_refused(target: Target, make: Make, bucket: Bucket) -> None:  # noqa: F811
    """MWAA demands a versioned bucket; the error has the command that makes it one."""
    client = boto3.client(
        "s3",
        endpoint_url=target.aws.endpoint,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(ProjectError, match="keeps no versions") as told:
        verbs.plan(target, make("A").source)
    assert "put-bucket-versioning" in told.value.fix
    assert bucket.objects() == {}


def test_bucket_elsewhere_is_refused(target: Target, make: Make) -> None:  # noqa: F811 - the fixture's value
    """A bucket of another region is one that MWAA does not find."""
    there = replace(target, settings=target.settings._replace(region="us-west-2"))
    with pytest.raises(ProjectError, match="is in eu-central-1, not us-west-2") as told:
        verbs.plan(there, make("A").source)
    assert told.value.where.endswith("region")


def test_build_of_other_environment_is_refused(make: Make, tmp_path: Path) -> None:
    """A build folder that was renamed is still that of its environment."""
    (tmp_path / "build").mkdir()
    make("A").folder.rename(tmp_path / "build" / "prod")
    with pytest.raises(ProjectError, match="is of environment 'test'"):
        verbs.built(Paths(tmp_path), "prod")


def test_damaged_build_is_refused(make: Make, tmp_path: Path) -> None:
    """A build in which a file is missing or was edited is not sent."""
    (tmp_path / "build").mkdir()
    folder = make("A").folder.rename(tmp_path / "build" / "test")
    (folder / "requirements.txt").write_text("edited")
    with pytest.raises(ProjectError, match=r"requirements.txt is missing or changed"):
        verbs.built(Paths(tmp_path), "test")


def test_old_record_is_told(make: Make, tmp_path: Path) -> None:
    """A build of an older version of the program says so."""
    (tmp_path / "build").mkdir()
    folder = make("A").folder.rename(tmp_path / "build" / "test")
    (path,) = folder.glob("releases/*/release.json")
    record = json.loads(path.read_text())
    del record["sources"]
    path.write_text(json.dumps(record))
    with pytest.raises(ProjectError, match="its record lacks sources"):
        verbs.built(Paths(tmp_path), "test")

"""A small project with a build, the real command in it, and AWS on loopback."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from scripts.fingerprint import fingerprint
from scripts.paths import Paths
from tests import serving
from tests.command import Done, mwaa
from tests.deploy.conftest import Shape, build
from tests.env.service import Gate, Mwaa, gate_running, mwaa_running
from tests.infra.templates import REGION
from tests.shop import settings

ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count()
KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": REGION}


@dataclass(frozen=True)
class Site:
    """A project with one environment, `prod`, and what stands for AWS."""

    root: Path
    name: str
    gate: Gate
    mwaa: Mwaa

    @property
    def environment(self) -> dict[str, str]:
        """What the command has of its caller's environment."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.root),
            "COLUMNS": "200",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_ENDPOINT_URL": self.gate.url,
            "AWS_ENDPOINT_URL_MWAA": self.mwaa.url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        }

    def env(self, *arguments: str) -> Done:
        """Run `mwaa env …` with --env prod, as a pipeline does: without a terminal."""
        named = [] if arguments[0] == "clone" else ["--env", "prod"]
        return mwaa(["env", arguments[0], *named, *arguments[1:]], self.root, self.environment)

    def client(self, service: str) -> Any:
        """Return a client of moto's, past the gate."""
        return boto3.client(service, endpoint_url=self.gate.upstream, **KEYS)

    def add(self, text: str) -> None:
        """Add lines to settings.toml, and make the build that of these sources again."""
        with (self.root / "settings.toml").open("a") as file:
            file.write(f"\n{text}\n")
        self.sign()

    def set(self, key: str, line: str) -> None:
        """Add a line behind another one of settings.toml."""
        file = self.root / "settings.toml"
        text = file.read_text()
        assert text.count(f"\n{key}") == 1, f"{key} is not there once"
        file.write_text(re.sub(rf"(\n{re.escape(key)}[^\n]*)", rf"\1\n{line}", text))
        self.sign()

    def rebuild(self, shape: Shape) -> None:
        """Make another build."""
        shutil.rmtree(self.root / "build" / "prod")
        build(shape, self.root.parent / f"made-{next(NUMBERS)}").folder.rename(self.root / "build" / "prod")
        self.sign()

    def sign(self) -> None:
        """Say in the build's record that it is one of the sources as they are now."""
        (record,) = (self.root / "build" / "prod").glob("releases/*/release.json")
        table = json.loads(record.read_text())
        # The small build's manifests are no dbt's.
        about = {"environment": "prod", "projects": {}, "dags": [{"dag": "shop", "tasks": 20}]}
        record.write_text(json.dumps({**table, **about, "sources": fingerprint(Paths(self.root))}))

    def version_bucket(self) -> None:
        """Switch versioning on, if the bucket is there."""
        s3 = self.client("s3")
        if self.name in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
            s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def complete(self, answer: str) -> str:
        """Do what moto's CloudFormation leaves undone: versioning, and outputs of a stack made by a change set."""
        self.version_bucket()
        cloudformation, stack = self.client("cloudformation"), f"{self.name}-network"
        if self.stacks().get("network") == "CREATE_COMPLETE":
            (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
            # An equal template would be no update.
            text = (self.root / "infra" / "network.yaml").read_text() + "# again\n"
            cloudformation.update_stack(StackName=stack, TemplateBody=text, Parameters=found["Parameters"])
        return answer

    def stacks(self) -> dict[str, str]:
        """Return the stacks of this environment and how they are."""
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        found = [one for page in pages for one in page["Stacks"]]
        mine = {one["StackName"]: one["StackStatus"] for one in found if one["StackName"].startswith(f"{self.name}-")}
        return {name.removeprefix(f"{self.name}-"): status for name, status in mine.items()}


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Give AWS as moto serves it."""
    with serving.moto() as url:
        yield url


@pytest.fixture
def site(moto: str, tmp_path: Path) -> Iterator[Site]:
    """Return a new project, with a build, of which nothing is in AWS."""
    name, root = f"shop{next(NUMBERS)}", tmp_path / "project"
    root.mkdir()
    (root / "settings.toml").write_text(settings(name, "mwaa", name=name))
    shutil.copytree(ROOT / "infra", root / "infra")
    (root / "build").mkdir()
    build(Shape("A"), tmp_path / "made").folder.rename(root / "build" / "prod")
    with mwaa_running(boto3.client("cloudformation", endpoint_url=moto, **KEYS)) as mwaa, gate_running(moto) as gate:
        made = Site(root, name, gate, mwaa)
        made.sign()
        gate.edited["ExecuteChangeSet"] = made.complete
        yield made


@pytest.fixture
def made(site: Site) -> Site:
    """Return a project whose environment is there."""
    done = site.env("create", "--yes")
    assert done.code == 0, done.seen
    return site

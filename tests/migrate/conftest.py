"""Two projects, old and new, whose environments are servers on loopback, and one S3 for both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from scripts.aws import Aws, Bucket
from tests.command import Done, mwaa
from tests.migrate.airflow2 import Airflow2, empty
from tests.migrate.server import Start, Store, store
from tests.operate.answers import Dag
from tests.operate.conftest import Project, make_project
from tests.operate.server import NAME
from tests.serving import moto

REGION = "eu-central-1"
HOURS = 40
CRM: dict[str, Any] = {"conn_type": "http", "host": "https://crm.example.com", "login": "mwaa", "password": "s3cr3t-1"}


@dataclass
class World:
    """The new project, in which `mwaa migrate` runs, and both environments."""

    project: Project
    old: Store
    new: Store
    folder: Path
    aws: Aws

    @property
    def bucket(self) -> Bucket:
        """The new environment's bucket."""
        return self.aws.bucket("new")

    @property
    def keys(self) -> list[str]:
        """The keys of the exports."""
        return sorted(self.bucket.objects("migrate/"))

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest."""
        return dict(json.loads(self.bucket.get(f"migrate/{NAME}/manifest.json")))

    def run(self, verb: str, *words: str, **variables: str) -> Done:
        """Run `mwaa migrate …` from the old environment to the new one."""
        given = ("migrate", verb, "--from", str(self.folder), "--env", "prod", *words)
        return mwaa(given, self.project.root, self.project.environment | variables)


@contextmanager
def world(folder: Path, aws: str, before: str, after: str, front: str = "") -> Iterator[World]:
    """Make both environments, of these versions of Airflow; the commands reach AWS by `front`, if that is given."""
    port = int(urlsplit(front or aws).port or 0)
    clients = Aws(REGION, aws)
    with ExitStack() as stack:
        sides = []
        for name, version in (("old", before), ("new", after)):
            cloud = stack.enter_context(store(version))
            account = "arn:aws:airflow:eu-central-1:123456789012:environment"
            cloud.described = {
                "Arn": f"{account}/{name}",
                "SourceBucketArn": f"arn:aws:s3:::{name}",
                "DagS3Path": "dags",
            }
            cloud.bucket = clients.bucket(name)
            clients.make_bucket(name)
            (folder / name).mkdir()
            sides.append((cloud, make_project(folder / name, cloud, port)))
        (old, other), (new, project) = sides
        _as_rehearsal(other.root)
        fill(old)
        new.put("pools", "default_pool", slots=128, description="Default", include_deferred=False)
        yield World(project, old, new, other.root, clients)


def _as_rehearsal(root: Path) -> None:
    """Make the old project's environment the one that --from finds in a folder."""
    settings, state = root / "settings.toml", root / ".mwaa" / "local" / "state.json"
    settings.write_text(settings.read_text().replace("prod", "local").replace(NAME.replace("prod", "local"), NAME))
    state.write_text(state.read_text().replace('"prod"', '"local"'))


def fill(old: Store) -> None:
    """Have a little of everything, and what is hard of it."""
    values = {
        "country": "ch",
        "ünïcode": "Zürich ✓",
        "version": "1.10",
        "rates": '{"chf": 1.5, "eur": [1, 2]}',
        "empty": "",
    }
    values |= {"api_token": "s3cr3t-value", "crm": '{"user": "u", "password": "s3cr3t-value"}', "big": "x" * 20_000}
    for key, value in values.items():
        old.put("variables", key, value=value, description=None)
    old.put("pools", "default_pool", slots=64, description="Default", include_deferred=False)
    old.put("pools", "snowflake", slots=4, description="für dbt", include_deferred=True)
    crm = {"conn_type": "http", "host": "https://crm.example.com", "login": "mwaa", "port": 443}
    extra = {"region_name": "eu-central-1", "api_key": "s3cr3t-value", "odd": "?", "verify": True}
    old.put("connections", "crm", **crm, password="s3cr3t-value", extra=json.dumps(extra))
    old.put("connections", "hook", conn_type="http", host="https://u:s3cr3t-value@example.com", extra=None)
    old.put("connections", "my conn/old", conn_type="ftp", host="example.com", extra=None)
    for name, paused in (("daily", False), ("weekly", True), ("gone", True)):
        old.dags[name] = Dag(name, paused)


type Make = Callable[..., World]  # of both versions, and a front
type Databases = Callable[..., tuple[World, Airflow2, Airflow2]]  # of the new version, and a front


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """Run AWS."""
    with moto() as url:
        yield url


@pytest.fixture
def make(cloud: str, tmp_path: Path) -> Iterator[Make]:
    """Return what makes a world, in an AWS that has nothing else."""
    requests.post(f"{cloud}/moto-api/reset", timeout=10)
    with ExitStack() as stack:

        def made(before: str, after: str, front: str = "") -> World:
            return stack.enter_context(world(tmp_path, cloud, before, after, front))

        yield made


@pytest.fixture(scope="session")
def bare(cloud: str, tmp_path_factory: pytest.TempPathFactory) -> Airflow2:
    """Make an empty metadata database of Airflow 2."""
    return empty(tmp_path_factory.mktemp("airflow2") / "bare", cloud)


@pytest.fixture(scope="session")
def filled(bare: Airflow2, tmp_path_factory: pytest.TempPathFactory) -> Airflow2:
    """Make one with history, a connection, a secret variable and another one."""
    made = bare.copy(tmp_path_factory.mktemp("airflow2") / "filled")
    wish = {"runs": HOURS, "connections": {"crm": CRM}, "variables": {"api_token": "s3cr3t-2", "country": "ch"}}
    code, text = made.do("fill", wish)
    assert code == 0, text
    return made


@pytest.fixture
def pair(make: Make, bare: Airflow2, filled: Airflow2, tmp_path: Path) -> Databases:
    """Return what makes a world whose old side has a metadata database with history; the new one has an empty one."""

    def made(after: str, front: str = "") -> tuple[World, Airflow2, Airflow2]:
        world = make("2.11.2", after, front)
        old, new = filled.copy(tmp_path / "old-db"), bare.copy(tmp_path / "new-db")
        world.old.start, world.new.start = starting(old), starting(new)
        return world, old, new

    return made


def starting(side: Airflow2, rows: int = 50) -> Start:
    """Return what runs a DAG's text in an Airflow."""

    def start(text: str, conf: dict[str, Any]) -> Any:
        return side.start("run", {"text": text, "conf": conf, "rows": rows})

    return start


@pytest.fixture
def aws(cloud: str) -> Aws:
    """Have a bucket, in an AWS that has nothing else."""
    requests.post(f"{cloud}/moto-api/reset", timeout=10)
    made = Aws(REGION, cloud)
    made.make_bucket("new")
    return made

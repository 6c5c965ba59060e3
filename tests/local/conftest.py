"""A rehearsal's MWAA environment with everything real but Airflow, in whose place a small program starts and ends."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
import requests
from botocore.config import Config

from mwaa_dbt.settings import load
from scripts.aws import Aws, Bucket
from scripts.aws.shapes import Shapes
from scripts.local import described, processes, record, state
from scripts.local.container import Container
from scripts.local.executor import Executor
from scripts.local.processes import Launcher
from scripts.local.state import Rehearsal, free_port
from scripts.paths import PACKAGE, Paths
from scripts.venvs import container
from tests import serving
from tests.local.program import PROGRAM

ROOT = Path(__file__).parents[2]
VERSION = "3.3.1"
NAME = "mwaa-dbt-local"
SHAPES = Shapes()
# What the front asks for: that a request is signed, by whomever.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=rehearsal/20261121/eu-central-1/airflow/aws4_request"}


def wheel(folder: Path, name: str, version: str, program: str) -> None:
    """Make a wheel of one module with a main function, installed as a command of the package's last word."""
    package, command = name.replace("-", "_"), name.rsplit("-", maxsplit=1)[-1]
    info = f"{package}-{version}.dist-info"
    files = {
        f"{package}_program.py": program,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{command} = {package}_program:main\n",
    }
    listed = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{package}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": listed}.items():
            archive.writestr(path, text)


def zipped(files: dict[str, str]) -> bytes:
    """Return a zip of texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@dataclass
class Stand:
    """A project with a running environment and its front."""

    paths: Paths
    rehearsal: Rehearsal
    aws: Aws

    @property
    def bucket(self) -> Bucket:
        """Its bucket."""
        return self.aws.bucket(self.rehearsal.bucket)

    @property
    def client(self) -> Any:
        """Return boto3's own client for the front."""
        return boto3.client(
            "mwaa",
            region_name="eu-central-1",
            endpoint_url=self.rehearsal.url("mwaa"),
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",
            config=Config(inject_host_prefix=False, retries={"max_attempts": 0}),
        )

    def call(self, operation: str, **values: Any) -> requests.Response:
        """Return an operation's answer as it comes, whatever a client would make of request or answer."""
        route = SHAPES.route(operation)
        in_path = {name: quote(values.pop(name), safe="") for name in re.findall(r"{(\w+)}", route.path)}
        query = {name: values.pop(name) for name in route.query if name in values}
        url = self.rehearsal.url("mwaa") + route.path.format(**in_path)
        return requests.request(
            route.method, url, params=query, json=values or None, headers=SIGNED, timeout=30, allow_redirects=False
        )

    @property
    def environment(self) -> dict[str, Any]:
        """What GetEnvironment says."""
        return dict(self.client.get_environment(Name=NAME)["Environment"])

    @property
    def members(self) -> dict[str, int]:
        """Return name → pid as `mwaa local status` finds them, all of them alive."""
        found = state.needed(self.paths).members
        assert all(member.alive for member in found.values())
        return {name: member.pid for name, member in found.items()}

    @property
    def notes(self) -> list[str]:
        """What the schedulers noted."""
        return (self.paths.home / "notes").read_text().splitlines()

    def put(self, key: str, content: str | bytes) -> str:
        """Upload a file and return its version."""
        data = content.encode() if isinstance(content, str) else content
        self.bucket.put(key, data, hashlib.sha256(data).hexdigest())
        head = self.bucket.head(key)
        assert head and head.version
        return head.version

    def update(self, **fields: Any) -> dict[str, Any]:
        """Update the environment and return it once that has ended."""
        self.client.update_environment(Name=NAME, **fields)
        return self.wait()

    def wait(self) -> dict[str, Any]:
        """Return the environment once no update is under way."""
        end = time.monotonic() + 30
        while (found := self.environment)["Status"] == "UPDATING" and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def log(self, name: str) -> str:
        """Return a log."""
        return processes.log_file(self.paths, name).read_text()


def make_project(root: Path, version: str) -> Paths:
    """Make a project with a virtualenv of a version of Airflow that has the program in Airflow's place."""
    paths, wheels, lock = Paths(root), root / "wheels", root / "locks" / f"airflow-{version}.txt"
    for folder in (wheels, lock.parent, paths.home / "tmp", state.folder(paths)):
        folder.mkdir(parents=True)
    wheel(wheels, "apache-airflow", version, PROGRAM)
    for tool in ("1.0", "2.0"):
        wheel(wheels, "some-tool", tool, f"def main(): print('tool {tool}')")
    (root / "requirements.txt").write_text("some-tool==1.0\n")
    (root / "settings.toml").write_text((ROOT / "settings.toml").read_text())
    lock.write_text(f"apache-airflow=={version}\nsome-tool==1.0\n")
    (lock.parent / "mwaa-image.in").write_text("# What the image has.\n")
    uv, venv = Path(sys.executable).with_name("uv"), paths.state / f"airflow-{version}"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", venv / "bin" / "python", "-r", lock]
    subprocess.run([*install, "--no-index", "--find-links", wheels], check=True)
    return paths


def begin(stand: Stand) -> None:
    """Upload the first files, then start the environment and the front as `mwaa local up` does."""
    stand.put("requirements.txt", "some-tool==1.0\n")
    stand.put("plugins.zip", zipped({"first.py": ""}))
    stand.put("startup.sh", "export RELEASE=one\necho 'hello from one'\n")
    settings = load(ROOT / "settings.toml").environment("local")
    made = described.first(settings, stand.rehearsal, stand.bucket)
    first = Container(stand.paths, stand.rehearsal, stand.aws)
    first.run(first.prepare(made))
    record.write(stand.paths, made | {"Status": "AVAILABLE", "LastUpdate": record.last_update("SUCCESS")})
    variables = container(stand.paths.home, "hybrid") | {"PYTHONPATH": str(PACKAGE.parent)}
    launcher = Launcher(stand.paths, stand.rehearsal)
    launcher.start("mwaa", [sys.executable, "-m", "scripts.local.front", stand.rehearsal.ports["mwaa"]], variables)
    launcher.wait("mwaa", stand.rehearsal.url("mwaa"))


@pytest.fixture(scope="module")
def aws_port() -> Iterator[int]:
    """Run moto's server and return its port."""
    with serving.moto() as url:
        yield int(url.rpartition(":")[2])


@pytest.fixture
def executor() -> Executor:
    """Run tasks on the scheduler, unless a test's file says otherwise."""
    return Executor()


@contextmanager
def standing(root: Path, aws_port: int, executor: Executor, version: str = VERSION) -> Iterator[Stand]:
    """Start an environment with its front; afterwards nothing runs."""
    paths = make_project(root, version)
    name = f"bucket-{aws_port}-{time.monotonic_ns()}"
    ports = {"airflow": free_port(), "aws": aws_port, "outside": 9, "mwaa": free_port(), "postgres": 9}
    rehearsal = Rehearsal("local", "eu-central-1", name, ports, executor=executor, airflow=version)
    aws = Aws(rehearsal.region, rehearsal.url("aws"))
    aws.make_bucket(name)
    stand = Stand(paths, rehearsal, aws)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("UV_NO_INDEX", "1")
        environment.setenv("UV_FIND_LINKS", str(root / "wheels"))
        try:
            begin(stand)
            yield stand
        finally:
            processes.end(paths)


@pytest.fixture
def stand(tmp_path: Path, aws_port: int, executor: Executor) -> Iterator[Stand]:
    """Start an environment of a test's own."""
    with standing(tmp_path, aws_port, executor) as stand:
        yield stand


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, aws_port: int) -> Iterator[Stand]:
    """Start an environment for all tests of a file, which leave it as it is."""
    with standing(tmp_path_factory.mktemp("shared"), aws_port, Executor()) as stand:
        yield stand

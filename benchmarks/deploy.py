"""What it costs to bring a dbt project to S3: `aws s3 sync` of its files, of our build, and our deploy."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.airflow import Place, place
from benchmarks.measure import Options, Result, Sample, compare
from benchmarks.synthetic import parsed, write
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load, shipped
from scripts.archive import full_manifest, pack
from scripts.aws import Aws
from scripts.bundle import bundle, keep, stamp_container, write_record
from scripts.local.state import free_port
from scripts.paths import PACKAGE, Paths
from scripts.projects import DbtProject

AWSCLI = "awscli==1.46.2"
DEPLOY = Path(__file__).with_name("inside") / "deploy_to.py"
FILES, SAME, OURS = "aws s3 sync, files of the project", "aws s3 sync, the build's files", "mwaa deploy"
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Tree:
    """One state of the sources: as plain files, and as a build."""

    plain: Path
    build: Path

    def fresh(self, part: str) -> Path:
        """Return a copy with new file times, as a CI job has after its checkout."""
        target = self.plain.parent / f"copy-{next(NUMBERS)}"
        shutil.copytree(getattr(self, part), target, copy_function=shutil.copyfile)
        return target


@dataclass(frozen=True)
class Bench:
    """S3 on loopback, and the AWS command line."""

    aws: Aws
    cli: Path

    def sync(self, source: Path, bucket: str) -> Sample:
        """Run `aws s3 sync`."""
        url = str(self.aws.endpoint)
        command = [self.cli, "s3", "sync", source, f"s3://{bucket}", "--delete", "--no-progress", "--endpoint-url", url]
        seconds, output = _timed(command)
        sent = [source / key for key in re.findall(rf"^upload: .* to s3://{bucket}/(.+)$", output, re.MULTILINE)]
        return Sample(seconds, {"PUTs": len(sent), "MB sent": sum(path.stat().st_size for path in sent) / 1e6})

    def deploy(self, build: Path, bucket: str) -> Sample:
        """Run our deploy."""
        seconds, output = _timed([sys.executable, DEPLOY, self.aws.endpoint, bucket, build])
        return Sample(seconds, json.loads(output.splitlines()[-1]))


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure a first deploy, one without any change, and one of a single changed model."""
    where = place(paths, options)
    models = max(options.models)
    trees = _trees(paths, where, models)
    with _bench(options.folder) as bench:
        return [
            compare(f"{title}, {models} models", _ways(bench, trees, before, after), options.runs)
            for title, before, after in (
                ("First deploy", None, 0),
                ("Deploy without a change", 0, 0),
                ("Deploy of one changed model", 0, 1),
            )
        ]


def _ways(bench: Bench, trees: list[Tree], before: int | None, after: int) -> Mapping[str, Callable[[], Sample]]:
    def way(send: Callable[[Path, str], Sample], part: str) -> Sample:
        name = f"bucket-{next(NUMBERS)}"
        bench.aws.make_bucket(name)
        if before is not None:
            send(trees[before].fresh(part), name)
        return send(trees[after].fresh(part), name)

    return {
        FILES: lambda: way(bench.sync, "plain"),
        SAME: lambda: way(bench.sync, "build"),
        OURS: lambda: way(bench.deploy, "build"),
    }


def _trees(paths: Paths, where: Place, models: int) -> list[Tree]:
    """Return the sources before and after a change of one model."""
    folder = where.folder / "sources" / "synthetic"
    write(folder, models)
    project = DbtProject("synthetic", folder)
    parsed(project, where)
    first = _tree(paths, where, project, "one")
    (changed,) = (folder / "models").rglob("model_00000.sql")
    changed.write_text(changed.read_text() + "\n-- changed\n")
    parsed(project, where)
    return [first, _tree(paths, where, project, "two")]


def _tree(paths: Paths, where: Place, project: DbtProject, name: str) -> Tree:
    root = where.folder / name
    code, out, plain = root / "code" / "dags", root / "build", root / "plain"
    ignored = shutil.ignore_patterns("__pycache__", "settings.json")
    shutil.copytree(paths.root / "dags", code, ignore=ignored)
    (code / "mwaa_dbt" / "settings.json").write_text(shipped("local", load(paths.settings).environment("local")))
    out.mkdir()
    for started in ("requirements.txt", "plugins.zip"):
        shutil.copy(where.folder / started, out)
    shutil.copy(paths.root / "startup.sh", out)
    stamp_container(out)
    archive, manifest = pack(project, out / "dags/dbt" / project.name).stem, keep(out, full_manifest(project))
    digest = bundle(root / "code", out, {project.name: archive}, "local")
    about = {"environment": "local", "sources": "made up", "dags": [], "git": {"revision": None}}
    write_record(out, digest, {project.name: {"archive": archive, "manifest": manifest}}, about)
    shutil.copytree(code, plain / "dags", ignore=ignored)
    shutil.copytree(project.folder, plain / "dags" / "dbt" / project.name)
    return Tree(plain, out)


@contextmanager
def _bench(folder: Path) -> Iterator[Bench]:
    venv, uv, port = folder / "awscli", Path(sys.executable).with_name("uv"), free_port()
    _timed([uv, "venv", "--quiet", venv])
    _timed([uv, "pip", "install", "--quiet", "--python", venv / "bin" / "python", AWSCLI])
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(url)
        yield Bench(Aws("us-east-1", url), venv / "bin" / "aws")
    finally:
        server.terminate()
        server.wait()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            requests.get(url, timeout=2)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return


def _timed(command: list[object]) -> tuple[float, str]:
    begun = time.monotonic()
    keys = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        list(map(str, command)),
        env={**_own_environment(), **keys, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProjectError(
            f"The measured command failed:\n{(done.stdout + done.stderr).strip()[-2000:]}",
            str(command[0]),
            "mend what it names, then run this again",
        )
    return time.monotonic() - begun, done.stdout


def _own_environment() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

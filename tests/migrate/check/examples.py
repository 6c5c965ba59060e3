"""Providers' own example DAGs for Airflow 3, out of their source distributions on PyPI."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from scripts.migrate.check.finding import Finding
from scripts.migrate.check.source import Move, Place, read_sources
from tests.migrate.check.conftest import seen

# As MWAA's constraints of Airflow 3.3.1 name them.
PROVIDERS = {
    "amazon": "9.34.0",
    "apache-spark": "6.3.1",
    "cncf-kubernetes": "10.21.0",
    "common-sql": "2.1.0",
    "databricks": "7.18.1",
    "dbt-cloud": "4.9.3",
    "docker": "4.5.9",
    "google": "22.3.0",
    "http": "6.0.5",
    "microsoft-azure": "14.1.0",
    "mysql": "6.6.1",
    "openlineage": "2.20.0",
    "postgres": "7.0.1",
    "sftp": "6.0.1",
    "slack": "9.10.2",
    "smtp": "3.0.3",
    "snowflake": "6.16.0",
    "ssh": "6.0.1",
    "standard": "1.17.0",
    "trino": "6.6.1",
}


class Measured(NamedTuple):
    """How many example files a provider has, and what was found in them that would break or change."""

    provider: str
    files: int
    alarms: list[Finding]


def fetch(folder: Path) -> Path:
    """Download and unpack the source distributions, and return where they are."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, folder / "venv"], check=True)
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wanted = [f"apache-airflow-providers-{name}=={version}" for name, version in PROVIDERS.items()]
    options = ["--no-deps", "--no-binary", ":all:", "--dest", str(folder / "sdists")]
    subprocess.run([*pip, "download", *options, *wanted], check=True)
    for file in (folder / "sdists").glob("*.tar.gz"):
        with tarfile.open(file) as archive:
            archive.extractall(folder / "sources", filter="data")
    return folder


def measure(folder: Path) -> list[Measured]:
    """Return what is found in each provider's examples, as if they came from Airflow 2.11.2."""
    found = []
    for root in sorted((folder / "sources").iterdir()):
        examples = folder / "examples" / root.name
        for file in root.rglob("example_*.py"):
            target = examples / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
        if examples.is_dir():
            sources, _ = read_sources(Place(examples))
            alarms = [one for one in seen(examples, Move("2.11.2", "3.3.1")) if one.severity in ("breaks", "changes")]
            found.append(Measured(root.name, len(sources), alarms))
    return found


def rates(found: list[Measured]) -> Counter[str]:
    """Return how many files there are, and in how many of them something breaks or changes."""
    counts = Counter({"files": sum(one.files for one in found)})
    for severity in ("breaks", "changes"):
        places = {(one.provider, alarm.file) for one in found for alarm in one.alarms if alarm.severity == severity}
        counts[severity] = len(places)
    return counts

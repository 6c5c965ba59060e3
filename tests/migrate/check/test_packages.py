"""Old requirements under MWAA's constraints, which a server on loopback has as AWS publishes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.doctor.constraints import ESSENTIAL, FULL
from tests.doctor.test_pins import Quiet
from tests.migrate.check.conftest import DAG, ROOT, Bench
from tests.serving import served

GITHUB = "https://raw.githubusercontent.com/apache/airflow"


@pytest.fixture
def images(tmp_path: Path) -> Iterator[str]:
    """Serve constraints of both versions, made of their locks."""
    for version in ("2.11.2", "3.3.1"):
        etc = tmp_path / "images" / version / "etc"
        etc.mkdir(parents=True)
        shutil.copy(ROOT / "locks" / f"airflow-{version}.txt", etc / FULL)
        (etc / ESSENTIAL).write_text(f"apache-airflow=={version}\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "images")))
    with served(server) as url:
        yield url


def found(bench: Bench, images: str, text: str) -> list[dict[str, Any]]:
    """Return what is told of a requirements file."""
    bench.write({"dags/new.py": DAG, "requirements.txt": text})
    told = bench.check(str(bench.old), "--no-import", "--images", images, "--json").json
    return [one for one in told["findings"] if one["file"] == "requirements.txt"]


@pytest.mark.slow
def test_pins_that_contradict(bench: Bench, images: str) -> None:
    """Each pin that contradicts a constraint is told with its line, the constraint, and what to write."""
    text = "# ours\napache-airflow==2.11.2\nApache_Airflow-providers-snowflake[common.compat]==6.10.0 # why\n"
    airflow, snowflake = found(bench, images, text)
    assert (airflow["line"], airflow["severity"]) == (2, "breaks")
    assert "MWAA's constraints of 3.3.1 have 3.3.1, and let nobody change it" in airflow["what"]
    assert airflow["fix"] == "write apache-airflow==3.3.1"
    assert (snowflake["line"], snowflake["rule"]) == (3, "requirement")
    assert snowflake["fix"] == "write Apache_Airflow-providers-snowflake[common.compat]==6.16.0"


def test_pins_that_fit(bench: Bench, images: str) -> None:
    """Requirements that fit are not told, but for a package that comes in another major version."""
    assert found(bench, images, "astronomer-cosmos==1.15.1\nrequests\n") == []
    (one,) = found(bench, images, "SQLAlchemy>=1.4\n")
    assert (one["rule"], one["severity"]) == ("requirement-major", "changes")
    assert "is installed, it was 1.4." in one["what"]


@pytest.mark.slow
def test_package_that_both_contradict(bench: Bench, images: str) -> None:
    """A pin that the old version contradicted, too, is told as such: MWAA has installed nothing of the file."""
    (one,) = found(bench, images, "requests==2.0.0\n")
    assert "(2.11.2's, 2." in one["what"]


def test_no_solution(bench: Bench, images: str) -> None:
    """Requirements that cannot be had together break, in uv's words."""
    (one,) = found(bench, images, "no-such-package-at-all-here==1.0\n")
    assert (one["rule"], one["severity"]) == ("requirements", "breaks")
    assert "no-such-package-at-all-here" in one["what"]


def test_other_lines(bench: Bench, images: str) -> None:
    """Constraint files, folders, addresses, hashes and options are told each by its line, and hide nothing else."""
    lines = [
        f'--constraint "{GITHUB}/constraints-2.10.3/constraints-3.11.txt"',
        "-e ./ours",
        "ours @ git+https://example.com/ours.git@main",
        "requests \\",
        "    --hash=sha256:00",
        "-r more.txt",
        "--find-links /usr/local/airflow/plugins",
        "--extra-index-url https://example.com/simple",
        "./wheel.whl",
        "apache-airflow==2.10.3",
    ]
    told = {one["line"]: one for one in found(bench, images, "\n".join(lines))}
    assert told[1]["severity"] == "breaks"
    assert f"{GITHUB}/constraints-3.3.1/constraints-3.12.txt" in told[1]["fix"]
    assert {line: told[line]["severity"] for line in (2, 3, 4, 6, 7, 9)} == dict.fromkeys((2, 3, 4, 6, 7, 9), "unknown")
    assert 8 not in told
    assert told[10]["severity"] == "breaks"


def test_without_a_network(bench: Bench) -> None:
    """Without MWAA's published constraints the locks stand for them, and that is told."""
    bench.write({"dags/new.py": DAG, "requirements.txt": "apache-airflow==2.11.2\n"})
    told = bench.check(str(bench.old), "--no-import", "--json").json
    assert [one["rule"] for one in told["findings"]] == ["constraints", "constraints", "requirement"]
    assert "locks/airflow-3.3.1.txt has what is in its image" in told["findings"][1]["what"]

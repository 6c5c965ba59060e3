"""Existing dbt projects brought in by `mwaa new project --from`, examined by the real dbt."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import MWAA, Done, mwaa
from tests.e2e.conftest import Project, copy_project

FOREIGN = Path(__file__).parent / "foreign"
GIT = ("git", "-c", "user.name=Jane", "-c", "user.email=jane@example.com")
RUFF = Path(sys.executable).with_name("ruff")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project without any dbt project or DAG of its own."""
    copy = copy_project(tmp_path_factory.mktemp("project"))
    copy.drop_samples()
    return copy


@pytest.fixture
def root(project: Project) -> Iterator[Path]:
    """Return its folder; what a test has brought in is taken away again."""
    root = project.paths.root
    before = files(root)
    yield root
    for name in files(root) - before:
        (root / name).unlink()
    for folder in (root / "dbt").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def files(root: Path) -> set[str]:
    """Return all files below dags/ and dbt/, and what a command that was ended has left in .mwaa/."""
    found = [path for folder in ("dags", "dbt") for path in (root / folder).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix() for path in (*found, *(root / ".mwaa").glob("new-*"))}


def new(root: Path, *words: str) -> Done:
    """Run `mwaa new …` without a terminal."""
    return mwaa(("new", *words), root, {"PATH": os.environ["PATH"], "HOME": str(root), "COLUMNS": "200"})


def copied(folder: Path, **files: str) -> Path:
    """Return a small sound dbt project in a folder, with files of its own."""
    sound = {"dbt_project.yml": "name: books\nprofile: books\n", "models/sold.sql": "select 1 as id\n"}
    for name, text in {**({} if folder.is_dir() else sound), **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_foreign_project(root: Path, tmp_path: Path) -> None:
    """Whatever must change is named at once, with file, line and fix; what dbt makes and secrets do not come along."""
    source = shutil.copytree(FOREIGN, tmp_path / "web-shop")
    for made in ("target/manifest.json", "logs/dbt.log", ".git/config", "dbt_packages/x/dbt_project.yml"):
        copied(source, **{made: "{}"})
    copied(source, **{"models/scored.py": "def model(dbt, session):\n    return dbt.ref('plain')\n"})
    (source / "models" / "outside.sql").symlink_to("/etc/hostname")
    done = new(root, "project", "--from", str(source), "--json")
    assert done.code == 1, done.err
    report: dict[str, Any] = done.json
    assert report["project"] == "web_shop"
    assert "dbt calls it dbt_web_shop; folder and DAG are called web_shop" in report["notes"]
    found = {one["where"].removeprefix("dbt/web_shop/"): one for one in report["findings"]}
    must = {where for where, one in found.items() if one["must"]}
    assert must == {
        "models/outside.sql",
        "models/events.sql:6",
        "models/marts/visits.sql:4",
        "models/marts/visits.sql:5",
        "macros/week_start.sql:3",
    }
    assert "`from `raw.web.events``" in found["models/events.sql:6"]["what"]
    assert "WEB_SHOP_REGION" in found["models/marts/visits.sql:4"]["what"]
    assert found["macros/week_start.sql:3"]["fix"] == "add the macro snowflake__week_start"
    known = set(found) - must
    assert {"models/scored.py", "models/events.sql:1", "models/marts/visits.sql:7", "models/marts/visits.sql"} == known
    assert "week" in found["models/marts/visits.sql"]["what"].lower()
    brought = {name.removeprefix("dbt/web_shop/") for name in files(root) if name.startswith("dbt/web_shop/")}
    assert brought == {
        "dbt_project.yml",
        "macros/week_start.sql",
        "models/events.sql",
        "models/marts/plain.sql",
        "models/marts/visits.sql",
        "models/scored.py",
    }


def test_repository_at_a_tag(root: Path, tmp_path: Path) -> None:
    """A folder of a git repository at a tag comes with its DAG and a lock for its packages, and then builds."""
    repository = tmp_path / "repository"
    shop = copied(
        repository / "dbt" / "books",
        **{
            "packages.yml": "packages: [{local: packages/sums}]\n",
            "packages/sums/dbt_project.yml": "name: sums\n",
            "packages/sums/macros/total.sql": "{% macro total(x) %}sum({{ x }}){% endmacro %}\n",
            "models/totals.sql": "select {{ total('id') }} as total from {{ ref('sold') }}\n",
        },
    )
    subprocess.run([*GIT, "init", "--quiet", repository], check=True)
    for words in (("add", "."), ("commit", "--quiet", "-m", "first"), ("tag", "v1")):
        subprocess.run([*GIT, *words], cwd=repository, check=True)
    (shop / "models" / "totals.sql").unlink()
    subprocess.run([*GIT, "commit", "--quiet", "-am", "second"], cwd=repository, check=True)
    done = new(root, "project", "--from", f"file://{repository}", "--ref", "v1", "--schedule", "@daily")
    assert done.code == 0, done.seen
    assert "books: nothing to change" in done.out
    assert done.out.endswith("Next: mwaa local run books\n")
    assert {"dags/books.py", "dbt/books/models/totals.sql", "dbt/books/package-lock.yml"} <= files(root)
    assert not [name for name in files(root) if ".git" in name or "dbt_packages" in name]
    done = mwaa(("build", "--json"), root, {**os.environ})
    assert done.code == 0, done.err
    assert [dag["dag"] for dag in done.json["dags"]] == ["books", "mwaa_check"]


def test_unreachable_package(root: Path, tmp_path: Path) -> None:
    """A package that cannot be fetched is named; where it was installed beside the original, it is taken along."""
    wish = {"packages.yml": f"packages: [{{git: 'file://{tmp_path}/gone.git', revision: v1}}]\n"}
    source = copied(tmp_path / "books", **wish)
    done = new(root, "project", "--from", str(source))
    assert done.code == 1, done.seen
    assert "✗ Its packages cannot be fetched:" in done.out
    assert "where: dbt/books/packages.yml" in done.out
    copied(source, **{"dbt_packages/gone/dbt_project.yml": "name: gone\n"})
    done = new(root, "project", "again", "--from", str(source))
    assert "cannot be fetched: " not in done.out
    # The package's own place is a path of this machine.
    assert done.out.count("✗") == 2, done.out
    assert "`git add --force dbt/again/dbt_packages` commits them" in done.out
    assert "dbt/again/dbt_packages/gone/dbt_project.yml" in files(root)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "nowhere"), "There is no folder 'nowhere'."),
        (("--from", "file:///nowhere.git"), "git cannot fetch it:"),
        (("--from", "https://jane:secret@example.com/shop.git"), "The URL has a password or token in it"),
        (("--from", "ext::sh -c true", "--ref", "v1"), "A branch or tag goes with a git URL."),
        (("--from", "dags"), "is no dbt project: it has no dbt_project.yml"),
        (("Books", "--from", str(FOREIGN)), "'Books' cannot name a dbt project."),
    ],
)
def test_refused(root: Path, words: tuple[str, ...], said: str) -> None:
    """What cannot be brought in leaves nothing behind, and no secret in the error."""
    before = files(root)
    done = new(root, "project", *words)
    assert (done.code, said in done.err) == (1, True), done.err
    assert "secret" not in done.seen
    assert files(root) == before


def test_interrupted(root: Path, tmp_path: Path) -> None:
    """Ctrl-C in the midst of dbt leaves nothing behind."""
    before = files(root)
    source = copied(tmp_path / "books")
    command = [str(MWAA), "new", "project", "--from", str(source)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 120
        while not list((root / ".mwaa").glob("new-*/scratch/books/logs/dbt.log")):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert files(root) == before

"""requirements.txt under the constraints that AWS publishes, as a server on loopback has them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.doctor import pins
from scripts.doctor.case import Case, read_case
from scripts.doctor.constraints import ESSENTIAL, FULL
from scripts.doctor.finding import Finding
from tests.doctor.conftest import make_project
from tests.doctor.world import ENVIRONMENT, SETTINGS
from tests.serving import served


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Return a project."""
    paths = make_project(tmp_path / "project")
    paths.settings.write_text(SETTINGS.format(name="shop"))
    return read_case(paths, ENVIRONMENT)


@pytest.fixture
def etc(tmp_path: Path, case: Case) -> Path:
    """Return a folder as AWS's repository has it, with the lock's versions for constraints."""
    folder = tmp_path / "images" / "3.3.1" / "etc"
    folder.mkdir(parents=True)
    shutil.copy(case.paths.root / "locks" / "airflow-3.3.1.txt", folder / FULL)
    (folder / ESSENTIAL).write_text("# held\napache-airflow==3.3.1\nSQLAlchemy==2.0.51\ncelery==5.6.3\n")
    return folder


@pytest.fixture
def images(etc: Path) -> Iterator[str]:
    """Serve it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(etc.parents[1])))
    with served(server) as url:
        yield url


def change(file: Path, old: str, new: str) -> None:
    """Replace a text in a file, once."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def found(case: Case, images: str) -> list[Finding]:
    """Return what is found."""
    return list(pins.check(case, images))


def test_published_constraints_are_asked(case: Case, images: str) -> None:
    """They are read where AWS has them; what fits them is told with where they are from."""
    (told,) = found(case, images)
    assert told == Finding("ok", f"requirements.txt fits MWAA's image ({images}/3.3.1/etc)")


def test_constraint_of_today(case: Case, images: str, etc: Path) -> None:
    """A constraint that has changed since the lock was made is told of requirements.txt, and of the lock."""
    change(etc / FULL, "apache-airflow-providers-snowflake==6.16.0", "apache-airflow-providers-snowflake==6.17.0")
    fault, lock = found(case, images)
    assert fault.state == "error"
    assert "asks for apache-airflow-providers-snowflake==6.16.0, MWAA's image" in fault.what
    assert "has 6.17.0: pip installs nothing at all then" in fault.what
    assert lock.state == "warning"
    assert "apache-airflow-providers-snowflake 6.16.0 (now 6.17.0)" in lock.what


def test_essential_pin(case: Case, images: str) -> None:
    """What MWAA holds is told as such, also where the full constraints allow more."""
    (case.paths.root / "requirements.txt").write_text("sqlalchemy>=2.1\n")
    (fault,) = found(case, images)
    assert "sqlalchemy>=2.1, MWAA lets nobody change it" in fault.what


def test_package_without_a_constraint(case: Case, images: str) -> None:
    """MWAA's pip installs what its constraints do not name: that is no fault."""
    (case.paths.root / "requirements.txt").write_text("left-pad==1.0\n")
    assert [one.state for one in found(case, images)] == ["ok"]


def test_forms_of_a_requirement(case: Case, images: str) -> None:
    """Extras, markers, comments and other spellings are understood; what is none is told as not looked at."""
    text = "SQL_Alchemy-Utils[x]==0.42.1 ; python_version > '3' # why\n--no-index\n./wheel.whl\n"
    (case.paths.root / "requirements.txt").write_text(text)
    wheel, rest = found(case, images)
    assert (wheel.state, wheel.what) == ("warning", "requirements.txt: './wheel.whl' was not looked at")
    assert rest.state == "ok"


@pytest.mark.parametrize("images", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_lock_where_nobody_answers(case: Case, images: str) -> None:
    """Without a network the lock stands for the constraints, and that is told."""
    (told,) = found(case, images)
    assert told.state == "ok"
    assert told.what.endswith("locks/airflow-3.3.1.txt (MWAA's own constraints could not be fetched)")


def test_lock_where_the_version_is_not_published(case: Case, images: str, etc: Path) -> None:
    """A version without published constraints is one without an answer."""
    (etc / FULL).unlink()
    assert "could not be fetched" in found(case, images)[0].what

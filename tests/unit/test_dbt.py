"""dbt in the build: which folders are projects, what is staged, and dbt's complaints as our errors."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.dbt import Dbt
from scripts.projects import DbtProject, find_projects, stage
from tests.unit.conftest import Write

Fake = Callable[..., Dbt]


def event(message: str, level: str = "error", name: str = "MainEncounteredError", **data: Any) -> str:
    """Return a line as `dbt --log-format json` prints it."""
    return json.dumps({"info": {"name": name, "level": level, "msg": message}, "data": data})


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a function that makes a dbt: a program that prints these lines, then does this and exits so."""

    def make(*lines: str, status: int = 0, then: str = "", error: str = "") -> Dbt:
        (tmp_path / "output").write_text("".join(f"{line}\n" for line in lines))
        (tmp_path / "error").write_text(error)
        script = tmp_path / "dbt"
        answers = f'cat "{tmp_path}/output"; cat "{tmp_path}/error" >&2'
        script.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/arguments"\n{then}\n{answers}\nexit {status}\n')
        script.chmod(0o755)
        return Dbt(str(script), {"PATH": os.defpath}, tmp_path / "profiles", "prod")

    return make


@pytest.fixture
def project(write: Write) -> DbtProject:
    """Return a staged dbt project with one YAML file."""
    yml = "models:\n  - name: stg\n    descripton: x\n"
    return DbtProject("shop", write("shop", {"dbt_project.yml": "name: shop\n", "models/_m.yml": yml}))


def test_projects_are_found(write: Write) -> None:
    """Every folder with a dbt_project.yml is a project; files, dot and underscore folders are none."""
    names = ("b/dbt_project.yml", "a/dbt_project.yml", ".git/x", "_drafts/x", "requirements.txt")
    folder = write("dbt", dict.fromkeys(names, ""))
    assert find_projects(folder) == [DbtProject("a", folder / "a"), DbtProject("b", folder / "b")]


def test_folder_without_project_is_told(write: Write) -> None:
    """A folder that is no dbt project is told by name, not passed over."""
    with pytest.raises(ProjectError, match=r"dbt/b is no dbt project: it has no dbt_project\.yml") as caught:
        find_projects(write("dbt", {"a/dbt_project.yml": "", "b/model.sql": ""}))
    assert caught.value.where == "dbt/b/"


def test_no_project_yet(write: Write, tmp_path: Path) -> None:
    """An empty dbt/ is a project's first day, and no dbt/ at all is the same."""
    assert find_projects(write("dbt", {"requirements.txt": ""})) == []
    assert find_projects(tmp_path / "none") == []


def test_stage_leaves_out_the_private(write: Write, tmp_path: Path) -> None:
    """What dbt makes and where secrets are kept does not travel."""
    kept = {"dbt_project.yml": "x", "models/a.sql": "select 1"}
    private = dict.fromkeys(("profiles.yml", ".env", ".user.yml", "target/manifest.json", "logs/dbt.log"), "secret")
    project = DbtProject("shop", write("dbt/shop", {**kept, **private, "macros/__pycache__/x.pyc": ""}))
    (staged,) = stage([project], tmp_path / "stage")
    assert staged == DbtProject("shop", tmp_path / "stage" / "shop")
    found = {path.relative_to(staged.folder).as_posix() for path in staged.folder.rglob("*") if path.is_file()}
    assert found == set(kept)


def test_stage_keeps_models_called_logs(write: Write, tmp_path: Path) -> None:
    """Only dbt's own logs and target, at the top, are left out; models may have these names."""
    kept = dict.fromkeys(("models/logs/stg_logs.sql", "models/target/t.sql"), "select 1")
    (staged,) = stage([DbtProject("shop", write("dbt/shop", kept))], tmp_path / "stage")
    assert all((staged.folder / name).is_file() for name in kept)


def test_parse_asks_as_a_task_does(fake: Fake, project: DbtProject, tmp_path: Path) -> None:
    """The build parses with the profile and target of the tasks."""
    fake(event("ok", "info")).parse(project)
    arguments = (tmp_path / "arguments").read_text()
    assert "parse --show-all-deprecations" in arguments
    assert f"--profiles-dir {tmp_path}/profiles --profile shop --target prod" in arguments


FAILURES = {
    "YAML": (
        "Encountered an error:\nParsing Error\n  Error reading shop: models/_m.yml - Runtime Error\n"
        "    Syntax error near line 3",
        "`dbt parse` failed: Parsing Error",
        "dbt/shop/models/_m.yml, line 3",
    ),
    "SQL": (
        "\x1b[31mCompilation Error\x1b[0m in model stg (models/staging/stg.sql)\n  unknown tag\n    line 12",
        "`dbt parse` failed: Compilation Error in model stg",
        "dbt/shop/models/staging/stg.sql, line 12",
    ),
    "project": ("Runtime Error\n  No name.", "`dbt parse` failed: Runtime Error\n  No name.", "dbt/shop"),
}


@pytest.mark.parametrize(("message", "what", "where"), FAILURES.values(), ids=FAILURES.keys())
def test_failure_names_the_file(message: str, what: str, where: str, fake: Fake, project: DbtProject) -> None:
    """The words of dbt are kept, without colours, and the file and line are taken from them."""
    dbt = fake(event("Running with dbt", "info"), event(message), status=2)
    with pytest.raises(ProjectError) as caught:
        dbt.parse(project)
    assert caught.value.what.startswith(what)
    assert "\x1b" not in caught.value.what
    assert caught.value.where == where


def test_failure_shows_every_error(fake: Fake, project: DbtProject) -> None:
    """Two errors are told at once; warnings are not errors."""
    dbt = fake(event("first"), event("a warning", "warn"), event("second"), status=1)
    with pytest.raises(ProjectError) as caught:
        dbt.parse(project)
    assert caught.value.what == "`dbt parse` failed: first\nsecond"


def test_crash_shows_its_output(fake: Fake, project: DbtProject) -> None:
    """A dbt that dies without an event is shown by what it printed."""
    with pytest.raises(ProjectError, match="No module named 'dbt'"):
        fake("plain text", status=1, error="No module named 'dbt'").parse(project)


def test_printed_values_are_no_events(fake: Fake, project: DbtProject) -> None:
    """What a macro prints may be JSON too: it is not taken for one of dbt's events."""
    fake("3", "null", '"text"', "[1]", '{"rows": 3}', event("ok", "info")).parse(project)


def unknown(file: str = "models/_m.yml", name: str = "CustomKeyInObjectDeprecation") -> str:
    """Return dbt's event for a key that it does not know."""
    return event("unknown key", "warn", name, key="descripton", file=file, key_path="models.stg")


@pytest.mark.parametrize("name", ["CustomKeyInObjectDeprecation", "CustomTopLevelKeyDeprecation"])
def test_unknown_key_is_refused(name: str, fake: Fake, project: DbtProject) -> None:
    """A misspelt key, of which dbt only warns, is an error with its file and line."""
    with pytest.raises(ProjectError, match="does not know the key 'descripton'") as caught:
        fake(unknown(name=name)).parse(project)
    assert caught.value.where == "dbt/shop/models/_m.yml, line 3"


@pytest.mark.parametrize("file", ["dbt_packages/tools/_m.yml", "elsewhere/_m.yml"])
def test_packages_may_have_own_keys(file: str, fake: Fake, project: DbtProject, write: Write) -> None:
    """A key in somebody else's package is not ours to mend."""
    write("shop", {"dbt_packages/tools/_m.yml": "descripton: x\n"})
    fake(unknown(file)).parse(project)


def test_no_packages_need_no_deps(fake: Fake, project: DbtProject, tmp_path: Path) -> None:
    """A project without packages does not run `dbt deps`."""
    (project.folder / "dependencies.yml").write_text("projects:\n  - name: other\n")
    assert fake(status=1).deps(project) == "no packages"
    assert not (tmp_path / "arguments").exists()


def test_committed_packages_are_taken(fake: Fake, project: DbtProject, write: Write, tmp_path: Path) -> None:
    """Packages that are in the repository are used as they are, as in a closed network."""
    write("shop", {"packages.yml": "packages: [{local: ../x}]\n", "dbt_packages/x/dbt_project.yml": "name: x\n"})
    assert fake(status=1).deps(project) == "packages as committed"
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize("name", ["packages.yml", "dependencies.yml"])
def test_unlocked_packages_are_noted(name: str, fake: Fake, project: DbtProject, write: Write) -> None:
    """Packages without a lock are installed, with a note that says what to commit."""
    write("shop", {name: "packages: [{local: ../x}]\n"})
    note = fake(then="echo new >package-lock.yml").deps(project)
    assert note.startswith("packages not locked: commit the package-lock.yml")
    assert note.endswith("dbt/shop")


def test_fitting_lock_is_used(fake: Fake, project: DbtProject, write: Write) -> None:
    """A lock that `dbt deps` leaves as it is was the right one."""
    write("shop", {"packages.yml": "packages: [{local: ../x}]\n", "package-lock.yml": "same\n"})
    assert fake(then="echo same >package-lock.yml").deps(project) == "packages by the lock"


def test_stale_lock_is_refused(fake: Fake, project: DbtProject, write: Write) -> None:
    """A lock that `dbt deps` has to change is an error: the build would not be what was tested."""
    write("shop", {"packages.yml": "packages: [{local: ../x}]\n", "package-lock.yml": "old\n"})
    with pytest.raises(ProjectError, match=r"package-lock\.yml does not fit") as caught:
        fake(then="echo new >package-lock.yml").deps(project)
    assert caught.value.where == "dbt/shop/package-lock.yml"
    assert "dbt deps --project-dir dbt/shop" in caught.value.fix


def test_failed_deps_are_told(fake: Fake, project: DbtProject, write: Write) -> None:
    """A package that cannot be had is told in dbt's words."""
    write("shop", {"packages.yml": "packages: [{package: no/such}]\n"})
    with pytest.raises(ProjectError, match="`dbt deps` failed: Package no/such was not found"):
        fake(event("Package no/such was not found in the package index"), status=2).deps(project)


def test_broken_packages_file_is_told(fake: Fake, project: DbtProject, write: Write) -> None:
    """A packages.yml that is no YAML is told with its name, not by a traceback."""
    write("shop", {"packages.yml": "packages: [\n"})
    with pytest.raises(ProjectError) as caught:
        fake().deps(project)
    assert "dbt/shop/packages.yml" in caught.value.where


def test_install_path_is_the_projects(write: Write) -> None:
    """packages-install-path of dbt_project.yml is honoured."""
    folder = write("shop", {"dbt_project.yml": "name: shop\npackages-install-path: vendor\n"})
    assert DbtProject("shop", folder).packages == folder / "vendor"

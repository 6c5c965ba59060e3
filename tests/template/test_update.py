"""`copier update` of a project that a team has worked on for a while: nothing of theirs is lost, ours arrives."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.template.conftest import FIRST, Git, copier, generate

MIGRATION = """_migrations:
  - version: v0.2.0
    when: "[[ _stage == 'after' ]]"
    command:
      - "[[ _copier_python ]]"
      - "[[ _copier_conf.src_path ]]/migrations/rename.py"
      - environments.*.tasks.retry_delay
      - retry_wait
"""
MARKERS = ("<<<<<<<", ">>>>>>>")


@pytest.fixture
def moving(light: Git, tmp_path: Path) -> Git:
    """Return a copy of the template whose tags a test may add to."""
    folder = tmp_path / "origin"
    shutil.copytree(light.folder, folder)
    return Git(folder)


def release(template: Git, tag: str = "v0.2.0") -> None:
    """Tag the template as it is."""
    template.commit()
    template.git("tag", tag)


def improve(template: Git) -> None:
    """Change what a later release changes: code, pins, docs, a new file; and all that is the team's, too."""
    template.edit("Makefile", "# The verbs a person types.", "# The improved verbs that a person types.")
    (template.folder / "NEW.md").write_text("# New\n")
    for path in template.folder.glob("locks/requirements-*.txt"):
        path.write_text(path.read_text().replace("astronomer-cosmos==1.15.1", "astronomer-cosmos==1.16.0"))
    template.edit("README.md", "# dbt on Amazon MWAA", "# dbt on Amazon's MWAA")
    (template.folder / "dags" / "jaffle_shop.py").write_text("# rewritten\n")
    (template.folder / "dbt" / "jaffle_shop" / "models" / "added.sql").write_text("select 1 as id\n")
    text = template.text("settings.toml.jinja")
    (template.folder / "settings.toml.jinja").write_text(text.replace('user = "MWAA_DBT"', 'user = "DBT_SERVICE"'))


def work(project: Git) -> dict[str, str]:
    """Do what a team does in a year; return every file of theirs with its text."""
    settings = project.text("settings.toml").replace('"my_organization-my_account"', '"acme-analytics"')
    settings = settings.replace('user = "MWAA_DBT"', 'user = "LOADER"').replace("retry_delay = 300", "retry_delay = 60")
    (project.folder / "settings.toml").write_text(settings)
    project.edit("README.md", "## Releases", "Ask in #data before you deploy.\n\n## Releases")
    project.edit("dags/jaffle_shop.py", "0 5 * * *", "30 6 * * *")
    (project.folder / "dags" / "finance.py").unlink()
    (project.folder / "dags" / "orders.py").write_text(
        project.text("dags/jaffle_shop.py").replace("jaffle_shop", "orders")
    )
    models = "dbt/jaffle_shop/models/staging/"
    project.edit(f"{models}stg_orders.sql", "        status,\n", "        upper(status) as status,\n")
    (project.folder / f"{models}stg_stores.sql").unlink()
    (project.folder / f"{models}stg_returns.sql").write_text("select 1 as return_id\n")
    # Shared files, edited apart from what the release changes.
    project.edit("startup.sh", "#!/bin/bash\n", "#!/bin/bash\nexport PIP_INDEX_URL=https://pypi.acme.example/simple\n")
    (project.folder / "requirements.txt").write_text("acme-operators==2.0\n" + project.text("requirements.txt"))
    project.commit("a year's work")
    shared = (".copier-answers.yml", "requirements.txt")
    return {name: project.text(name) for name in project.git("diff", "--name-only", "HEAD~1").splitlines()
            if (project.folder / name).is_file() and name not in shared}  # fmt: skip


def test_every_edit_is_kept(moving: Git, tmp_path: Path) -> None:
    """Edited settings, models, DAGs and README are as before, deleted ones stay away, and the release is there."""
    project = generate(moving, tmp_path / "orders", project_name="orders")
    edited = work(project)
    improve(moving)
    release(moving)
    done = copier(project.folder, "update")
    assert done.code == 0, done.seen
    assert {name: project.text(name) for name in edited} == edited
    assert not (project.folder / "dags" / "finance.py").exists()
    assert not (project.folder / "dbt/jaffle_shop/models/staging/stg_stores.sql").exists()
    assert not (project.folder / "dbt/jaffle_shop/models/added.sql").exists()
    assert "improved" in project.text("Makefile")
    assert (project.folder / "NEW.md").is_file()
    requirements = project.text("requirements.txt")
    assert "acme-operators==2.0\n" in requirements
    assert "astronomer-cosmos==1.16.0\n" in requirements
    assert yaml.safe_load(project.text(".copier-answers.yml"))["_commit"] == "v0.2.0"
    assert project.git("diff", "--name-only", "--diff-filter=U") == ""
    names = project.git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    marked = [name for name in names if (project.folder / name).is_file() and _is_marked(project.folder / name)]
    assert marked == []
    assert [name for name in names if name.endswith(".rej")] == []


def _is_marked(path: Path) -> bool:
    return any(line.startswith(MARKERS) for line in path.read_bytes().decode(errors="replace").splitlines())


def test_renamed_setting(moving: Git, tmp_path: Path) -> None:
    """A migration renames a setting in the team's own file, their value and comment stay; once more changes nothing."""
    project = generate(moving, tmp_path / "orders")
    project.edit("settings.toml", "retry_delay = 5   ", "retry_delay = 7   ")
    project.commit()
    before = project.text("settings.toml")
    moving.edit("copier.yml", "_migrations: []\n", MIGRATION)
    release(moving)
    refused = copier(project.folder, "update")
    assert refused.code != 0
    assert "--trust" in refused.err
    assert project.git("status", "--porcelain") == ""
    done = copier(project.folder, "update", "--trust")
    assert done.code == 0, done.seen
    assert project.text("settings.toml") == before.replace("retry_delay", "retry_wait")
    project.commit()
    release(moving, "v0.2.1")
    assert copier(project.folder, "update").code == 0
    assert project.text("settings.toml") == before.replace("retry_delay", "retry_wait")


def test_dirty_tree(moving: Git, tmp_path: Path) -> None:
    """An update is refused while something is uncommitted, in the words of docs/template.md."""
    project = generate(moving, tmp_path / "orders")
    (project.folder / "settings.toml").write_text(project.text("settings.toml") + "# mine\n")
    release(moving)
    done = copier(project.folder, "update")
    assert done.code != 0
    told = "Destination repository is dirty; cannot continue. Please commit or stash your local changes and retry."
    assert told in " ".join(done.err.split())
    assert told in " ".join((Path(__file__).parents[2] / "docs" / "template.md").read_text().split())


def test_another_airflow(moving: Git, tmp_path: Path) -> None:
    """Another version is one answer: requirements.txt follows, settings.toml is left to the team."""
    project = generate(moving, tmp_path / "orders")
    done = copier(project.folder, "update", "--vcs-ref", ":current:", airflow_version="2.11.2")
    assert done.code == 0, done.seen
    assert project.text("requirements.txt") == moving.text("locks/requirements-2.11.2.txt")
    changed = project.git("diff", "--name-only").split()
    assert sorted(changed) == [".copier-answers.yml", "requirements.txt"]


def test_recopy(moving: Git, tmp_path: Path) -> None:
    """A recopy brings every shared file back, and leaves the team's own as they are."""
    project = generate(moving, tmp_path / "orders", project_name="orders")
    edited = work(project)
    (project.folder / "Makefile").write_text("broken\n")
    project.commit()
    done = copier(project.folder, "recopy", "--overwrite")
    assert done.code == 0, done.seen
    assert project.text("Makefile") == moving.text("Makefile")
    kept = {name: text for name, text in edited.items() if name != "startup.sh"}
    assert {name: project.text(name) for name in kept} == kept
    assert yaml.safe_load(project.text(".copier-answers.yml"))["_commit"] == FIRST

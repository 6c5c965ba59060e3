"""Generated projects, as they lie there: what each answer changes, and that nothing of the template is left in them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from mwaa_dbt.settings import load
from scripts.doctor.examine import Wish, examine
from scripts.paths import Paths
from tests.lint.test_house import ROOT
from tests.template.combinations import COMBINATIONS, Answers
from tests.template.conftest import Git, generate

PIPELINES = {
    "github": [".github/workflows/ci.yml"],
    "gitlab": ["ci/gitlab.yml"],
    "codebuild": ["ci/codebuild-deploy.yml", "ci/codebuild-plan.yml", "ci/codebuild.yml"],
    "none": [],
}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#:\s]+)(?:#[^)]*)?\)")
REGION = "us-east-1"


# One of each version of Airflow and each provider is looked at in `make test`, which is the diagonal.
PARAMS = [
    pytest.param(one, id=one.id, marks=[pytest.mark.slow] * bool(number % 5)) for number, one in enumerate(COMBINATIONS)
]


@pytest.fixture(scope="module", params=PARAMS)
def made(request: pytest.FixtureRequest, light: Git, tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, Git]:
    """Generate a project of each combination."""
    answers: Answers = request.param
    folder = tmp_path_factory.mktemp(answers.id) / answers.id
    return answers, generate(light, folder, project_name=answers.id, region=REGION, **answers._asdict())


def files(project: Git) -> list[str]:
    """Return what a project has."""
    return project.git("ls-files").splitlines()


def test_settings(made: tuple[Answers, Git]) -> None:
    """settings.toml says what was answered, and `mwaa doctor --offline` finds nothing wrong in any environment."""
    answers, project = made
    settings = load(project.folder / "settings.toml")
    assert settings.project == (answers.id, answers.airflow_version)
    assert list(settings.environments) == ["local", *answers.environments.split(",")]
    for name, environment in settings.environments.items():
        assert (environment.region, environment.bucket) == (REGION, f"{answers.id}-{name}")
        assert (environment.slack is not None) == answers.slack
        wish = Wish(("settings", "pins", "sizing"), offline=True)
        assert [one for one in examine(Paths(project.folder), name, wish).findings if one.state == "error"] == []
    account = "my_organization-my_account" if answers.snowflake_account == "later" else answers.snowflake_account
    assert settings.environments["prod"].snowflake.account == account
    prefixes = [one.secrets.prefix for name, one in settings.environments.items() if name != "local"]
    assert len(set(prefixes)) == len(prefixes)


def test_pipelines(made: tuple[Answers, Git]) -> None:
    """There are those of the provider alone, and GitHub takes roles in the region that was answered."""
    answers, project = made
    found = [name for name in files(project) if re.match(r"\.github/|ci/.*\.yml|\.ci/", name)]
    assert found == PIPELINES[answers.ci_provider]
    if answers.ci_provider == "github":
        regions = re.findall(r"aws-region: (\S+)", project.text(found[0]))
        assert regions
        assert set(regions) == {REGION}


def test_sample(made: tuple[Answers, Git]) -> None:
    """The sample project is there with its DAGs, or nothing of it is; the DAG that proves containers always."""
    answers, project = made
    names = files(project)
    assert any(name.startswith("dbt/jaffle_shop/") for name in names) == answers.sample_project
    dags = [name for name in names if re.fullmatch(r"dags/\w+\.py", name)]
    samples = ["dags/finance.py", "dags/jaffle_shop.py", "dags/loyalty.py"] if answers.sample_project else []
    assert dags == [*samples, "dags/mwaa_check.py"]
    assert "dbt/requirements.txt" in names


def test_readme(made: tuple[Answers, Git]) -> None:
    """README.md has the project's name and speaks of the sample only if it is there."""
    answers, project = made
    text = project.text("README.md")
    assert text.startswith(f"# {answers.id}\n")
    assert "<!-- template" not in text
    assert ("<!-- sample" in text) == answers.sample_project
    assert answers.sample_project or "jaffle_shop" not in text


def test_answers(made: tuple[Answers, Git]) -> None:
    """Copier's own file has every answer, where the template is and at which tag."""
    answers, project = made
    kept = yaml.safe_load(project.text(".copier-answers.yml"))
    assert kept["_commit"] == "v0.1.0"
    assert kept["_src_path"].startswith("git+file://")
    assert {name: kept[name] for name in Answers._fields} == answers._asdict()


@pytest.fixture(scope="module")
def whole(template: Git, tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Generate a project from all of the template, as unlike it as answers can make it."""
    answers = COMBINATIONS[-1]
    return generate(template, tmp_path_factory.mktemp("whole") / "orders", project_name="orders", **answers._asdict())


def test_nothing_of_the_template(whole: Git) -> None:
    """No file is there that is the template's own, and no text of Jinja's that was not rendered."""
    names = files(whole)
    ours = (
        "copier.yml",
        "CHANGELOG.md",
        "AGENTS.md",
        "template.mk",
        "mkdocs.yml",
        "migrations/",
        "benchmarks/",
        "tests/unit/",
    )
    assert [name for name in names if name.startswith(ours) or name.endswith(".jinja")] == []
    assert {name.split("/")[1] for name in names if name.startswith("tests/")} == {"conftest.py", "project"}
    assert {"scripts/cli.py", "docs/locks.md", "LICENSE", "uv.lock", ".pre-commit-config.yaml"} <= set(names)
    rendered = [
        name for name in ("README.md", "settings.toml", "requirements.txt", ".github/workflows/ci.yml") if name in names
    ]
    assert [name for name in rendered if re.search(r"\[%|%\]|\[\[|\[~", whole.text(name))] == []


def test_links(whole: Git) -> None:
    """Every link of README.md, ci/README.md and docs/ leads to a file of the whole."""
    broken = []
    for page in [name for name in files(whole) if re.fullmatch(r"README\.md|(docs|ci)/.*\.md", name)]:
        folder = (whole.folder / page).parent
        broken += [f"{page}: {link}" for link in LINK.findall(whole.text(page)) if not (folder / link).exists()]
    assert broken == []


def test_own_tests(whole: Git) -> None:
    """The tests that go along pass in it, with its own sources; those that need a build wait for `make test`."""
    path = os.pathsep.join((str(whole.folder), str(whole.folder / "dags")))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/project"]
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, cwd=whole.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_defaults_are_the_repository(default: Git) -> None:
    """Whoever answers nothing has, of what goes along, every file as it is here."""
    names = set(files(default)) - {".copier-answers.yml"}
    assert [name for name in sorted(names) if (default.folder / name).read_bytes() != (ROOT / name).read_bytes()] == []
    executable = [name for name in names if os.access(ROOT / name, os.X_OK)]
    assert [name for name in executable if not os.access(default.folder / name, os.X_OK)] == []


def test_tools_are_at_home(default: Git) -> None:
    """Every lint that `make check` runs finds its settings in a generated project, and nothing to say."""
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check", "--quiet"], ["format", "--quiet", "--check"]):
        done = subprocess.run([ruff, *arguments, "."], cwd=default.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert tomllib.loads(default.text("pyproject.toml"))["project"]["scripts"] == {"mwaa": "scripts.cli:main"}

"""The pipelines: valid, thin, pinned, with no more rights than they need, and shipping what they tested."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mwaa_dbt.settings import load

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
CI = ROOT / ".github" / "workflows" / "ci.yml"
README = ROOT / "ci" / "README.md"
GITLAB = ROOT / "ci" / "gitlab.yml"
BUILDSPEC = ROOT / "ci" / "codebuild.yml"
BUILDSPECS = sorted((ROOT / "ci").glob("codebuild*.yml"))
PIPELINES = [*WORKFLOWS, GITLAB, *BUILDSPECS]
TEST, MATRIX, SETUP, MWAA = "make test", "make test-matrix", "make setup", ".venv/bin/mwaa"
NIGHTLY = {"make test-all", "make test-migrate"}
BUILDS = [f"{MWAA} build --env staging", f"{MWAA} build --env prod"]
# What only a pipeline needs: one check for all jobs, a token where the AWS SDK reads it, an artefact in its place.
GLUE = {
    'test "$RESULTS" = "success success success"',
    'printf %s "$AWS_TOKEN" >"$AWS_WEB_IDENTITY_TOKEN_FILE"',
    'cp -R "$CODEBUILD_SRC_DIR_Release" build',
}
READ = {"contents": "read"}
ROLE = {**READ, "id-token": "write"}
# job → its role's variable, its verb, and the job that it waits for.
DEPLOYS = {
    "staging": ("AWS_ROLE_STAGING", "deploy --env staging", "pass"),
    "plan": ("AWS_ROLE_PLAN", "plan --env prod", "staging"),
    "production": ("AWS_ROLE_PROD", "deploy --env prod", "plan"),
}
# What AWS's reference of buildspecs knows, of that which is used here; a key of another name would be passed over.
SPEC_KEYS = {"version", "phases", "artifacts"}
PHASE_KEYS = {"install": {"runtime-versions"}, "build": {"commands"}}
ARTIFACT_KEYS = {"name", "base-directory", "files"}


def table(path: Path) -> dict[Any, Any]:
    """Return a pipeline as data; YAML reads a workflow's `on` as true."""
    return dict(yaml.safe_load(path.read_text()))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """Return a workflow's or GitLab's jobs."""
    if path in WORKFLOWS:
        return dict(table(path)["jobs"])
    return {name: job for name, job in table(path).items() if isinstance(job, dict) and "script" in job}


def steps(path: Path, action: str) -> list[dict[str, Any]]:
    """Return a workflow's steps that use an action."""
    found = [step for job in jobs(path).values() for step in job["steps"]]
    return [step for step in found if step.get("uses", "").startswith(f"{action}@")]


def commands(job: dict[str, Any]) -> list[str]:
    """Return every shell line of a job of any system."""
    runs = [line for step in job.get("steps", []) for line in step.get("run", "").splitlines()]
    parts = (job.get(key, []) for key in ("before_script", "script", "after_script", "commands"))
    return [*runs, *(line for part in parts for line in part)]


def lines(path: Path) -> Iterator[str]:
    """Return every shell line of a pipeline."""
    whole = table(path)
    parts = whole["phases"] if path in BUILDSPECS else whole["jobs"] if path in WORKFLOWS else whole
    for part in parts.values():
        if isinstance(part, dict):
            yield from commands(part)


def ids(path: Path) -> str:
    """Name a pipeline in the test's name."""
    return path.relative_to(ROOT).as_posix()


def check_schema(path: Path) -> subprocess.CompletedProcess[str]:
    """Check a file against the schema of its system, which check-jsonschema carries."""
    schema = "vendor.gitlab-ci" if path.name == GITLAB.name else "vendor.github-workflows"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", [*WORKFLOWS, GITLAB], ids=ids)
def test_schema(path: Path, tmp_path: Path) -> None:
    """GitHub's and GitLab's own schemas take the pipeline, and would not take a misspelt key."""
    done = check_schema(path)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / path.name
    wrong.write_text(path.read_text().replace("timeout-minutes", "timeout").replace("when: manual", "when: manually"))
    assert check_schema(wrong).returncode == 1


@pytest.mark.parametrize("path", BUILDSPECS, ids=ids)
def test_buildspec(path: Path) -> None:
    """A buildspec has only keys that CodeBuild knows; there is no schema of it to check against."""
    spec = table(path)
    assert spec["version"] == 0.2
    assert set(spec) <= SPEC_KEYS
    assert {name: set(phase) for name, phase in spec["phases"].items()} == PHASE_KEYS
    assert set(spec.get("artifacts", {})) == (ARTIFACT_KEYS if path == BUILDSPEC else set())


@pytest.mark.parametrize("path", PIPELINES, ids=ids)
def test_only_verbs_are_called(path: Path) -> None:
    """A pipeline calls what a person can type at home; no expression could make a branch's name a command."""
    other = set(lines(path)) - GLUE - {TEST, MATRIX, SETUP, *NIGHTLY}
    assert [line for line in other if not line.startswith(f"{MWAA} ") or "${{" in line] == []


def test_verbs_exist() -> None:
    """What pipelines and their README call is in the Makefile and the command: verb, flags and environment."""
    verbs = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"test", "test-matrix", "setup"} <= set(verbs)
    known = load(ROOT / "settings.toml").environments
    used = {line for path in PIPELINES for line in lines(path) if line.startswith(MWAA)}
    used |= {f"{MWAA} {line}" for line in re.findall(r"`(?:\.venv/bin/)?mwaa (\w+ -[^`]*)`", README.read_text())}
    texts = {verb: help_of(verb) for verb in {line.split()[1] for line in used}}
    for line in used:
        _, verb, *rest = line.split()
        assert all(flag in texts[verb] for flag in rest if flag.startswith("--")), line
        assert rest[rest.index("--env") + 1] in {*known, '"$ENVIRONMENT"'}, line


def help_of(verb: str) -> str:
    """Return what `mwaa <verb> --help` prints; an unknown verb fails."""
    command = [sys.executable, "-m", "scripts.cli", verb, "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", [CI, GITLAB, BUILDSPEC], ids=ids)
def test_everything_is_tested_then_built_once(path: Path) -> None:
    """All tests come first, then both builds, once, in one job; both are kept whole."""
    found = list(lines(path))
    assert [line for line in found if line == TEST or line in BUILDS] == [TEST, *BUILDS]
    if path == CI:
        assert jobs(path)["release"]["needs"] == ["test"]
        (upload,) = steps(path, "actions/upload-artifact")
        assert upload["with"]["path"].split() == ["build/staging", "build/prod"]
        assert upload["with"]["include-hidden-files"] is True
    elif path == GITLAB:
        assert table(path)["stages"] == ["test", "build", *DEPLOYS]
        assert jobs(path)["release"]["artifacts"]["paths"] == ["build/staging/", "build/prod/"]
    else:
        assert table(path)["artifacts"]["base-directory"] == "build"
        globs = [f"{name}/{part}" for part in ("**/*", "dags/.airflowignore") for name in ("staging", "prod")]
        assert table(path)["artifacts"]["files"] == globs


@pytest.mark.parametrize("name", DEPLOYS)
def test_github_deploys_what_was_built(name: str) -> None:
    """A deploy's job waits for the one before, takes the artefact of the run and builds nothing; no role, no job."""
    (role, verb, before), job = DEPLOYS[name], jobs(CI)[name]
    assert commands(job) == [SETUP, f"{MWAA} {verb}"]
    assert job["needs"] == [before]
    assert job["if"] == f"github.event_name == 'push' && github.ref == 'refs/heads/main' && vars.{role} != ''"
    assert job.get("environment") == (None if name == "plan" else name)
    used = {step["uses"].split("@")[0]: step.get("with", {}) for step in job["steps"] if "uses" in step}
    (upload,) = steps(CI, "actions/upload-artifact")
    assert used["actions/download-artifact"] == {"name": upload["with"]["name"], "path": "build"}
    assert used["aws-actions/configure-aws-credentials"]["role-to-assume"] == f"${{{{ vars.{role} }}}}"
    # What is installed from outside comes before the credentials.
    order = [step.get("run") or step["uses"].split("@")[0] for step in job["steps"]]
    assert order[-2:] == ["aws-actions/configure-aws-credentials", f"{MWAA} {verb}"]


@pytest.mark.parametrize("name", DEPLOYS)
def test_gitlab_deploys_what_was_built(name: str) -> None:
    """The same on GitLab: production is manual, and each job is left out where its role or one before is not set."""
    (role, verb, _), job = DEPLOYS[name], jobs(GITLAB)[name]
    assert (job["extends"], job["script"], job["stage"]) == (".role", [f"{MWAA} {verb}"], name)
    assert "release" in job["needs"]
    assert job["variables"] == {"AWS_ROLE_ARN": f"${role}"}
    assert table(GITLAB)[".role"]["id_tokens"] == {"AWS_TOKEN": {"aud": "sts.amazonaws.com"}}
    (rule,) = job["rules"]
    first = [one for one, _, _ in DEPLOYS.values()][: list(DEPLOYS).index(name) + 1]
    assert rule["if"].split(" && ") == ["$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", *(f"${one}" for one in first)]
    assert rule.get("when") == ("manual" if name == "production" else None)
    if name != "plan":
        assert (job["interruptible"], job["resource_group"], job["environment"]) == (False, name, {"name": name})


def test_codebuild_deploys_what_was_built() -> None:
    """The same on CodeBuild: the artefact is put in its place, and nothing is built."""
    for verb in ("plan", "deploy"):
        took = ["make setup", 'cp -R "$CODEBUILD_SRC_DIR_Release" build', f'{MWAA} {verb} --env "$ENVIRONMENT"']
        assert list(lines(ROOT / "ci" / f"codebuild-{verb}.yml")) == took


def test_slim_is_for_own_pull_requests() -> None:
    """Code of a fork gets no role, nor does anything where the role is not set; its schema is dropped in any case."""
    path = CI.with_name("slim.yml")
    (job,) = jobs(path).values()
    own = "github.event.pull_request.head.repo.full_name == github.repository && vars.AWS_ROLE_CI != ''"
    assert (table(path)[True], job["if"]) == ({"pull_request": None}, own)
    assert table(path)["concurrency"]["cancel-in-progress"] is False
    (rule,) = jobs(GITLAB)["slim"]["rules"]
    assert rule == {"if": "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID && $AWS_ROLE_CI"}
    assert commands(job)[-1:] == jobs(GITLAB)["slim"]["script"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_actions_are_pinned(path: Path) -> None:
    """An action is named by its commit, with its version behind it; a tag could be moved."""
    uses = re.findall(r"uses:.*", path.read_text())
    assert uses
    for line in uses:
        assert re.fullmatch(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_commit_per_action() -> None:
    """An action has one pin in all workflows, so that an update cannot miss a place."""
    pins = {pin for path in WORKFLOWS for pin in re.findall(r"uses: ([\w./-]+)@(.+)", path.read_text())}
    assert len({action for action, _ in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_rights_are_least(path: Path) -> None:
    """A workflow has no right; a job may read the sources, and ask for a role only if it takes one; no token stays."""
    assert table(path)["permissions"] == {}
    for name, job in jobs(path).items():
        used = [step.get("uses", "").split("@")[0] for step in job["steps"]]
        takes = "aws-actions/configure-aws-credentials" in used
        assert job["permissions"] == (ROLE if takes else READ if "actions/checkout" in used else {}), name
        assert not takes or (name in (*DEPLOYS, "slim") and "vars.AWS_ROLE_" in job["if"])
    assert all(step["with"]["persist-credentials"] is False for step in steps(path, "actions/checkout"))


@pytest.mark.parametrize("path", PIPELINES, ids=ids)
def test_no_secrets(path: Path) -> None:
    """No pipeline has a key or reads a secret: roles are had by OIDC or are the machine's own."""
    assert re.findall(r"(?i)access.?key|secret|session.?token|password", path.read_text()) == []


def test_runs_end() -> None:
    """What is overtaken is cancelled, but never a deploy; none hangs for GitHub's six hours."""
    # A group of the whole run would cancel its deploys, too.
    assert "concurrency" not in table(CI)
    for name, job in jobs(CI).items():
        deploys = name in ("staging", "production")
        assert 0 < job["timeout-minutes"] <= (60 if deploys else 30)
        part = "-${{ matrix.airflow }}" if "strategy" in job else ""
        group = {"group": f"{name}{part}-${{{{ github.ref }}}}", "cancel-in-progress": True}
        group = {"group": f"deploy-{name}", "cancel-in-progress": False} if deploys else group
        assert job.get("concurrency") == (None if name in ("pass", "plan") else group), name


def test_pass_needs_every_job() -> None:
    """The one required check runs always and stands for every job that runs for a pull request."""
    before = {name: job for name, job in jobs(CI).items() if name not in DEPLOYS}
    gate = before.pop("pass")
    assert gate["if"] == "always()"
    assert sorted(gate["needs"]) == sorted(before)
    assert commands(gate) == [f'test "$RESULTS" = "{" ".join("success" for _ in before)}"']


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_region_is_that_of_settings(path: Path) -> None:
    """A role is taken where the environments of settings.toml are."""
    environments = load(ROOT / "settings.toml").environments
    regions = {step["with"]["aws-region"] for step in steps(path, "aws-actions/configure-aws-credentials")}
    assert regions in (set(), {environments[name].region for name in ("staging", "prod")})


def test_python_is_mwaas() -> None:
    """Every pipeline runs the Python of .python-version."""
    version = (ROOT / ".python-version").read_text().strip()
    assert table(GITLAB)["default"]["image"].startswith(f"python:{version}-")
    for path in BUILDSPECS:
        assert str(table(path)["phases"]["install"]["runtime-versions"]["python"]) == version


@pytest.mark.parametrize("path", PIPELINES, ids=ids)
def test_readme_names_the_pipeline(path: Path) -> None:
    """ci/README.md says what each pipeline is for."""
    assert f"`{ids(path)}`" in README.read_text()


def test_prebuild_stands_alone() -> None:
    """The step that makes the manifest ahead says so everywhere, and what the README gives to paste is that alone."""
    for text in (path.read_text() for path in PIPELINES):
        assert ("Pre-build manifest.json and pack the release" in text) == (f"{MWAA} build" in text)
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)]
    assert [commands({"steps": one} if isinstance(one, list) else one) for one in blocks] == [[SETUP, BUILDS[1]]] * 3

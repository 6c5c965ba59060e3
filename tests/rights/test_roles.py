"""The roles themselves: what ci/README.md says that they may do, and who may take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.rights.asked import ACCOUNT, REGION
from tests.rights.conftest import ISSUER, KEY, REPOSITORY, SECRET, SECRET_KEY, SUBJECTS, Cloud, World, jwt, make_roles
from tests.rights.gate import claims, trusts
from tests.rights.policy import Ask, allowed, like, listed
from tests.rights.readme import ROLES, rights, subjects

GITLAB = "gitlab.example.com"
# What stands in the table for a name of settings.toml.
NAMES = {"SECRET_KEY": SECRET_KEY, "KEY": KEY, "SECRET": SECRET, "REGION": REGION, "ACCOUNT": ACCOUNT}


def role_name(arn: str) -> str:
    """Return a role's name."""
    return arn.rsplit("/", 1)[-1]


@pytest.fixture(scope="module")
def github(cloud: Cloud) -> dict[str, str]:
    """Make the roles of an environment for GitHub."""
    return make_roles(cloud, "github")


@pytest.fixture(scope="module")
def gitlab(cloud: Cloud) -> dict[str, str]:
    """Make the roles of an environment for a GitLab of one's own."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITLAB}"
    return make_roles(cloud, "gitlab", Issuer=GITLAB, ProviderArn=provider)


def trust(cloud: Cloud, arn: str) -> dict[str, Any]:
    """Return who may take a role."""
    return dict(cloud.client("iam").get_role(RoleName=role_name(arn))["Role"]["AssumeRolePolicyDocument"])


def spelled(resource: str, bucket: str) -> str:
    """Return a resource of the table with the names of a stack."""
    for word, name in {**NAMES, "BUCKET": bucket, "ENVIRONMENT": bucket}.items():
        resource = resource.replace(word, name)
    return resource


@pytest.mark.parametrize("role", ROLES)
def test_policies_are_the_table(cloud: Cloud, github: dict[str, str], role: str) -> None:
    """A role may do what the table says of it, to the letter."""
    written = {
        (right.action, spelled(resource, "github"))
        for right in rights()
        if role in right.roles
        for resource in right.resources
    }
    statements = cloud.gate.statements(role_name(github[f"{role}Role"]))
    found = {
        (action, resource)
        for one in statements
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    }
    assert found == written
    assert all(one["Effect"] == "Allow" for one in statements)


@pytest.mark.parametrize("role", ROLES)
def test_rights_end_where_others_begin(cloud: Cloud, github: dict[str, str], role: str) -> None:
    """No role reaches the archive of runs, another bucket, another secret, or a key but through its service."""
    statements = cloud.gate.statements(role_name(github[f"{role}Role"]))
    for key in ("archive/index/daily/2026-11.jsonl.gz", "dags"):
        assert not allowed(statements, Ask("s3:GetObject", f"arn:aws:s3:::github/{key}"))
    assert not allowed(statements, Ask("s3:GetObject", "arn:aws:s3:::github2/dags/shop.py"))
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{SECRET}2-AbCdEf"
    assert not allowed(statements, Ask("secretsmanager:GetSecretValue", secret))
    assert not allowed(statements, Ask("kms:Decrypt", KEY))
    assert not allowed(statements, Ask("kms:Decrypt", KEY, {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}))


def test_nothing_is_allowed_that_is_not_there(cloud: Cloud) -> None:
    """Without an MWAA environment, keys and secret, a pipeline has no right on any, and there is no role for CI."""
    roles = make_roles(cloud, "bare", Name="", KmsKey="", Secret="", SecretKey="")
    assert set(roles) == {"PlanRole", "DeployRole", "ProviderArn"}
    actions = {
        action for one in cloud.gate.statements(role_name(roles["DeployRole"])) for action in listed(one["Action"])
    }
    assert {action.split(":")[0] for action in actions} == {"s3"}
    assert "s3:GetObjectVersion" not in actions


@pytest.mark.parametrize("variable", subjects())
def test_trust_is_the_table(cloud: Cloud, gitlab: dict[str, str], variable: str) -> None:
    """Each role trusts the job that the table names, and no other job, repository, branch or audience."""
    output, on_github, on_gitlab = subjects()[variable]
    environment = "staging" if on_github.endswith(":staging") else "production"
    github = make_roles(cloud, variable.lower().replace("_", "-"), GithubEnvironment=environment)
    for roles, issuer, written in ((github, ISSUER, on_github), (gitlab, GITLAB, on_gitlab)):
        policy = trust(cloud, roles[output])
        subject = written.replace("OWNER/REPO", REPOSITORY).replace("GROUP/PROJECT", REPOSITORY)
        assert trusts(policy, claims(jwt(issuer, subject.replace("*", "feature/x"))))
        longer = "" if subject.endswith("*") else f"{subject}x"
        for other in (longer, subject.replace(REPOSITORY, "acme/other"), f"x{subject}", subject.rsplit(":", 2)[0]):
            assert not trusts(policy, claims(jwt(issuer, other))), other
        assert not trusts(policy, claims(jwt(issuer, subject, audience="https://github.com/acme")))
        assert not trusts(policy, claims(jwt("evil.example.com", subject)))


@pytest.mark.parametrize("issuer", ["github", "gitlab"])
def test_only_merge_requests_are_alike(cloud: Cloud, request: pytest.FixtureRequest, issuer: str) -> None:
    """A pattern stands only where the table has one: for merge requests of GitLab."""
    roles = request.getfixturevalue(issuer)
    tests = {role: set(trust(cloud, roles[f"{role}Role"])["Statement"][0]["Condition"]) for role in ROLES}
    ci = {"StringEquals", "StringLike"} if issuer == "gitlab" else {"StringEquals"}
    assert tests == {"Plan": {"StringEquals"}, "Deploy": {"StringEquals"}, "Ci": ci}


def test_session_is_short(cloud: Cloud, github: dict[str, str]) -> None:
    """A session ends after an hour, as the README says."""
    for role in ROLES:
        found = cloud.client("iam").get_role(RoleName=role_name(github[f"{role}Role"]))["Role"]
        assert found["MaxSessionDuration"] == 3600


def test_moto_judges_too(make: Callable[[], World]) -> None:
    """Behind the gate moto itself knows the session, and denies what the role's policies do not name."""
    world = make()
    sts = boto3.client("sts", REGION, endpoint_url=world.cloud.gate.url, config=Config(signature_version=UNSIGNED))
    token = jwt(ISSUER, SUBJECTS["PlanRole"])
    role = {"RoleArn": world.roles["PlanRole"], "RoleSessionName": "direct", "WebIdentityToken": token}
    taken = sts.assume_role_with_web_identity(**role)["Credentials"]
    keys = {name: taken[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    session = boto3.session.Session(*keys.values(), region_name=REGION)
    s3 = session.client("s3", endpoint_url=world.cloud.url)
    assert s3.list_objects_v2(Bucket=world.bucket)["KeyCount"] > 0
    for call in (s3.put_object, s3.delete_object):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(Bucket=world.bucket, Key="dags/shop.py")


def test_wrong_job_is_told(make: Callable[[], World]) -> None:
    """A job that may not take its role hears of that, not of S3."""
    world = make()
    world.roles["PlanRole"] = world.roles["DeployRole"]
    done = world.run("PlanRole", "plan")
    assert done.code == 1
    assert "AWS does not let this job take its role" in done.err
    assert "ci/README.md" in done.err


def test_patterns_are_iams() -> None:
    """The gate reads patterns as IAM does, brackets and dots included."""
    assert like("arn:aws:s3:::b/dags/*", "arn:aws:s3:::b/dags/a/b.py")
    assert like("secret:a-??????", "secret:a-AbCdEf")
    assert not like("secret:a-??????", "secret:a-AbCdEfG")
    assert not like("s3:Get[O]bject", "s3:GetObject")
    assert not like("a.c", "abc")

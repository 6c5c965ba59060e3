"""The template of a pipeline's roles. What they may do, and who may take them, is tried in tests/rights.

moto's CloudFormation (5.2.5) knows no identity provider.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]

from mwaa_dbt.settings import load
from scripts import connections
from tests.infra.templates import ACCOUNT, Template

ROOT = Path(__file__).parents[2]
GITHUB = {"Repository": "acme/shop", "Bucket": "shop", "Name": "shop"}
TEMPLATE = Template("deploy-role.yaml", **GITHUB)
PROVIDER = "AWS::IAM::OIDCProvider"
OWN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"


def parameters() -> dict[str, dict[str, Any]]:
    """Return the parameters."""
    return dict(TEMPLATE.table["Parameters"])


def test_template_is_clean() -> None:
    """cfn-lint knows every property of the template, and nothing worth a warning."""
    assert lint(TEMPLATE.text) == []
    assert lint(TEMPLATE.text.replace("ClientIdList", "ClientIds", 1)) != []


@pytest.mark.parametrize("issuer", ["token.actions.githubusercontent.com", "gitlab.com", "gitlab.example.com"])
def test_provider_is_the_issuers(issuer: str) -> None:
    """Without a provider one is made, for the issuer and AWS's audience; it outlives the stack, as others use it."""
    (made,) = Template("deploy-role.yaml", **GITHUB, Issuer=issuer).resources(PROVIDER).values()
    assert made == {"Url": f"https://{issuer}", "ClientIdList": ["sts.amazonaws.com"]}
    assert TEMPLATE.table["Resources"]["Provider"]["DeletionPolicy"] == "Retain"


def test_provider_that_is_there_is_used() -> None:
    """An account can have one provider of an issuer: one that is there is trusted, and none is made."""
    there = Template("deploy-role.yaml", **GITHUB, ProviderArn=OWN)
    assert there.resources(PROVIDER) == {}
    roles = there.resources("AWS::IAM::Role").values()
    assert all(OWN in one["AssumeRolePolicyDocument"] for one in roles)


def test_only_asked_roles_are_made() -> None:
    """Pull requests get a role only where a secret is named for them to read."""
    assert set(TEMPLATE.resources("AWS::IAM::Role")) == {"Plan", "Deploy"}
    with_ci = Template("deploy-role.yaml", **GITHUB, Secret="airflow/connections/x")
    assert set(with_ci.resources("AWS::IAM::Role")) == {"Plan", "Deploy", "Ci"}


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_settings_fit(name: str) -> None:
    """What settings.toml has of an environment are values that the parameters take."""
    environment = load(ROOT / "settings.toml").environments[name]
    values = {
        "Bucket": environment.bucket,
        "Name": environment.mwaa.name if environment.mwaa else "",
        "Secret": connections.secret_name(environment, environment.snowflake.connection),
    }
    for key, value in values.items():
        assert re.fullmatch(parameters()[key]["AllowedPattern"], value), key
    needed = {key for key, one in parameters().items() if "Default" not in one}
    assert needed == {"Repository", "Bucket"}


def test_readme_has_settings_values() -> None:
    """The command in ci/README.md names what settings.toml says of staging, and only parameters that there are."""
    text = (ROOT / "ci" / "README.md").read_text()
    (command,) = re.findall(r"\$ aws cloudformation deploy (.*?)\n\$ ", text, re.DOTALL)
    given = dict(re.findall(r"(\w+)=(\S+)", command))
    environment = load(ROOT / "settings.toml").environments["staging"]
    assert environment.mwaa
    assert given["Bucket"] == environment.bucket
    assert given["Name"] == environment.mwaa.name
    assert given["Secret"] == connections.secret_name(environment, environment.snowflake.connection)
    assert f"--region {environment.region} " in command
    assert set(given) <= set(parameters())
    named = set(re.findall(r"`([A-Z]\w+)(?:=[\w.]+)?`", text[text.index("One command per") : text.index("| variable")]))
    assert named <= set(parameters()) | set(TEMPLATE.table["Outputs"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Repository", "https://github.com/acme/shop"),
        ("Repository", "acme/*"),
        ("Repository", "acme"),
        ("Issuer", "https://gitlab.com"),
        ("Branch", "*"),
        ("GithubEnvironment", "prod*"),
        ("Secret", "airflow/connections/*"),
        ("Name", "shop/*"),
        ("KmsKey", "alias/own"),
        ("ProviderArn", "arn:aws:iam::123456789012:role/x"),
    ],
)
def test_wide_values_are_refused(name: str, value: str) -> None:
    """No parameter can widen a role by a pattern, nor be what it is not."""
    assert not re.fullmatch(parameters()[name]["AllowedPattern"], value)

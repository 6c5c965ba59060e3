"""`mwaa secrets diff` and `policy`: what differs, and what must be allowed; never a value of a secret part."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3

from tests.secrets.conftest import TOKEN, Project


def test_nothing_differs(project: Project, key: str) -> None:
    """After a push there is nothing to tell, and the exit code is 0."""
    project.full(key)
    done = project.secrets("diff")
    assert done.code == 0, done.seen
    assert "private key (PEM): there, not shown" in done.out
    assert [line.split()[2] for line in done.out.splitlines() if line.startswith("✓")] == ["equal", "equal"]


def test_every_kind_of_difference(project: Project, key: str) -> None:
    """Missing, unreadable, deleted, another field, a field too much, and a secret that nobody declares."""
    project.add(
        '[environments.prod.connections.crm]\ntype = "http"\nhost = "new"\n'
        '[environments.prod.connections.dwh]\ntype = "http"\n'
        '[environments.prod.variables]\ncountry = "ch"\napi_token = ""'
    )
    project.store(
        "crm", {"conn_type": "http", "host": "old", "password": "hunter2hunter2", "extra": {"more": "undeclared-value"}}
    )
    project.store("dwh", "{")
    project.store("slack_default", {"conn_type": "slack", "password": TOKEN})
    project.store("variables/country", "an older secret")
    project.store("stranger", {"conn_type": "http"})
    project.client.delete_secret(SecretId=project.name("slack_default"), RecoveryWindowInDays=7)
    done = project.secrets("diff", "--json")
    assert done.code == 1
    states = {row["id"]: row["state"] for row in done.json["secrets"]}
    assert states == {
        "snowflake_default": "missing",
        "slack_default": "deleted",
        "crm": "differs",
        "dwh": "unreadable",
        "country": "differs",
        "api_token": "missing",
    }
    assert done.row("crm")["changes"] == ["host: 'old' → 'new'", "extra.more: (not shown) → nothing"]
    assert done.row("country")["changes"] == ["value: (not shown) → 'ch'"]
    assert done.json["undeclared"] == [project.name("stranger")]
    assert "undeclared-value" not in done.seen + project.secrets("diff").seen
    assert "an older secret" not in done.seen


def test_neighbours_are_no_strangers(project: Project, key: str) -> None:
    """What another environment of the same prefix declares is not called undeclared."""
    project.full(key)
    text = (project.root / "settings.toml").read_text()
    project.add(text[text.index("[environments.prod]") :].replace("environments.prod", "environments.test"))
    project.add('[environments.test.variables]\ncountry = "ch"')
    project.store("variables/country", "ch")
    assert project.secrets("diff").code == 0


def policy(project: Project, *arguments: str) -> list[dict[str, Any]]:
    """Return the statements of a policy."""
    done = project.secrets("policy", *arguments)
    assert done.code == 0, done.seen
    assert done.json["Version"] == "2012-10-17"
    return list(done.json["Statement"])


def test_policy_is_the_least(project: Project) -> None:
    """The execution role may read these secrets and nothing else; the account is asked of AWS or given."""
    (statement,) = policy(project)
    assert statement["Action"] == ["secretsmanager:GetSecretValue"]
    base = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{project.prefix}/connections"
    assert statement["Resource"] == [f"{base}/slack_default-??????", f"{base}/snowflake_default-??????"]
    (other,) = policy(project, "--account", "999999999999", "--json")
    assert ":999999999999:" in other["Resource"][0]
    assert project.secrets("policy", "--account", "12").code == 2


def test_policy_of_a_kms_key(project: Project) -> None:
    """A key of one's own is allowed for Secrets Manager's use alone; an alias is resolved, IAM knows none."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    kms = boto3.client("kms", region_name="eu-central-1", endpoint_url=project.endpoint, **keys)
    made = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{project.prefix}", TargetKeyId=made["KeyId"])
    project.edit(f'prefix = "{project.prefix}"', f'prefix = "{project.prefix}/"\nkms_key = "alias/{project.prefix}"')
    for arguments, actions in (((), ["kms:Decrypt"]), (("--push",), ["kms:Decrypt", "kms:GenerateDataKey"])):
        secrets, key = policy(project, *arguments)
        assert (key["Action"], key["Resource"]) == (actions, [made["Arn"]])
        assert key["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}
        assert not [action for action in secrets["Action"] + secrets["Resource"] if "*" in action]
    assert "secretsmanager:UpdateSecret" in secrets["Action"]
    assert all(f"{project.prefix}/connections/" in arn for arn in secrets["Resource"])


def test_policy_elsewhere(project: Project) -> None:
    """China and the government's cloud have partitions of their own; without AWS the account is a gap to fill."""
    project.edit('region = "eu-central-1"', 'region = "cn-north-1"')
    assert policy(project, "--account", "123456789012")[0]["Resource"][0].startswith(
        "arn:aws-cn:secretsmanager:cn-north-1:"
    )
    project.endpoint = "http://127.0.0.1:1"
    assert ":ACCOUNT:" in policy(project)[0]["Resource"][0]


def test_secret_in_base64_is_not_shown(project: Project, key: str) -> None:
    """The stored form of a key is as secret as the key."""
    project.full(key)
    project.given.append(base64.b64encode(key.encode()).decode())
    project.edit('"key_pair"', '"encrypted_key_pair"')
    assert project.secrets("diff").code == 1
    assert json.loads(project.secrets("diff", "--json").out)["secrets"][0]["parts"] == {
        "key": True,
        "passphrase": False,
    }

"""What doctor may not look at, or what is not there: one line each, and the other checks go on."""

from __future__ import annotations

import pytest

from tests.doctor.broken import bad
from tests.doctor.world import World

# A word of the call → group, action.
DENIED = {
    "?versioning": ("bucket", "s3:GetBucketVersioning"),
    "?publicAccessBlock": ("bucket", "s3:GetBucketPublicAccessBlock"),
    "?encryption": ("bucket", "s3:GetEncryptionConfiguration"),
    "?policy": ("bucket", "s3:GetBucketPolicy"),
    "Action=GetRole&": ("role", "iam:GetRole"),
}


@pytest.mark.parametrize(("word", "group", "action"), [(word, *told) for word, told in DENIED.items()])
def test_missing_permission_is_one_line(word: str, group: str, action: str, world: World) -> None:
    """A permission that is missing is told with the statement that gives it; nothing is blamed for it."""
    world.gate.denied.append(word)
    ((told, found),) = bad(world.look())
    assert (told, found.state) == (group, "warning")
    assert f"not looked at: There is no permission for {action}" in found.what
    assert f'"Action": "{action}", "Resource": "arn:aws:' in found.fix
    assert world.look(group).healthy


def test_secrets_that_may_not_be_read(world: World) -> None:
    """Each secret is told by its name: somebody who deploys need not be able to read them."""
    world.gate.denied.append("secretsmanager.GetSecretValue")
    found = bad(world.look("secrets"))
    assert [one.state for _, one in found] == ["warning", "warning"]
    assert "connections/snowflake_default was not looked at: There is no permission" in found[0][1].what


def test_policies_that_may_not_be_read(world: World) -> None:
    """Without the simulation and without the policies nothing is known of the role's rights, and that is told."""
    world.gate.denied += ["SimulatePrincipalPolicy", "ListRolePolicies"]
    ((_, found),) = bad(world.look("role"))
    assert (found.state, "iam:ListRolePolicies" in found.fix) == ("warning", True)


def test_logs_that_may_not_be_read(world: World) -> None:
    """Both questions of the log groups are told as not looked at."""
    world.gate.denied.append("FilterLogEvents")
    found = [one for _, one in bad(world.look("containers"))]
    assert {one.state for one in found} == {"warning"}
    assert all("logs:FilterLogEvents" in one.fix for one in found)


def test_bucket_that_is_not_there(world: World) -> None:
    """A bucket that is not there is one line; what would be in it is not looked at."""
    world.edit("settings.toml", f'bucket = "{world.name}"', 'bucket = "not-there"')
    found = bad(world.look("bucket", "drift"))
    assert [(group, one.state) for group, one in found] == [("bucket", "error"), ("drift", "skipped")]
    assert "There is no 'not-there' in eu-central-1" in found[0][1].what
    assert "infra/bucket.yaml" in found[0][1].fix


def test_environment_that_is_not_there(world: World) -> None:
    """An environment that is not there is one line; bucket and secrets are looked at all the same."""
    world.edit("settings.toml", f'name = "{world.name}"', 'name = "not-there"')
    found = bad(world.look())
    assert [(group, one.state) for group, one in found] == [
        ("role", "skipped"),
        ("environment", "error"),
        ("containers", "skipped"),
        ("dags", "skipped"),
    ]
    assert "There is no 'not-there' in eu-central-1" in found[1][1].what


@pytest.mark.parametrize(
    ("status", "state"), [("CREATING", "warning"), ("UPDATING", "warning"), ("UNAVAILABLE", "error")]
)
def test_environment_that_is_not_ready(status: str, state: str, world: World) -> None:
    """An environment that is being made or is lost is told; Airflow is then not asked."""
    world.change(Status=status)
    found = bad(world.look("environment", "dags"))
    assert [(group, one.state) for group, one in found] == [("environment", state), ("dags", "skipped")]
    assert status in found[0][1].what


def test_no_environment_is_named(world: World) -> None:
    """Without a table `mwaa` only the bucket, what is in it and the secrets are looked at."""
    table = f'[environments.prod.mwaa]\nname = "{world.name}"\nenvironment_class = "mw1.small"\n'
    world.edit("settings.toml", table, "")
    found = dict(bad(world.look("bucket", "secrets", "role", "environment", "containers", "dags", "drift")))
    assert list(found) == ["role", "environment", "containers", "dags"]
    assert all("no MWAA environment is named in [environments.prod]" in one.what for one in found.values())


def test_private_web_server(world: World) -> None:
    """A private web server that cannot be asked from here is told as that, once, and not as three refusals."""
    world.change(WebserverAccessMode="PRIVATE_ONLY")
    assert bad(world.look("dags")) == []
    world.airflow.broken = True
    ((group, told),) = bad(world.look("dags"))
    assert (group, told.state) == ("dags", "warning")
    assert "the web server is private (PRIVATE_ONLY), and cannot be asked from here" in told.what


def test_nothing_is_live(world: World) -> None:
    """Before the first deploy that is what is told, and nothing is compared with it."""
    world.bucket.delete("dags/dbt/current.json")
    found = bad(world.look())
    assert [(group, one.state) for group, one in found] == [("bucket", "warning"), ("drift", "skipped")]
    assert found[0][1].fix == "`mwaa deploy --env prod`"


def test_airflow_that_talks_nonsense(world: World) -> None:
    """A check that cannot make sense of an answer says so, and ends no other check."""
    world.airflow.page = "<html>Please log in.</html>"
    found = bad(world.look())
    assert {(group, one.state) for group, one in found} == {("dags", "error")}
    assert all("this check itself failed: " in one.what for _, one in found)

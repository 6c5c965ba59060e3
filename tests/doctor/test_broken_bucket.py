"""Bucket, secrets, role and objects, each broken for real: its line tells, and no other does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.deploy.lock import KEY as LOCK
from scripts.release import POINTER
from tests.doctor.broken import Broken, bad
from tests.doctor.world import ACCOUNT, REGION, World, closed


def leave_lock(world: World) -> None:
    """Leave the lock of a deploy whose process is gone."""
    from scripts.deploy.lock import _host

    note = {"owner": "anna@laptop", "host": _host(), "pid": 2**22 + 1, "started": 0.0, "token": "t", "held": 5}
    world.bucket.swap(LOCK, json.dumps(note).encode(), None)


def encrypt(world: World) -> None:
    """Let the environment have a KMS key that the bucket has not."""
    world.change(KmsKey=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234")


def delete_secret(world: World) -> None:
    """Delete a secret for good."""
    name = f"{world.name}/connections/slack_default"
    world.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def change_secret(world: World) -> None:
    """Store a connection with another warehouse."""
    name = f"{world.name}/connections/snowflake_default"
    stored = json.loads(world.aws.secrets.read(name))
    stored["extra"]["warehouse"] = "OTHER"
    world.aws.secrets.write(name, json.dumps(stored))


def trust(world: World, **changes: Any) -> None:
    """Give the role another trust policy."""
    world.client("iam").update_assume_role_policy(RoleName=world.name, PolicyDocument=world.trust(**changes))


BUCKET = {
    "public": Broken(
        lambda world: world.client("s3").put_public_access_block(
            Bucket=world.name, PublicAccessBlockConfiguration=closed(BlockPublicPolicy=False)
        ),
        "bucket",
        "error",
        "it is not closed to the public",
        "infra/bucket.yaml",
    ),
    "key": Broken(encrypt, "bucket", "error", "it encrypts with a key of S3, the environment has arn:", "KmsKey=arn:"),
    "policy": Broken(
        lambda world: setattr(world.gate, "policy", world.only_tls(Action="s3:DeleteObject")),
        "bucket",
        "warning",
        "its policy lets in what comes without TLS",
        "the statement OnlyTls",
    ),
    "lock": Broken(leave_lock, "bucket", "warning", "has left its lock: anna@laptop", "`mwaa unlock --env prod`"),
}
SECRETS = {
    "missing": Broken(
        delete_secret,
        "secrets",
        "error",
        "/connections/slack_default: there is no such secret in eu-central-1",
        "`mwaa secrets push --env prod slack_default`",
    ),
    "changed": Broken(
        change_secret,
        "secrets",
        "error",
        "/connections/snowflake_default: it differs from settings.toml: extra.warehouse: 'OTHER' → 'w'",
        "`mwaa secrets push --env prod snowflake_default`",
    ),
}
ROLE = {
    "trust": Broken(
        lambda world: trust(world, Principal={"Service": "airflow.amazonaws.com"}),
        "role",
        "error",
        "does not trust airflow-env.amazonaws.com: MWAA cannot take it",
        "allow them sts:AssumeRole",
    ),
    "clone": Broken(
        lambda world: trust(world, Condition={"ArnLike": {"aws:SourceArn": f"{world.arn}-before"}}),
        "role",
        "error",
        "-before, not for this environment",
        "for aws:SourceArn in it",
    ),
    "archive": Broken(
        lambda world: world.gate.impossible.append("s3:PutObject"),
        "role",
        "error",
        "may not s3:PutObject on arn:aws:s3:::shop-",
        '"Action": "s3:PutObject", "Resource": "arn:aws:s3:::shop-',
    ),
    "no role": Broken(
        lambda world: world.change(ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/gone"),
        "role",
        "error",
        "There is no 'gone'",
        "create it",
    ),
}
DRIFT = {
    "missing": Broken(
        lambda world: world.bucket.delete("dags/shop.py"),
        "drift",
        "error",
        "missing in the bucket: dags/shop.py",
        "`mwaa deploy --env prod`",
    ),
    "changed": Broken(
        lambda world: world.client("s3").put_object(Bucket=world.name, Key="dags/shop.py", Body=b"edited"),
        "drift",
        "error",
        "changed by other hands in the bucket: dags/shop.py",
        "`mwaa deploy --env prod`",
    ),
    "extra": Broken(
        lambda world: world.client("s3").put_object(Bucket=world.name, Key="dags/mine.py", Body=b"mine"),
        "drift",
        "warning",
        "in the bucket, of no release: dags/mine.py",
        "delete them",
    ),
}
ALL = [
    pytest.param(broken, id=f"{broken.group}: {name}")
    for table in (BUCKET, SECRETS, ROLE, DRIFT)
    for name, broken in table.items()
]


@pytest.mark.parametrize("broken", ALL)
def test_one_line_tells(broken: Broken, world: World) -> None:
    """What was broken is told by one line, with what mends it."""
    broken.do(world)
    broken.check(world.look())


def test_damaged_pointer(world: World) -> None:
    """A pointer that cannot be read is told, and that nothing is compared with what it should name."""
    world.client("s3").put_object(Bucket=world.name, Key=POINTER, Body=b"{")
    (group, told), skipped = bad(world.look())
    assert (group, told.state) == ("bucket", "error")
    assert "The pointer cannot be read" in told.what
    assert "restore its version before" in told.fix
    assert (skipped[0], skipped[1].state) == ("drift", "skipped")


def test_bucket_without_versions(world: World) -> None:
    """A bucket that keeps no versions is told with the command that makes it keep them."""
    off = {"Status": "Suspended"}
    world.client("s3").put_bucket_versioning(Bucket=world.name, VersioningConfiguration=off)
    ((_, found),) = bad(world.look("bucket"))
    assert (found.state, found.what) == ("error", "it keeps no versions, which MWAA demands")
    assert f"put-bucket-versioning --bucket {world.name}" in found.fix


def test_bucket_elsewhere(world: World) -> None:
    """A bucket of another region is told with the region that it is in."""
    world.edit("settings.toml", 'region = "eu-central-1"', 'region = "eu-west-1"')
    ((_, found),) = bad(world.look("bucket"))
    assert found.what == f"{world.name} is in eu-central-1, not eu-west-1, where MWAA looks for it"
    assert 'write region = "eu-central-1"' in found.fix


def test_role_by_the_text_of_its_policies(world: World) -> None:
    """Where IAM's simulation may not be asked, the role's policies are read; what they lack is told."""
    world.gate.denied.append("SimulatePrincipalPolicy")
    assert bad(world.look("role")) == []
    assert "by the text of its policies" in world.look("role").groups["role"][1].what
    world.allow(*(right for right in world.rights if right["Action"] != "secretsmanager:GetSecretValue"))
    told = [one.what for _, one in bad(world.look("role"))]
    assert len(told) == 2
    assert all("may not secretsmanager:GetSecretValue on arn:aws:secretsmanager:" in one for one in told)


def test_right_under_an_unknown_condition(world: World) -> None:
    """What IAM cannot say without knowing the call is no fault; it says on what it depends."""
    world.gate.impossible.append("s3:PutObject")
    world.gate.missing = "aws:SourceVpce"
    ((_, told),) = bad(world.look("role"))
    assert (told.state, "s3:PutObject on arn:aws:s3:::" in told.what) == ("warning", True)
    assert "depends on aws:SourceVpce" in told.what


def test_role_of_several_environments(world: World) -> None:
    """A role may trust MWAA for several environments, in a statement for each."""
    statements = [json.loads(world.trust(Condition=only(arn)))["Statement"][0] for arn in (f"{world.arn}-2", world.arn)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    world.client("iam").update_assume_role_policy(RoleName=world.name, PolicyDocument=policy)
    assert bad(world.look("role")) == []


def only(arn: str) -> dict[str, dict[str, str]]:
    """Return a condition that holds for one environment."""
    return {"ArnLike": {"aws:SourceArn": arn}}


def test_simulation_asks_of_what_is_stored(world: World) -> None:
    """IAM is asked for a secret by the ARN that it has, so that a policy that names it whole fits."""
    arn = world.client("secretsmanager").describe_secret(SecretId=f"{world.name}/connections/slack_default")["ARN"]
    world.look("role")
    assert ("secretsmanager:GetSecretValue", arn) in world.gate.simulated

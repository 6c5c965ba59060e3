"""The bucket of the releases: deployed to moto as far as moto knows buckets, else read from the template.

moto's CloudFormation (5.2.5, s3/models.py) takes a bucket's name and encryption and passes over the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from mwaa_dbt.archive import INDEX, RUNS
from mwaa_dbt.settings import Environment, load

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "infra" / "bucket.yaml").read_text()
# See above: the bucket's policy is one of the things that moto passes over.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
type Deploy = Callable[..., dict[str, str]]
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0d1c3f5e-1111-2222-3333-444455556666"


@pytest.fixture(scope="module")
def bucket(deploy: Deploy) -> str:
    """Return the name of a bucket made with the defaults."""
    return deploy("releases", TEMPLATE, Bucket="releases")["BucketName"]


def template(part: str) -> dict[str, Any]:
    """Return a part of the template as CloudFormation reads it."""
    return dict(cfn_yaml.loads(TEMPLATE)[part])


def properties(resource: str) -> dict[str, Any]:
    """Return what the template says of a resource."""
    return dict(template("Resources")[resource]["Properties"])


def encryption(session: Any, name: str) -> dict[str, Any]:
    """Return the one rule that says how a bucket encrypts."""
    (rule,) = session("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    return dict(rule)


def test_template_is_clean() -> None:
    """cfn-lint knows every property of the template, and nothing worth a warning."""
    assert lint(TEMPLATE) == []
    assert lint(TEMPLATE.replace("Status: Enabled", "Status: Kept", 1)) != []


def test_outputs_name_bucket(deploy: Deploy) -> None:
    """What other stacks need is given back."""
    outputs = deploy("outputs", TEMPLATE, Bucket="outputs")
    assert outputs == {"BucketName": "outputs", "BucketArn": "arn:aws:s3:::outputs"}


def test_versions_are_kept() -> None:
    """MWAA demands versioning, and names requirements.txt and its like by their version."""
    assert properties("Releases")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_public_is_shut_out() -> None:
    """All four blocks are on, and objects belong to the bucket's owner whoever writes them."""
    blocks = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert properties("Releases")["PublicAccessBlockConfiguration"] == dict.fromkeys(blocks, True)
    assert properties("Releases")["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_encrypted_by_s3_unless_told(session: Any, bucket: str) -> None:
    """Without a key S3 encrypts with its own."""
    assert encryption(session, bucket)["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_encrypted_with_own_key(session: Any, deploy: Deploy) -> None:
    """With a key that is used."""
    rule = encryption(session, deploy("own-key", TEMPLATE, Bucket="own-key", KmsKey=KEY)["BucketName"])
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def test_only_tls_is_let_in() -> None:
    """Every call without TLS is denied, to the bucket and to its objects."""
    assert properties("OnlyTls")["Bucket"] == {"Ref": "Releases"}
    (statement,) = properties("OnlyTls")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [{"Fn::GetAtt": ["Releases", "Arn"]}, {"Fn::Sub": "${Releases.Arn}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_expires() -> None:
    """Replaced DAGs and indexes go, and runs; nothing else may: MWAA names what it starts with by its version."""
    rules = properties("Releases")["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule for rule in rules if any("Expiration" in key for key in rule)}
    assert {prefix: rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for prefix, rule in expiring.items()} == {
        "dags/": {"Ref": "KeepDays"},
        f"{RUNS}/": 1,
        f"{INDEX}/": 7,
    }
    assert {prefix for prefix, rule in expiring.items() if "ExpirationInDays" in rule} == {f"{RUNS}/"}
    (cleaned,) = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    assert cleaned["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert "Prefix" not in cleaned


def test_bucket_outlives_its_stack(session: Any, deploy: Deploy) -> None:
    """Deleting the stack leaves the releases where they are."""
    name = deploy("outlives", TEMPLATE, Bucket="outlives")["BucketName"]
    session("cloudformation").delete_stack(StackName=name)
    assert name in {found["Name"] for found in session("s3").list_buckets()["Buckets"]}


def test_parameters_come_from_settings() -> None:
    """A parameter that must be given is a setting of an environment, by name; every value written there fits."""
    needed = {name: table for name, table in template("Parameters").items() if "Default" not in table}
    assert {name.lower() for name in needed} <= {*Environment._fields}
    for environment in load(ROOT / "settings.toml").environments.values():
        for name, table in needed.items():
            assert re.fullmatch(table["AllowedPattern"], getattr(environment, name.lower()))


@pytest.mark.parametrize("value", ["Upper", "-begins", "ends-", "a", "under_score", "a" * 64])
def test_wrong_bucket_names_are_refused(value: str) -> None:
    """A name that S3 would refuse does not get as far as S3."""
    assert not re.fullmatch(template("Parameters")["Bucket"]["AllowedPattern"], value)


@pytest.mark.parametrize(
    ("value", "fits"), [("", True), (KEY, True), ("arn:aws:kms:eu-central-1:123456789012:alias/own", False)]
)
def test_only_keys_are_taken(value: str, fits: bool) -> None:
    """MWAA does not support a key's alias."""
    assert bool(re.fullmatch(template("Parameters")["KmsKey"]["AllowedPattern"], value)) is fits

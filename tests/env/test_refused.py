"""What `mwaa env` refuses before anything is changed, and how it tells what AWS refuses."""

from __future__ import annotations

import re

import pytest

from tests.env.conftest import Site
from tests.infra.templates import ACCOUNT

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
NAME = '[environments.prod.mwaa]\nname = "shop'
ROLE = f"arn:aws:iam::{ACCOUNT}:role/own"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0d1c3f5e-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('maintenance = "SUN:03:15"', "regular expression pattern"),
        ('role = "own-role"', "regular expression pattern"),
        (f'role = "{ROLE.replace(ACCOUNT, "210987654321")}"', "is of account 210987654321"),
        (f'kms_key = "{KEY.replace("eu-central-1", "us-east-1")}"', "is not in eu-central-1"),
        (f'kms_key = "arn:aws:kms:eu-central-1:{ACCOUNT}:alias/own"', "no alias"),
        ("schedulers = 9", "MWAA takes 2 to 5 schedulers"),
        ("min_workers = 3\nmax_workers = 2", "no number of workers fits"),
    ],
)
def test_wrong_settings(site: Site, line: str, told: str) -> None:
    """A value that MWAA would refuse in half an hour is refused at once, with its line; nothing is asked of AWS."""
    site.set(f'name = "{site.name}"', line)
    done = site.env("create", "--yes")
    assert done.code == 1
    assert told in done.err
    assert "settings.toml, line" in done.err
    assert "CreateChangeSet" not in site.gate.calls


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'airflow_version = "3.3.1"',
            'airflow_version = "3.3.0"',
            "MWAA does not offer Airflow '3.3.0'. Did you mean '3.3.1'?",
        ),
        ('region = "eu-central-1"', 'region = "eu-centrl-1"', "Did you mean 'eu-central-1'?"),
        (NAME, NAME.replace("shop", "1shop"), "regular expression pattern"),
        (NAME, NAME.replace("name", 'access = "PUBLIC"\nname'), "one of"),
    ],
)
def test_wrong_words(site: Site, old: str, new: str, told: str) -> None:
    """Versions, regions and names are looked at before the first call that changes anything."""
    file = site.root / "settings.toml"
    file.write_text(file.read_text().replace(old, new))
    done = site.env("create", "--yes")
    assert (done.code, told in done.err) == (1, True), done.seen
    assert "CreateChangeSet" not in site.gate.calls


def test_access_of_a_later_version(site: Site) -> None:
    """PUBLIC_AND_PRIVATE is refused before Airflow 3.2."""
    file = site.root / "settings.toml"
    file.write_text(file.read_text().replace("3.3.1", "3.0.6"))
    site.set(f'name = "{site.name}"', 'access = "PUBLIC_AND_PRIVATE"')
    done = site.env("create", "--yes")
    assert "came with Airflow 3.2" in done.err


def test_subnets(site: Site) -> None:
    """Three subnets, two of one zone, and one that is nowhere, are each told."""
    found = site.client("ec2").describe_subnets()["Subnets"]
    ids = [one["SubnetId"] for one in found]
    site.add("[environments.prod.network]\nsubnets = []")
    file = site.root / "settings.toml"
    plain = file.read_text()

    def told(*subnets: str) -> str:
        file.write_text(plain.replace("subnets = []", f"subnets = {list(subnets)}".replace("'", '"')))
        done = site.env("create", "--yes")
        assert done.code == 1
        return done.err

    assert "MWAA wants it to have length less than or equal to 2" in told(*ids[:3])
    ec2 = site.client("ec2")
    zone = found[0]["AvailabilityZone"]
    other = ec2.create_subnet(VpcId=found[0]["VpcId"], CidrBlock="172.31.200.0/24", AvailabilityZone=zone)["Subnet"]
    assert f"Both subnets are in zone {zone}" in told(ids[0], other["SubnetId"])
    assert "EC2 does not know them" in told(ids[0], "subnet-0123456789abcdef0")
    assert "CreateChangeSet" not in site.gate.calls


def test_key_of_the_secrets(site: Site) -> None:
    """The role gets the key's ARN, whatever name settings.toml has for it; an alias of nothing is refused."""
    kms = site.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    site.add('[environments.prod.secrets]\nkms_key = "alias/shop"')
    done = site.env("create", "--yes")
    assert (done.code, "KMS does not tell which key 'alias/shop' is" in done.err) == (1, True), done.seen
    kms.create_alias(AliasName="alias/shop", TargetKeyId=key)
    assert site.env("create", "--yes").code == 0
    (found,) = site.client("cloudformation").describe_stacks(StackName=f"{site.name}-environment")["Stacks"]
    assert {"ParameterKey": "SecretsKey", "ParameterValue": key} in found["Parameters"]
    kms.delete_alias(AliasName="alias/shop")


def test_a_build_must_be_there(site: Site) -> None:
    """Without a build of these sources no environment is made: there would be nothing to start with."""
    with (site.root / "settings.toml").open("a") as file:
        file.write("# changed since\n")
    done = site.env("create", "--yes")
    assert "The build is not that of the sources" in done.err
    assert "CreateChangeSet" not in site.gate.calls


def test_class_too_small_is_advised(site: Site) -> None:
    """More tasks than the class can carry are no mistake, but told with numbers and another class."""
    (record,) = (site.root / "build" / "prod").glob("releases/*/release.json")
    record.write_text(record.read_text().replace('"tasks": 20', '"tasks": 20000'))
    done = site.env("create", "--dry-run")
    assert done.code == 0, done.seen
    assert "20000 tasks are about" in done.err
    assert "or take mw1." in done.err


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
def test_rehearsal_is_not_ours(site: Site, verb: str) -> None:
    """The rehearsal's environment is made by `mwaa local up`."""
    file = site.root / "settings.toml"
    file.write_text(file.read_text().replace("environments.prod", "environments.local"))
    done = site.env(verb, "--env", "local")
    assert (done.code, "`mwaa local up` makes it" in done.err) == (1, True), done.seen


def test_no_environment_to_change(site: Site) -> None:
    """Update, wait and status of what is not there say how to make it, or that it is not there."""
    done = site.env("update", "--yes")
    assert (done.code, "mwaa env create --env prod" in done.err) == (1, True), done.seen
    done = site.env("status")
    assert (done.code, "not there" in done.out) == (1, True), done.seen
    assert "There is no" in site.env("wait").err


def test_environment_of_others(site: Site) -> None:
    """An environment that no stack of ours has made is neither changed nor deleted."""
    site.mwaa.others[site.name] = {"Name": site.name, "Status": "AVAILABLE"}
    for verb, option in (("create", "--yes"), ("update", "--yes"), ("delete", "--yes=" + site.name)):
        done = site.env(verb, option)
        assert (done.code, "not made by `mwaa env`" in done.err) == (1, True), done.seen


def test_stuck_stack_has_one_way_out(site: Site) -> None:
    """A stack whose making was rolled back is told with the one command that clears it."""
    assert site.env("create", "--yes").code == 0
    site.gate.edited["DescribeStacks"] = lambda text: text.replace("CREATE_COMPLETE", "ROLLBACK_COMPLETE")
    done = site.env("create", "--yes")
    assert done.code == 1
    assert "is ROLLBACK_COMPLETE" in done.err
    assert f"aws cloudformation delete-stack --region eu-central-1 --stack-name {site.name}-" in done.err


@pytest.mark.parametrize(
    ("code", "told"),
    [("AccessDenied", '"Action": "cloudformation:CreateChangeSet"'), ("ExpiredToken", "credentials have expired")],
)
def test_denied_and_expired(site: Site, code: str, told: str) -> None:
    """A missing permission is told with the line for the policy, old credentials with what renews them."""
    site.gate.refused["CreateChangeSet"] = (code, "told by the test")
    done = site.env("create", "--yes")
    assert (done.code, told in done.err) == (1, True), done.seen


def test_credentials_that_aws_does_not_know(site: Site) -> None:
    """Whose credentials they are is asked first."""
    site.gate.refused["GetCallerIdentity"] = ("ExpiredToken", "told by the test")
    done = site.env("create", "--yes")
    assert (done.code, "AWS does not say whose credentials these are" in done.err) == (1, True), done.seen


@pytest.mark.parametrize("kind", ["AWS::MWAA::Environment", "AWS::S3::Bucket", "AWS::EC2::Subnet"])
def test_replacement_is_refused(site: Site, kind: str) -> None:
    """What CloudFormation would replace, and thereby lose, is named; nothing is changed."""
    assert site.env("create", "--yes").code == 0
    calls = site.gate.calls.count("ExecuteChangeSet")

    def replaced(text: str) -> str:
        change = f"<ResourceType>{kind}</ResourceType>"
        return re.sub(f"{change}", f"{change}<Replacement>True</Replacement>", text)

    site.gate.edited["DescribeChangeSet"] = replaced
    for name in ("bucket", "network", "environment"):
        file = site.root / "infra" / f"{name}.yaml"
        file.write_text(f"# changed\n{file.read_text()}".replace("Description: ", "Description: new ", 2))
    # moto tells a resource as changed only if its own lines are.
    for name, old in (("bucket", "Status: Enabled"), ("network", "private A"), ("environment", "DagS3Path: dags")):
        file = site.root / "infra" / f"{name}.yaml"
        file.write_text(
            file.read_text().replace(old, old.replace("Enabled", "Suspended") + ("2" if "E" not in old else ""))
        )
    done = site.env("update", "--yes")
    assert (done.code, "This would replace" in done.err, kind in done.err) == (1, True, True), done.seen
    assert site.gate.calls.count("ExecuteChangeSet") == calls


def test_what_is_fixed_for_life(site: Site) -> None:
    """Subnets and key of an environment that is there, and a jump of versions that MWAA does not do, are refused."""
    assert site.env("create", "--yes").code == 0
    site.mwaa.patches[site.name] = [{"KmsKey": KEY}]
    assert "cannot change the KMS key" in site.env("update", "--yes").err
    site.mwaa.patches[site.name] = [{"AirflowVersion": "2.10.3"}]
    done = site.env("update", "--yes")
    assert "MWAA goes from 2.10.3 to 3.3.1 only by way of 2.11.2" in done.err
    assert "or make a new environment of it: `mwaa env clone`" in done.err
    subnets = [one["SubnetId"] for one in site.client("ec2").describe_subnets()["Subnets"]]
    site.mwaa.patches.clear()
    zones = site.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    second = next(
        one
        for one in zones
        if one["VpcId"] == zones[0]["VpcId"] and one["AvailabilityZone"] != zones[0]["AvailabilityZone"]
    )
    site.add(f'[environments.prod.network]\nsubnets = ["{zones[0]["SubnetId"]}", "{second["SubnetId"]}"]')
    assert "cannot change the subnets" in site.env("update", "--yes").err


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETING", "UNAVAILABLE"])
def test_lost_environment(site: Site, status: str) -> None:
    """What nothing brings back is told so."""
    assert site.env("create", "--yes").code == 0
    site.mwaa.patches[site.name] = [{"Status": status}]
    done = site.env("update", "--yes")
    assert (done.code, f"is {status}" in done.err, "mwaa env delete" in done.err) == (1, True, True), done.seen

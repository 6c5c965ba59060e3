"""`mwaa env delete`: what goes, what stays, and who must say so."""

from __future__ import annotations

import pytest

from tests.env.conftest import Site

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")


# moto deletes a VPC before what is in it, and then refuses to.
NETWORK = """
Parameters:
  Name: {Type: String}
Resources:
  Subnets: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name}}
Outputs:
  SubnetIds: {Value: "subnet-1,subnet-2"}
  VpcId: {Value: VPC}
"""


@pytest.fixture
def site(site: Site) -> Site:
    """Return a project whose network is none that moto could not delete."""
    vpc = site.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    (site.root / "infra" / "network.yaml").write_text(NETWORK.replace("VPC", vpc))
    return site


def test_delete_and_make_again(made: Site) -> None:
    """Environment and network go, the bucket with its releases stays, and create makes the rest anew."""
    done = made.env("delete", "--yes", made.name)
    assert done.code == 0, done.seen
    assert set(made.stacks()) == {"bucket"}
    assert made.mwaa.environment(made.name) is None
    assert made.client("s3").head_object(Bucket=made.name, Key="requirements.txt")
    done = made.env("create", "--yes")
    assert done.code == 0, done.seen
    assert set(made.stacks()) == {"bucket", "network", "environment"}


def test_plan_says_what_stays(made: Site) -> None:
    """A dry run tells what goes and what stays and costs, and deletes nothing."""
    done = made.env("delete", "--dry-run")
    assert done.code == 0, done.seen
    assert [line.split("│")[2].strip() for line in done.out.splitlines() if "AWS::Logs::LogGroup" in line] == [
        "Keep"
    ] * 5
    assert f"stays: bucket {made.name}" in done.out
    assert "stays: secrets below airflow/" in done.out
    assert set(made.stacks()) == {"bucket", "network", "environment"}


def test_nobody_named_it(made: Site) -> None:
    """In a log the environment's name must be given; another name deletes nothing."""
    done = made.env("delete")
    assert (done.code, f"add --yes {made.name}" in done.err) == (1, True), done.seen
    done = made.env("delete", "--yes", "other")
    assert (done.code, "nothing was deleted" in done.err) == (1, True), done.seen
    assert "DeleteStack" not in made.gate.calls[made.gate.calls.index("ExecuteChangeSet") :]


def test_active_runs_hold_it_back(made: Site) -> None:
    """While DAG runs are active nothing is deleted, unless --force says so."""
    made.mwaa.runs = [{"dag_id": "shop", "dag_run_id": "manual__1"}]
    done = made.env("delete", "--yes", made.name)
    assert (done.code, "1 DAG runs are active, as shop manual__1" in done.err) == (1, True), done.seen
    assert set(made.stacks()) == {"bucket", "network", "environment"}
    assert made.env("delete", "--yes", made.name, "--force").code == 0
    assert set(made.stacks()) == {"bucket"}


def test_nothing_to_delete(site: Site) -> None:
    """Where there is no stack, that is told."""
    done = site.env("delete", "--yes", site.name)
    assert (done.code, "There is no stack of" in done.err) == (1, True), done.seen

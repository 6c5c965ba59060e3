"""`mwaa env create` and `update`: the real command, moto, and an MWAA that is what its stack says."""

from __future__ import annotations

import re

import pytest

from tests.deploy.conftest import Shape
from tests.env.conftest import Site
from tests.env.template import wrong

# moto's CloudFormation knows neither MWAA's environment nor a bucket's policy.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
SUBNETS = '[environments.prod.network]\nsubnets = ["{}", "{}"]'


def test_plan_changes_nothing(site: Site) -> None:
    """A dry run names every stack's resources and leaves nothing behind, not even an empty stack."""
    done = site.env("create", "--dry-run", "--json")
    assert done.code == 0, done.seen
    planned = {one["kind"]: {change["kind"] for change in one["changes"]} for one in done.json["stacks"]}
    assert set(planned) == {"bucket", "network", "environment"}
    assert "AWS::MWAA::Environment" in planned["environment"]
    assert (site.stacks(), done.json["dry_run"]) == ({}, True)
    assert "ExecuteChangeSet" not in site.gate.calls


def test_nobody_to_ask(site: Site) -> None:
    """In a log nothing is changed unless --yes says so."""
    done = site.env("create")
    assert done.code == 1
    assert "There is no terminal to ask at" in done.err
    assert "add --yes" in done.err
    assert site.stacks() == {}


def test_from_nothing_to_a_proved_environment(made: Site) -> None:
    """Bucket, network, release, environment, in this order; a task in it has the last word."""
    assert set(made.stacks()) == {"bucket", "network", "environment"}
    found = made.mwaa.environment(made.name)
    assert found is not None
    outputs = made.client("cloudformation").describe_stacks(StackName=f"{made.name}-network")["Stacks"][0]["Outputs"]
    (subnets,) = [one["OutputValue"] for one in outputs if one["OutputKey"] == "SubnetIds"]
    assert found["NetworkConfiguration"]["SubnetIds"] == subnets.split(",")
    s3 = made.client("s3")
    for name, prefix in (
        ("requirements.txt", "Requirements"),
        ("plugins.zip", "Plugins"),
        ("startup.sh", "StartupScript"),
    ):
        assert found[f"{prefix}S3ObjectVersion"] == s3.head_object(Bucket=made.name, Key=name)["VersionId"]
    assert found["AirflowConfigurationOptions"]["secrets.backend"].endswith("SecretsManagerBackend")
    assert (made.name, "POST", "/dags/mwaa_check/dagRuns") in made.mwaa.asked


def test_mwaa_would_take_it(made: Site) -> None:
    """What the stack says of the environment is what CreateEnvironment takes, by botocore's own model."""
    found = made.mwaa.environment(made.name) or {}
    for logs in found["LoggingConfiguration"].values():
        logs.pop("CloudWatchLogGroupArn")
    assert wrong(found) == []
    assert {"AirflowConfigurationOptions", "StartupScriptS3ObjectVersion"} <= set(found)


def test_again_goes_on(made: Site) -> None:
    """The same command again changes nothing, and proves the environment once more."""
    calls = made.gate.calls.count("ExecuteChangeSet")
    done = made.env("create")
    assert done.code == 0, done.seen
    assert "nothing was to do" in done.out
    assert "`mwaa env update --env prod`" in done.out
    assert made.gate.calls.count("ExecuteChangeSet") == calls


def test_goes_on_after_an_interruption(site: Site) -> None:
    """A network that was made and no more is taken up; a bucket that somebody else has made is left alone."""
    s3 = site.client("s3")
    s3.create_bucket(Bucket=site.name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    site.version_bucket()
    site.gate.refused["ExecuteChangeSet"] = ("AccessDenied", "not yet")
    assert site.env("create", "--yes").code == 1
    site.gate.refused.clear()
    done = site.env("create", "--yes")
    assert done.code == 0, done.seen
    assert set(site.stacks()) == {"network", "environment"}


def test_own_network_makes_none(site: Site) -> None:
    """With two subnets in two zones no network is made; the security group is made in theirs."""
    ec2 = site.client("ec2")
    found = ec2.describe_subnets()["Subnets"]
    first = found[0]
    second = next(
        one for one in found if one["VpcId"] == first["VpcId"] and one["AvailabilityZone"] != first["AvailabilityZone"]
    )
    site.add(SUBNETS.format(first["SubnetId"], second["SubnetId"]))
    done = site.env("create", "--yes")
    assert done.code == 0, done.seen
    assert set(site.stacks()) == {"bucket", "environment"}
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "tag:Name", "Values": [site.name]}])["SecurityGroups"]
    assert group["VpcId"] == first["VpcId"]


def test_update_changes_what_settings_say(made: Site) -> None:
    """A new number of workers is a change of the environment; the files that run stay what they are."""
    before = made.mwaa.environment(made.name) or {}
    made.client("s3").put_object(Bucket=made.name, Key="requirements.txt", Body=b"of somebody else")
    made.set('name = "' + made.name, 'max_workers = 7\ntags = {team = "data"}')
    done = made.env("update", "--yes")
    assert done.code == 0, done.seen
    after = made.mwaa.environment(made.name) or {}
    assert (before["MaxWorkers"], after["MaxWorkers"]) == (5, 7)
    assert after["RequirementsS3ObjectVersion"] == before["RequirementsS3ObjectVersion"]
    assert "10 to 30 minutes" in done.out


def test_update_keeps_what_a_deploy_has_made_live(made: Site) -> None:
    """Files that `mwaa deploy` has changed since, past CloudFormation, stay when something else is changed."""
    made.mwaa.patches[made.name] = [{"RequirementsS3ObjectVersion": "deployed"}]
    made.set(f'name = "{made.name}', "max_workers = 7")
    assert made.env("update", "--yes").code == 0
    made.mwaa.patches.clear()
    assert (made.mwaa.environment(made.name) or {})["RequirementsS3ObjectVersion"] == "deployed"


def test_another_version_of_airflow_takes_its_files_along(made: Site) -> None:
    """The build goes to the bucket first, and the environment changes version and files in one go."""
    made.mwaa.patches[made.name] = [{"AirflowVersion": "2.11.2"}]
    made.set(f'name = "{made.name}', "max_workers = 7")
    made.rebuild(Shape("B", requirements="b==1\n"))
    done = made.env("update", "--yes")
    assert done.code == 0, done.seen
    assert "Airflow 2.11.2 to 3.3.1: up to 2 hours" in done.out
    made.mwaa.patches.clear()
    key = {"Bucket": made.name, "Key": "requirements.txt"}
    newest = made.client("s3").get_object(**key)
    assert newest["Body"].read().startswith(b"b==1")
    assert (made.mwaa.environment(made.name) or {})["RequirementsS3ObjectVersion"] == newest["VersionId"]


def test_update_kills_tasks_only_if_told(made: Site) -> None:
    """Running tasks end first, unless --forced says otherwise."""
    made.set(f'name = "{made.name}', "max_workers = 7")
    cloudformation = made.client("cloudformation")
    for option, strategy in (((), "GRACEFUL"), (("--forced",), "FORCED")):
        done = made.env("update", "--yes", *option)
        assert done.code == 0, done.seen
        (found,) = cloudformation.describe_stacks(StackName=f"{made.name}-environment")["Stacks"]
        given = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
        assert given["WorkerReplacementStrategy"] == strategy
        # moto's plans heed what is written into the template, such as options, and no parameter.
        made.set(f'name = "{made.name}', 'environment_class = "mw1.medium"')


def test_update_with_nothing_to_do(made: Site) -> None:
    """Settings that are as they were change nothing, and ask nobody."""
    done = made.env("update")
    assert (done.code, "nothing was to do" in done.out) == (0, True), done.seen


def test_monitoring_is_made_where_there_is_a_template(site: Site) -> None:
    """A template that somebody adds gets what it wants and settings.toml knows; without it there is no stack."""
    text = """
Parameters:
  Name: {Type: String}
  Emails: {Type: CommaDelimitedList, Default: ""}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Sub "${Name}-alarms", DisplayName: !Join ["+", !Ref Emails]}
"""
    (site.root / "infra" / "monitoring.yaml").write_text(text)
    site.add('[environments.prod.alarms]\nemails = ["a@example.com", "b@example.com"]')
    done = site.env("create", "--yes")
    assert done.code == 0, done.seen
    sns = site.client("sns")
    (topic,) = [
        one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith(f"{site.name}-alarms")
    ]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "a@example.com+b@example.com"


def test_plan_is_the_one_that_was_shown(site: Site) -> None:
    """If CloudFormation says something else than it did when the plan was shown, nothing more is done."""
    answers: list[str] = []

    def edit(answer: str) -> str:
        answers.append(answer)
        # The fourth question is the first one behind the plan.
        return re.sub("<Action>Add</Action>", "<Action>Dynamic</Action>", answer) if len(answers) > 3 else answer

    site.gate.edited["DescribeChangeSet"] = edit
    done = site.env("create", "--yes")
    assert done.code == 1
    assert "is not what was shown" in done.err
    assert site.stacks() == {}

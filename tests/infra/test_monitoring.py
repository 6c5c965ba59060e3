"""The alarms and who hears of them, deployed to moto as far as moto goes, else sent to it call by call.

moto's CloudFormation (5.2.5) knows key, topic, dashboard and role of the template. Alarms and subscriptions are sent by
boto3, which refuses what the services' models do not have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]

from mwaa_dbt.settings import Alarms
from tests.infra.metrics import is_known
from tests.infra.templates import ACCOUNT, REGION, Template

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "monitoring.md").read_text()
TEXT = (ROOT / "infra" / "monitoring.yaml").read_text()
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
type Deploy = Callable[..., dict[str, str]]
TEMPLATE = Template("monitoring.yaml", Name="shop", Emails="a@example.com,b@example.com")
ALARM = "AWS::CloudWatch::Alarm"
# AWS's recommended set (MWAA user guide, monitoring-dashboard): dimension, threshold, periods of five minutes.
RECOMMENDED = {
    "scheduler-heartbeat": ("AmazonMWAA", "SchedulerHeartbeat", "Scheduler", "Sum", "<", 1, 2),
    "oldest-queued-task": ("AWS/MWAA", "ApproximateAgeOfOldestTask", None, "Maximum", ">", 1800, 3),
    "scheduler-cpu": ("AWS/MWAA", "CPUUtilization", "Scheduler", "Average", ">", 95, 3),
    "scheduler-memory": ("AWS/MWAA", "MemoryUtilization", "Scheduler", "Average", ">", 95, 3),
    "worker-cpu": ("AWS/MWAA", "CPUUtilization", "BaseWorker", "Average", ">", 95, 6),
    "worker-memory": ("AWS/MWAA", "MemoryUtilization", "BaseWorker", "Average", ">", 95, 6),
    "web-server-cpu": ("AWS/MWAA", "CPUUtilization", "WebServer", "Average", ">", 95, 3),
    "web-server-memory": ("AWS/MWAA", "MemoryUtilization", "WebServer", "Average", ">", 95, 3),
    "database-cpu": ("AWS/MWAA", "CPUUtilization", "WRITER", "Average", ">", 95, 3),
    "database-memory": ("AWS/MWAA", "FreeableMemory", "WRITER", "Average", "<", 512 * 1024**2, 3),
}
SIGNS = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}
# Where silence is the fault; everywhere else a class without the component must raise no alarm.
SILENCE = {"scheduler-heartbeat", "triggerer-heartbeat", "dag-processing"}


def slug(alarm: dict[str, Any]) -> str:
    """Return what an alarm is called without its environment."""
    return str(alarm["AlarmName"]).removeprefix("shop-")


def alarms() -> dict[str, dict[str, Any]]:
    """Return the alarms by what they are called."""
    return {slug(one): one for one in TEMPLATE.resources(ALARM).values()}


def sections() -> dict[str, str]:
    """Return the runbook's sections about alarms, by their anchor."""
    found = re.findall(r"^## ([^\n]+)\n\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    return {title.lower().replace(" ", "-"): text for title, text in found}


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics that an alarm looks at, as plain ones have them."""
    parts = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    return [{**part["Metric"], "Statistic": part["Stat"], "Period": part["Period"]} for part in parts] or [alarm]


def others(metric: dict[str, Any]) -> dict[str, str]:
    """Return a metric's dimensions besides the environment's name."""
    named = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
    assert named.pop("Environment", "shop") == "shop"
    return named


def test_template_is_clean() -> None:
    """cfn-lint knows every property of the template, and nothing worth a warning."""
    assert lint(TEXT) == []
    assert lint(TEXT.replace("TreatMissingData: breaching", "TreatMissingData: breeching", 1)) != []


def test_alarms_and_sections_are_the_same() -> None:
    """Each alarm has a section of the runbook and links to it, and each section is that of an alarm."""
    assert set(alarms()) == set(sections())
    for name, one in alarms().items():
        said = str(one["AlarmDescription"])
        assert said.endswith(f". docs/monitoring.md#{name}"), said
        assert "\n" not in said


@pytest.mark.parametrize("name", sections())
def test_section_helps(name: str) -> None:
    """A section says what an alarm means, what to look at and what to do."""
    assert re.findall(r"^\*\*(\w+):\*\*", sections()[name], re.MULTILINE) == ["Means", "Look", "Do"]


def test_runbook_is_where_you_say() -> None:
    """Each alarm links to the address that a team gives."""
    own = Template("monitoring.yaml", Name="shop", Runbook="https://wiki.example.com/mwaa")
    said = [one["AlarmDescription"] for one in own.resources(ALARM).values()]
    assert all(re.search(r" https://wiki\.example\.com/mwaa#[a-z-]+$", one) for one in said)


@pytest.mark.parametrize("name", RECOMMENDED)
def test_recommended_alarms(name: str) -> None:
    """AWS's recommended alarms are there, with their namespace, dimension and condition."""
    alarm = alarms()[name]
    found = (alarm["Namespace"], alarm["MetricName"], next(iter(others(alarm).values()), None), alarm["Statistic"])
    sign, threshold = SIGNS[alarm["ComparisonOperator"]], int(alarm["Threshold"])
    assert (*found, sign, threshold, alarm["EvaluationPeriods"]) == RECOMMENDED[name]
    assert alarm["Period"] == 300


def test_what_aws_lacks() -> None:
    """The others are the gaps of that set, and what this project's containers and DAGs need."""
    assert set(alarms()) - set(RECOMMENDED) == {
        *("triggerer-heartbeat", "dag-processing", "parse-time", "processor-timeouts", "import-errors"),
        *("task-failures", "lost-tasks", "additional-worker-memory", "requirements", "startup"),
    }


def test_metrics_are_known() -> None:
    """Every metric is one that MWAA documents, with the dimensions that it has."""
    looked = [metric for one in alarms().values() for metric in metrics(one) if metric["Namespace"] != "mwaa-dbt"]
    assert len(looked) == len(alarms())
    for metric in looked:
        assert is_known(metric["Namespace"], metric["MetricName"], others(metric)), metric


def test_missing_data_has_a_meaning() -> None:
    """Silence is a fault where something must speak, and none where a class lacks the component."""
    assert {one["TreatMissingData"] for one in alarms().values()} == {"breaching", "notBreaching"}
    assert {name for name, one in alarms().items() if one["TreatMissingData"] == "breaching"} == SILENCE
    assert len(re.findall(r"      # .+\n      TreatMissingData: ", TEXT)) == len(alarms())


def test_alarms_tell_both_ways() -> None:
    """An alarm and its end are told to the topic, and to nobody else."""
    for one in alarms().values():
        assert one["AlarmActions"] == one["OKActions"] == ["Topic"]


def test_moto_takes_alarms(session: Any) -> None:
    """Each alarm is what PutMetricAlarm takes."""
    cloudwatch = session("cloudwatch")
    for one in alarms().values():
        wanted = {**one, "Threshold": float(one["Threshold"]), "AlarmActions": [], "OKActions": []}
        cloudwatch.put_metric_alarm(**wanted)
    found = cloudwatch.describe_alarms(AlarmNamePrefix="shop-", MaxRecords=100)["MetricAlarms"]
    assert {slug(one) for one in found} == set(alarms())


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> dict[str, str]:
    """Deploy the template with mail and Slack."""
    ids = {"SlackWorkspace": "T0123ABCD", "SlackChannel": "C0123ABCD"}
    return deploy("shop-monitoring", TEXT, Name="shop", Emails="a@example.com", **ids)


def test_topic_is_encrypted(session: Any, stack: dict[str, str]) -> None:
    """With a key of its own, for SNS's own lets no alarm in; the key rotates, and lets CloudWatch use it."""
    topic, kms = session("sns").get_topic_attributes(TopicArn=stack["TopicArn"])["Attributes"], session("kms")
    assert topic["KmsMasterKeyId"] in [one["KeyArn"] for one in kms.list_keys()["Keys"]]
    assert kms.get_key_rotation_status(KeyId=topic["KmsMasterKeyId"])["KeyRotationEnabled"]
    (key,) = TEMPLATE.resources("AWS::KMS::Key").values()
    account, cloudwatch = key["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    # Without it nobody could ever change the policy.
    assert "kms:PutKeyPolicy" in account["Action"]
    assert cloudwatch["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert cloudwatch["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    # moto's CloudFormation stores a policy that moto's KMS cannot read.
    made = kms.create_key(Policy=json.dumps(key["KeyPolicy"]))["KeyMetadata"]
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER"


def test_only_own_alarms_publish(session: Any, stack: dict[str, str]) -> None:
    """CloudWatch may publish for alarms of this account's environment, nobody without TLS; SNS takes the policy."""
    (one,) = TEMPLATE.resources("AWS::SNS::TopicPolicy").values()
    alarms_may, only_tls = one["PolicyDocument"]["Statement"]
    assert alarms_may["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms_may["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:shop-*"},
    }
    assert (only_tls["Effect"], only_tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    document = json.dumps(one["PolicyDocument"]).replace('"Topic"', json.dumps(stack["TopicArn"]))
    session("sns").set_topic_attributes(TopicArn=stack["TopicArn"], AttributeName="Policy", AttributeValue=document)


@pytest.mark.parametrize("emails", ["", "a@example.com", ",".join(f"{n}@example.com" for n in range(5))])
def test_each_address_is_told(session: Any, stack: dict[str, str], emails: str) -> None:
    """Each of up to five addresses is subscribed, and nothing else."""
    made = Template("monitoring.yaml", Name="shop", Emails=emails).resources("AWS::SNS::Subscription")
    assert [one["Endpoint"] for one in made.values()] == [mail for mail in emails.split(",") if mail]
    for one in made.values():
        session("sns").subscribe(**{**one, "TopicArn": stack["TopicArn"]})


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("Emails", "", True),
        ("Emails", "a@example.com,b@example.com", True),
        ("Emails", "a@example.com, b@example.com", False),
        ("Emails", "nobody", False),
        ("Emails", ",".join("a@example.com" for _ in range(6)), False),
        ("SlackWorkspace", "T0123ABCD", True),
        ("SlackWorkspace", "my-team", False),
        ("SlackChannel", "C0123ABCD", True),
        ("SlackChannel", "#data-alerts", False),
    ],
)
def test_wrong_receivers_are_refused(name: str, value: str, fits: bool) -> None:
    """What is no address or no id does not get as far as AWS."""
    assert bool(re.fullmatch(TEMPLATE.table["Parameters"][name]["AllowedPattern"], value)) is fits


def test_slack_reads_only(session: Any, stack: dict[str, str]) -> None:
    """The channel's role and its guardrail read alarms and graphs; without ids there is no channel."""
    slack = Template("monitoring.yaml", Name="shop", SlackWorkspace="T0123ABCD", SlackChannel="C0123ABCD")
    (channel,) = slack.resources("AWS::Chatbot::SlackChannelConfiguration").values()
    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == ("T0123ABCD", "C0123ABCD")
    assert channel["GuardrailPolicies"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
    assert channel["SnsTopicArns"] == ["Topic"]
    (role,) = [one for one in session("iam").list_roles()["Roles"] if "SlackRole" in one["RoleName"]]
    trust = session("iam").get_role(RoleName=role["RoleName"])["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"Service": "chatbot.amazonaws.com"}
    assert session("iam").list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == ["alarms"]
    (wanted,) = slack.resources("AWS::IAM::Role").values()
    (policy,) = [one["PolicyDocument"] for one in wanted["Policies"]]
    assert all(re.fullmatch(r"cloudwatch:(Describe|Get)\w+", one) for one in actions(policy))
    for kind in ("AWS::Chatbot::SlackChannelConfiguration", "AWS::IAM::Role"):
        assert TEMPLATE.resources(kind) == {}
    assert set(Alarms._fields) == {"emails", "slack_workspace", "slack_channel"}
    assert stack["TopicArn"]


def actions(policy: dict[str, Any]) -> list[str]:
    """Return all actions of a policy."""
    found = [one["Action"] for one in policy["Statement"]]
    return [action for one in found for action in (one if isinstance(one, list) else [one])]

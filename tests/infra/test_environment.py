"""The environment's template: security group and log groups deployed to moto, the rest by MWAA's own model.

moto's CloudFormation (5.2.5) passes over AWS::MWAA::Environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from mwaa_dbt.settings import Environment, load
from mwaa_dbt.sizing import DEFAULT_CLASS, defaults
from scripts.aws.environment import VERSIONS
from scripts.env.containers import group
from scripts.env.parameters import known, rendered
from scripts.env.site import FILES
from tests.env.template import environment, members, wrong
from tests.infra.environment import GIVEN, KEY, NAME, TEMPLATE
from tests.infra.templates import ACCOUNT, FOLDER, REGION, Template

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
# What `mwaa env` looks up elsewhere than in settings.toml.
LOOKED_UP = {"VpcId", "Secrets", "SecretsKey", "WorkerReplacementStrategy", *FILES.values()}


def test_template_is_clean() -> None:
    """cfn-lint knows every property of the template, as it is and with options in it, and nothing worth a warning."""
    assert lint(TEMPLATE) == []
    assert lint(rendered(TEMPLATE, "shop", {"core.parallelism": "32", "secrets.backend_kwargs": '{"a": null}'})) == []
    assert lint(TEMPLATE.replace("DagS3Path", "DagsS3Path")) != []


def test_security_group_lets_in_itself_alone(made: Any) -> None:
    """Inbound only from the group itself, outbound everything: the ways that MWAA wants (vpc-security)."""
    ec2 = made("ec2")
    (one,) = ec2.describe_security_groups(Filters=[{"Name": "tag:Name", "Values": [NAME]}])["SecurityGroups"]
    (rule,) = one["IpPermissions"]
    assert (rule["IpProtocol"], rule["IpRanges"]) == ("-1", [])
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [one["GroupId"]]
    (rule,) = one["IpPermissionsEgress"]
    assert (rule["IpProtocol"], [found["CidrIp"] for found in rule["IpRanges"]]) == ("-1", ["0.0.0.0/0"])


def test_log_groups_have_an_end(made: Any) -> None:
    """The five groups that MWAA writes to have its own names, and a retention."""
    groups = made("logs").describe_log_groups(logGroupNamePrefix=f"airflow-{NAME}-")["logGroups"]
    kinds = ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")
    assert {one["logGroupName"]: one["retentionInDays"] for one in groups} == {group(NAME, kind): 30 for kind in kinds}


def test_what_outlives_the_stack() -> None:
    """Log groups stay when the stack is deleted, and go with one that could not be made."""
    resources = cfn_yaml.loads(TEMPLATE)["Resources"]
    kept = {one["Type"] for one in resources.values() if one.get("DeletionPolicy") == "RetainExceptOnCreate"}
    assert kept == {"AWS::Logs::LogGroup"}


def test_what_is_left_can_be_taken_over() -> None:
    """CloudFormation takes over log groups that are there already if their names are no function's."""
    resources = cfn_yaml.loads(rendered(TEMPLATE, NAME, {}))["Resources"]
    meant = Template("environment.yaml", **GIVEN).resources("AWS::Logs::LogGroup")
    assert len(meant) == 5
    for name, properties in meant.items():
        assert resources[name]["Properties"]["LogGroupName"] == properties["LogGroupName"]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {
            "Role": f"arn:aws:iam::{ACCOUNT}:role/own",
            "SecurityGroups": "sg-1,sg-2",
            "KmsKey": KEY,
            "Maintenance": "SUN:03:30",
            "LogsTask": "OFF",
            **dict.fromkeys(FILES.values(), "3"),
        },
    ],
)
def test_mwaa_takes_the_environment(parameters: dict[str, str]) -> None:
    """Every property is one of CreateEnvironment's, of the form that botocore's model demands, patterns and all."""
    properties = environment(None, **GIVEN, **parameters)
    # An update's alone.
    assert {*properties} - {*members()} == {"WorkerReplacementStrategy"}
    assert wrong(properties) == []
    assert wrong({**properties, "MaxWorkers": 0, "KmsKey": "key"}) != []
    for path, version in VERSIONS.values():
        assert (properties[path] in VERSIONS, properties.get(version)) == (True, "3" if parameters else None)


def test_every_option_of_mwaa_is_there() -> None:
    """Of CreateEnvironment nothing is left out but what CloudFormation does not know, and two kinds of tenancy."""
    properties = set(cfn_yaml.loads(TEMPLATE)["Resources"]["Environment"]["Properties"])
    # Tags are the stack's, which gives them to all its resources.
    assert set(members()) - properties == {"EndpointManagement", "IdentityCenterConfiguration", "Tags", "Teams"}


def test_logs_can_be_switched_off() -> None:
    """OFF is no level: that kind of logs is not published, the others are."""
    logs = environment(None, **GIVEN, LogsTask="OFF")["LoggingConfiguration"]
    assert {name: one["Enabled"] for name, one in logs.items() if not one["Enabled"]} == {"TaskLogs": False}


def test_parameters_come_from_settings() -> None:
    """Each parameter is a setting by its name, or is looked up; those that must be given are in every environment."""
    parameters = cfn_yaml.loads(TEMPLATE)["Parameters"]
    names = set(known_names()) | LOOKED_UP
    assert set(parameters) <= names
    assert {name for name, one in parameters.items() if "Default" not in one} == set(GIVEN)
    settings = load(FOLDER.parent / "settings.toml")
    for one in settings.environments.values():
        for name, value in known(settings.project, one).items():
            pattern = parameters.get(name, {}).get("AllowedPattern", ".*")
            assert re.fullmatch(pattern, value), name


def known_names() -> Iterator[str]:
    """Yield the parameter of every setting of an environment that there is."""
    from mwaa_dbt.settings import Alarms, Logs, Mwaa, Network

    settings = load(FOLDER.parent / "settings.toml")
    plain: Environment = settings.environment("prod")
    logs = Logs("INFO", "INFO", "INFO", "INFO", "INFO", 30)
    mwaa = Mwaa("shop", DEFAULT_CLASS, 1, 1, 1, 1, 1, "PUBLIC_ONLY", "SUN:03:30", "role", "key", logs)
    full = plain._replace(mwaa=mwaa, network=Network(("a",), ("b",), "nat", "10.1"), alarms=Alarms(("c",), "d", "e"))
    yield from known(settings.project, full)


def test_every_setting_has_a_parameter() -> None:
    """What settings.toml can say of how an environment is made, a template takes."""
    taken = {name for file in FOLDER.glob("*.yaml") for name in cfn_yaml.load(file).get("Parameters", {})}
    assert set(known_names()) - taken == set()


def test_defaults_are_those_of_sizing() -> None:
    """A file used by hand makes what `mwaa env` makes of the default class."""
    parameters = cfn_yaml.loads(TEMPLATE)["Parameters"]
    assert parameters["EnvironmentClass"]["Default"] == DEFAULT_CLASS
    for name, value in defaults(DEFAULT_CLASS).items():
        if name.startswith("mwaa."):
            assert parameters[name.removeprefix("mwaa.").title().replace("_", "")]["Default"] == value.value


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("Maintenance", "SUN:03:30", True),
        ("Maintenance", "SUN:03:15", False),
        ("KmsKey", KEY, True),
        ("KmsKey", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/own", False),
        ("Role", "own", False),
        ("AirflowVersion", "3.3", False),
        ("Name", "1shop", False),
    ],
)
def test_wrong_parameter_is_refused_by_the_template(name: str, value: str, fits: bool) -> None:
    """A value that MWAA would refuse in half an hour is refused by its pattern at once."""
    pattern = cfn_yaml.loads(TEMPLATE)["Parameters"][name]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, value)) is fits

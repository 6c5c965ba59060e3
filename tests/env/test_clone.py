"""`mwaa env clone`: a running environment as tables of settings.toml, and what becomes of it on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mwaa_dbt.settings import load
from scripts.aws.environment import SETTINGS
from scripts.env import clone
from scripts.env.renamed import bring
from scripts.env.site import find_site
from scripts.paths import Paths
from tests.env import airflows
from tests.env.conftest import Site
from tests.env.template import described, environment, wrong
from tests.infra.templates import ACCOUNT, REGION

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")
VERSIONS = ("2.10.3", "2.11.2", "3.0.6", "3.2.1", "3.3.1")
BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
ROLE, KEY = f"arn:aws:iam::{ACCOUNT}:role/service-role/old", "0d1c3f5e-1111-2222-3333-444455556666"
# Options that somebody may have set, by the names of each generation.
OPTIONS = {
    "2": {"webserver.page_size": "50", "scheduler.parsing_processes": "3", "core.dag_file_processor_timeout": "90"},
    "3": {"dag_processor.parsing_processes": "3", "dag_processor.dag_file_processor_timeout": "90"},
}
COMMON = {
    "core.default_task_retries": "3",
    "celery.worker_autoscale": "8,2",
    "secrets.backend": BACKEND,
    "secrets.backend_kwargs": '{"connections_prefix": "team/connections", "variables_prefix": "team/variables"}',
}


def running(name: str, version: str, **other: Any) -> dict[str, Any]:
    """Return what GetEnvironment answers of an environment that somebody made by other means, times in seconds."""
    arn = f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{name}"
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:airflow-{name}-"
    now = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
    logs = {"DagProcessing": "WARNING", "Scheduler": "ERROR", "Task": "INFO", "Webserver": None, "Worker": "DEBUG"}
    return {
        "Name": name,
        "Arn": arn,
        "Status": "AVAILABLE",
        "CreatedAt": now,
        "AirflowVersion": version,
        "AirflowConfigurationOptions": COMMON | OPTIONS[version[0]],
        "SourceBucketArn": "arn:aws:s3:::old-bucket",
        "DagS3Path": "team/dags",
        "RequirementsS3Path": "requirements-2.txt",
        "RequirementsS3ObjectVersion": "v1",
        "PluginsS3Path": "plugins.zip",
        "PluginsS3ObjectVersion": "v2",
        "StartupScriptS3Path": "startup.sh",
        "StartupScriptS3ObjectVersion": "v3",
        "EnvironmentClass": "mw1.medium",
        "MinWorkers": 2,
        "MaxWorkers": 9,
        "Schedulers": 3,
        "MinWebservers": 2,
        "MaxWebservers": 4,
        "WebserverAccessMode": "PRIVATE_ONLY",
        "WeeklyMaintenanceWindowStart": "TUE:04:30",
        "ExecutionRoleArn": ROLE,
        "ServiceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/airflow.amazonaws.com/Service",
        "KmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}",
        "EndpointManagement": "SERVICE",
        "NetworkConfiguration": {"SubnetIds": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0a", "sg-0b"]},
        "LoggingConfiguration": {
            f"{kind}Logs": {"Enabled": bool(level), "LogLevel": level or "INFO", "CloudWatchLogGroupArn": group + kind}
            for kind, level in logs.items()
        },
        "Tags": {"team": "data", "cost centre": "42", "aws:cloudformation:stack-name": "old"},
        "WebserverUrl": f"{name}.c1.{REGION}.airflow.amazonaws.com",
        "CeleryExecutorQueue": f"arn:aws:sqs:{REGION}:123456789013:airflow-celery-x",
        "DatabaseVpcEndpointService": f"com.amazonaws.vpce.{REGION}.vpce-svc-1",
        "WebserverVpcEndpointService": f"com.amazonaws.vpce.{REGION}.vpce-svc-2",
        "LastUpdate": {"Status": "SUCCESS", "CreatedAt": now, "Source": "mwaa", "WorkerReplacementStrategy": "FORCED"},
        **other,
    }


def of_version(site: Site, version: str) -> None:
    """Bring a project to another version of Airflow."""
    file = site.root / "settings.toml"
    file.write_text(file.read_text().replace("3.3.1", version))


def properties(site: Site, name: str) -> dict[str, Any]:
    """Return the environment that `mwaa env create` would ask MWAA for."""
    blue = find_site(Paths(site.root), name)
    wish = blue.wish("environment", {"VpcId": "vpc-1"})
    made = environment(wish.template, **wish.parameters)
    return {**made, "Tags": dict(wish.tags)}


def test_every_field_has_a_fate() -> None:
    """Of GetEnvironment's fields each is a setting, AWS's own, the new environment's own, or told as lost."""
    known = [*SETTINGS.values(), *clone.TURNED, *clone.AWS_SETS, *clone.OWN]
    assert len(known) == len({*known})
    assert {*described()} - {*known} == {"EndpointManagement", "IdentityCenterConfiguration", "Teams"}


@pytest.mark.parametrize("version", VERSIONS)
def test_round_trip(site: Site, version: str) -> None:
    """What create would ask for is what the old environment is, but for what is told as its own."""
    of_version(site, version)
    old = running("old", version)
    assert wrong({**old, "LoggingConfiguration": {}}) == []
    site.mwaa.others["old"] = old
    done = site.env("clone", "old", "--env", "blue", "--like", "prod", "--yes")
    assert done.code == 0, done.seen
    made = properties(site, "blue")
    for name in SETTINGS.values():
        assert made[name] == old[name], name
    assert made["NetworkConfiguration"] == old["NetworkConfiguration"]
    assert made["Tags"] == {"team": "data", "cost centre": "42"}
    for name, one in old["LoggingConfiguration"].items():
        level = one["LogLevel"] if one["Enabled"] else "INFO"
        assert made["LoggingConfiguration"][name] == {"Enabled": one["Enabled"], "LogLevel": level}
    assert old["AirflowConfigurationOptions"].items() <= made["AirflowConfigurationOptions"].items()
    assert "lost:" not in done.err
    for name in clone.OWN:
        assert f"its own: {name} = " in done.err
    assert load(site.root / "settings.toml").environment("blue").snowflake.account == "org-acc"


def test_twice_is_once(site: Site) -> None:
    """A clone of what a clone has made is the same again, but for its names."""
    site.mwaa.others["old"] = running("old", "3.3.1")
    assert site.env("clone", "old", "--env", "blue", "--like", "prod", "--yes").code == 0
    first = properties(site, "blue")
    site.mwaa.others["shop-blue"] = running("shop-blue", "3.3.1") | first
    assert site.env("clone", "shop-blue", "--env", "green", "--yes").code == 0
    second = properties(site, "green")
    assert (first.pop("Name"), second.pop("Name")) == ("shop-blue", "shop-green")
    assert (first.pop("SourceBucketArn"), second.pop("SourceBucketArn")) == (
        "arn:aws:s3:::shop-blue",
        "arn:aws:s3:::shop-green",
    )
    assert first == second


def test_project_is_ready_to_create(site: Site) -> None:
    """What a clone has written is what create takes, with the source's own subnets, in another bucket."""
    ec2 = site.client("ec2")
    first, *rest = ec2.describe_subnets()["Subnets"]
    second = next(
        one for one in rest if one["VpcId"] == first["VpcId"] and one["AvailabilityZone"] != first["AvailabilityZone"]
    )
    network = {"SubnetIds": [first["SubnetId"], second["SubnetId"]], "SecurityGroupIds": ["sg-0a"]}
    site.mwaa.others[site.name + "-old"] = running(site.name + "-old", "3.3.1", NetworkConfiguration=network)
    blue = f"{site.name}-blue"
    done = site.env(
        "clone", site.name + "-old", "--env", "blue", "--like", "prod", f"--name={blue}", f"--bucket={blue}", "--yes"
    )
    assert done.code == 0, done.seen
    site.sign()
    (site.root / "build" / "prod").rename(site.root / "build" / "blue")
    (record,) = (site.root / "build" / "blue").glob("releases/*/release.json")
    record.write_text(record.read_text().replace('"prod"', '"blue"'))
    done = site.env("create", "--env", "blue", "--dry-run", "--json")
    assert done.code == 0, done.seen
    kinds = ("bucket", "environment", "monitoring")
    assert [one["stack"] for one in done.json["stacks"]] == [f"{blue}-{kind}" for kind in kinds]


def test_options_of_airflow_2_become_those_of_3() -> None:
    """Names move, removed ones and those that MWAA sets are told, and defaults that have changed."""
    given = COMMON | OPTIONS["2"]
    given |= {"webserver.navbar_color": "#fff", "core.task_runner": "Own", "webserver.base_url": "x"}
    given |= {"secrets.backend": "airflow.contrib.secrets.aws_secrets_manager.SecretsManagerBackend"}
    found = bring(given, "2.10.3", "3.3.1")
    assert (
        found.options.items()
        >= {
            "api.fallback_page_limit": "50",
            "dag_processor.parsing_processes": "3",
            "dag_processor.dag_file_processor_timeout": "90",
            "fab.navbar_color": "#fff",
            "core.default_task_retries": "3",
            "secrets.backend": BACKEND,
        }.items()
    )
    assert [line.split(" = ")[0] for line in found.lost] == ["option core.task_runner", "option webserver.base_url"]
    assert any("scheduler.catchup_by_default is not set, and False by default" in line for line in found.renamed)
    assert {name for name in found.options if name.startswith("webserver.")} == set()


def test_options_move_when_their_version_comes() -> None:
    """An option keeps its name until the version that has another one."""
    for version, name in (
        ("2.11.2", "webserver.page_size"),
        ("3.0.6", "webserver.page_size"),
        ("3.2.1", "api.fallback_page_limit"),
    ):
        assert list(bring({"webserver.page_size": "50"}, "2.10.3", version).options) == [name]
    assert bring({"dag_processor.parsing_processes": "3"}, "3.3.1", "2.11.2").options == {
        "scheduler.parsing_processes": "3"
    }


def test_two_names_of_one_option() -> None:
    """If the new name is set, too, the old one's value is told and left out."""
    found = bring({"scheduler.parsing_processes": "3", "dag_processor.parsing_processes": "4"}, "2.11.2", "3.3.1")
    assert found.options == {"dag_processor.parsing_processes": "4"}
    assert "is set, too" in found.lost[0]


def test_options_are_as_airflow_has_them() -> None:
    """The table of moved and removed options is that of Airflow's own sources."""
    assert airflows.FILE.read_text() == airflows.written(airflows.read())


def test_what_cannot_be_kept_is_named(site: Site) -> None:
    """Fields that the template does not know, and a class that this project does not, are told by name."""
    strange = {"EndpointManagement": "CUSTOMER", "Teams": {"a": {}}, "EnvironmentClass": "mw2.huge", "Surprise": "x"}
    site.mwaa.others["old"] = running("old", "3.3.1", **strange)
    done = site.env("clone", "old", "--env", "blue", "--like", "prod", "--json")
    assert done.code == 0, done.seen
    lost = "\n".join(done.json["lost"])
    # What botocore does not know, it does not hand on.
    assert [name for name in strange if name in lost] == ["EndpointManagement", "Teams", "EnvironmentClass"]
    assert "blue" not in load(site.root / "settings.toml").environments


def test_trust_that_names_the_old_environment(site: Site) -> None:
    """A role whose trust policy names the old environment only is told, with the line to add; a readable key, too."""
    iam, arn = site.client("iam"), f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment"
    condition = {"ArnLike": {"aws:SourceArn": f"{arn}/old"}}
    statement = {"Effect": "Allow", "Principal": {"Service": "airflow.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]})
    role = iam.create_role(RoleName=f"role-{site.name}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    key = site.client("kms").create_key()["KeyMetadata"]["Arn"]
    site.mwaa.others["old"] = running("old", "3.3.1", ExecutionRoleArn=role, KmsKey=key)
    found = site.env("clone", "old", "--env", "blue", "--like", "prod", "--json").json["warnings"]
    fix = f"add {arn}/shop-blue to aws:SourceArn there"
    assert f"role {role}: its trust policy lets in {arn}/old only; {fix}" in found
    assert [line for line in found if "key policy" in line] == []
    iam.update_assume_role_policy(RoleName=f"role-{site.name}", PolicyDocument=trust.replace("/old", "/*"))
    again = site.env("clone", "old", "--env", "blue", "--like", "prod", "--json").json["warnings"]
    assert [line for line in again if "trust policy" in line] == []


def test_unreadable_policies_are_told(site: Site) -> None:
    """Who may not look at roles and keys is told what to look for."""
    site.mwaa.others["old"] = running("old", "3.3.1")
    found = site.env("clone", "old", "--env", "blue", "--like", "prod", "--json").json["warnings"]
    unread = [line for line in found if "could not be read" in line]
    assert [(line.split()[0], "environment/shop-blue" in line) for line in unread] == [("role", True), ("KMS", True)]


def test_what_was_made_for_the_old_one_is_told(site: Site) -> None:
    """The old role lacks the new bucket, and the old place of secrets is not this project's."""
    site.mwaa.others["old"] = running("old", "3.3.1")
    found = site.env("clone", "old", "--env", "blue", "--like", "prod", "--json").json["warnings"]
    assert any(line.startswith(f"role {ROLE}: it must be allowed bucket shop-blue") for line in found)
    assert any("secrets.backend_kwargs says where Airflow looks" in line for line in found)


def test_nothing_is_broken_or_written_unasked(site: Site) -> None:
    """In a log, and for an environment that would be no valid settings, settings.toml stays as it was."""
    file = site.root / "settings.toml"
    before = file.read_text()
    site.mwaa.others["old"] = running("old", "3.3.1")
    done = site.env("clone", "old", "--env", "blue", "--like", "prod")
    assert (done.code, "There is no terminal to ask at" in done.err) == (1, True), done.seen
    done = site.env("clone", "old", "--env", "blue", "--like", "prod", "--print")
    assert (done.code, "[environments.blue.mwaa]" in done.out) == (0, True), done.seen
    site.mwaa.others["old"] = running("old", "3.3.1", WebserverAccessMode="SOMETHING_NEW")
    done = site.env("clone", "old", "--env", "blue", "--like", "prod", "--yes")
    assert (done.code, "The copy is no valid environment" in done.err) == (1, True), done.seen
    assert file.read_text() == before
    assert [one.name for one in site.root.iterdir() if one.suffix == ".part"] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "--env", "blue", "--like", "prod"), "There is no 'nowhere' in eu-central-1"),
        (("old", "--env", "blue"), "add --like and one of: prod"),
        (("old", "--env", "prod"), "There is an environment 'prod' already"),
        (("old", "--env", "blue", "--like", "prdo"), "Did you mean 'prod'?"),
        (("old", "--env", "blue", "--like", "prod", "--name", "old"), "cannot have its source's name"),
    ],
)
def test_wrong_wishes(site: Site, arguments: tuple[str, ...], told: str) -> None:
    """A source that is not there, a copy that is, and a copy of nobody's warehouse are refused."""
    site.mwaa.others["old"] = running("old", "3.3.1")
    done = site.env("clone", *arguments, "--yes")
    assert (done.code, told in done.err) == (1, True), done.seen

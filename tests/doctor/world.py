"""A healthy environment on loopback: a project with a build, a bucket, secrets, a role, logs, MWAA's API, Airflow."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boto3

from mwaa_dbt.settings import load
from scripts.aws import Aws, Bucket
from scripts.aws.environment import VERSIONS
from scripts.bundle import keep, stamp_container, write_record
from scripts.deploy.apply import Source, make_live
from scripts.deploy.lock import locked
from scripts.doctor.examine import Report, Wish, examine
from scripts.env.containers import REQUIREMENTS, STARTUP
from scripts.fingerprint import fingerprint
from scripts.local import record
from scripts.options import project_options
from scripts.paths import Paths
from scripts.release import POINTER, read_record
from scripts.secrets.declared import declared
from tests.doctor.airflow import Airflow
from tests.doctor.gate import Gate

ROOT = Path(__file__).parents[2]
REGION, ACCOUNT, ENVIRONMENT = "eu-central-1", "123456789012", "prod"
DIGEST = "0123456789abcdef" * 4
RELEASE = DIGEST[:12]
SETTINGS = """\
[project]
name = "shop"
airflow_version = "3.3.1"

[environments.prod]
region = "eu-central-1"
bucket = "{name}"
slack = {{channel = "#alerts"}}

[environments.prod.mwaa]
name = "{name}"
environment_class = "mw1.small"

[environments.prod.secrets]
prefix = "{name}"

[environments.prod.snowflake]
account = "org-acc"
user = "u"
role = "r"
warehouse = "w"
database = "d"
authentication = "password"
"""
DAGS = [
    {"file": "shop.py", "dag": "shop", "tasks": 30, "nodes": 10, "seconds": 1.5},
    {"file": "finance.py", "dag": "finance", "tasks": 3, "nodes": 1, "seconds": 0.5},
]
LOGS = ("DagProcessing", "Scheduler", "Task", "Webserver", "Worker")


@dataclass
class World:
    """A project and all that its environment `prod` needs; `bed` is what is shared by the tests of a file."""

    paths: Paths
    name: str
    gate: Gate
    airflow: Airflow

    @cached_property
    def aws(self) -> Aws:
        """AWS, past the gate."""
        return Aws(REGION, self.gate.upstream)

    @property
    def bucket(self) -> Bucket:
        """The bucket."""
        return self.aws.bucket(self.name)

    @property
    def role(self) -> str:
        """The execution role's ARN."""
        return f"arn:aws:iam::{ACCOUNT}:role/service-role/{self.name}"

    @property
    def arn(self) -> str:
        """The environment's ARN."""
        return f"arn:aws:airflow:{REGION}:{ACCOUNT}:environment/{self.name}"

    def client(self, service: str) -> Any:
        """Return boto3's own client for what stands behind the gate."""
        return _client(service, self.gate.upstream)

    def make(self) -> None:
        """Make all of it, whole and healthy."""
        self.airflow.reset()
        (self.paths.root / "settings.toml").write_text(SETTINGS.format(name=self.name))
        self.build()
        self._bucket()
        self._secrets()
        self._role()
        self._logs()
        record.write(self.paths, self._environment())

    def build(self, dags: list[dict[str, Any]] = DAGS) -> None:
        """Put a build there."""
        out = self.paths.build(ENVIRONMENT)
        (out / POINTER).parent.mkdir(parents=True)
        (out / POINTER).write_text(json.dumps({"releases": [DIGEST]}))
        (out / "requirements.txt").write_text((self.paths.root / "requirements.txt").read_text())
        (out / "plugins.zip").write_text("plugins")
        (out / "startup.sh").write_text("export MWAA_DBT_CONTAINER=''\n")
        (out / "dags" / "shop.py").write_text("a stub")
        stamp_container(out)
        manifest = {"nodes": {"model.a": {"resource_type": "model", "depends_on": {"nodes": []}}}}
        digest = keep(out, gzip.compress(json.dumps(manifest).encode()))
        about = {"environment": ENVIRONMENT, "sources": fingerprint(self.paths), "git": {}, "dags": dags}
        write_record(out, DIGEST, {"shop": {"archive": "", "manifest": digest}}, about)

    def deploy(self) -> None:
        """Make the build live, in the bucket."""
        out = self.paths.build(ENVIRONMENT)
        with locked(self.bucket) as lock:
            make_live(self.bucket, Source(read_record(out), out), lock, "deploy")

    def _bucket(self) -> None:
        self.aws.make_bucket(self.name)
        s3 = self.client("s3")
        s3.put_public_access_block(Bucket=self.name, PublicAccessBlockConfiguration=closed())
        encrypted = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        s3.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration=encrypted)
        self.gate.policy = self.only_tls()
        self.deploy()

    def only_tls(self, **changes: Any) -> str:
        """Return the bucket's policy, with other fields in its statement."""
        denial = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{self.name}", f"arn:aws:s3:::{self.name}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [denial | changes]})

    def _secrets(self) -> None:
        parts = {"password": "a long enough password", "token": "xoxb-1234567890-abcdefghijklmnop"}
        for item in declared(ENVIRONMENT, load(self.paths.settings).environment(ENVIRONMENT)):
            value = item.value({part: parts[part] for part in item.parts})
            text = value if isinstance(value, str) else json.dumps(value)
            self.aws.secrets.create(item.name, text)

    def trust(self, **changes: Any) -> str:
        """Return the role's trust policy, with other fields in its statement."""
        services = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
        only_here = {"ArnLike": {"aws:SourceArn": self.arn}}
        taken = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [taken | {"Condition": only_here} | changes]})

    def allow(self, *statements: Mapping[str, Any]) -> None:
        """Give the role these statements, in the place of those before."""
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        self.client("iam").put_role_policy(RoleName=self.name, PolicyName="tasks", PolicyDocument=json.dumps(policy))

    @property
    def rights(self) -> list[dict[str, Any]]:
        """The statements that the role needs: of the bucket, of its archive, of the secrets."""
        bucket = f"arn:aws:s3:::{self.name}"
        secrets = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{self.name}/*"
        return [
            {"Effect": "Allow", "Action": ["s3:GetObject*", "s3:List*"], "Resource": [bucket, f"{bucket}/*"]},
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/archive/*"},
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secrets},
        ]

    def _role(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName=self.name, Path="/service-role/", AssumeRolePolicyDocument=self.trust())
        self.allow(*self.rights)

    def log(self, component: str, stream: str, *lines: str, ago: float = 60.0) -> None:
        """Write lines of a container that started so many seconds ago."""
        logs, group = self.client("logs"), f"airflow-{self.name}-{component}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        at = int((time.time() - ago) * 1000)
        events = [{"timestamp": at, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _logs(self) -> None:
        for component, status in (("Scheduler", "ready"), ("Worker", "ready"), ("WebServer", "skipped: webserver")):
            said = ("Collecting astronomer-cosmos==1.15.1", "Successfully installed astronomer-cosmos-1.15.1")
            self.log(component, f"{REQUIREMENTS}_one", *said)
            self.log(component, f"{STARTUP}_one", f"startup.sh: dbt virtualenv {status} in 8.1 s (component …)")

    def _environment(self) -> dict[str, Any]:
        settings = load(self.paths.settings).environment(ENVIRONMENT)
        heads = {name: self.bucket.head(name) for name in VERSIONS}
        files = {path: name for name, (path, _) in VERSIONS.items()}
        files |= {VERSIONS[name][1]: str(head.version) for name, head in heads.items() if head}
        updated = {"Status": "SUCCESS", "CreatedAt": time.time() - 3600}
        assert settings.mwaa
        return {
            "Name": self.name,
            "Status": "AVAILABLE",
            "Arn": self.arn,
            "CreatedAt": time.time() - 7200,
            "WebserverUrl": self.airflow.url.removeprefix("http://"),
            "ExecutionRoleArn": self.role,
            "AirflowVersion": "3.3.1",
            "EnvironmentClass": "mw1.small",
            "MinWorkers": settings.mwaa.min_workers,
            "MaxWorkers": settings.mwaa.max_workers,
            "Schedulers": settings.mwaa.schedulers,
            "MinWebservers": settings.mwaa.min_webservers,
            "MaxWebservers": settings.mwaa.max_webservers,
            "WebserverAccessMode": "PUBLIC_ONLY",
            "SourceBucketArn": f"arn:aws:s3:::{self.name}",
            "DagS3Path": "dags",
            **files,
            "AirflowConfigurationOptions": project_options(settings, "3.3.1"),
            "LoggingConfiguration": {f"{name}Logs": {"Enabled": True, "LogLevel": "INFO"} for name in LOGS},
            "LastUpdate": updated,
        }

    @property
    def options(self) -> dict[str, str]:
        """The environment's Airflow options."""
        return dict((record.read(self.paths) or {})["AirflowConfigurationOptions"])

    @property
    def logging(self) -> dict[str, Any]:
        """The environment's settings of its logs."""
        return dict((record.read(self.paths) or {})["LoggingConfiguration"])

    def change(self, **fields: Any) -> None:
        """Change what GetEnvironment says; a None takes a field away."""
        now = (record.read(self.paths) or {}) | fields
        record.write(self.paths, {name: value for name, value in now.items() if value is not None})

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in one of the project's sources, once, and build anew."""
        file = self.paths.root / path
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        shutil.rmtree(self.paths.build(ENVIRONMENT))
        self.build()

    def look(self, *only: str) -> Report:
        """Look at the environment, or at some groups of it."""
        return examine(self.paths, ENVIRONMENT, Wish(only))


@cache
def _client(service: str, url: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    return boto3.client(service, region_name=REGION, endpoint_url=url, **keys)


def closed(**changes: bool) -> dict[str, bool]:
    """Return what closes a bucket to the public."""
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return dict.fromkeys(names, True) | changes

"""AWS that lets nobody do what no policy allows, and projects whose verbs take a role by a pipeline's token."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.credentials import Credentials

from scripts.aws import Aws, Bucket
from scripts.aws.environment import VERSIONS
from scripts.fingerprint import fingerprint
from scripts.local.state import free_port
from scripts.paths import Paths
from tests.command import Done, mwaa
from tests.deploy.conftest import Built, Shape, build, deploy
from tests.rights.asked import ACCOUNT, REGION
from tests.rights.gate import Gate, running
from tests.rights.policy import Statement, listed
from tests.shop import settings

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "infra" / "deploy-role.yaml").read_text()
NUMBERS = itertools.count()
REPOSITORY, ISSUER = "acme/shop", "token.actions.githubusercontent.com"
KEY, SECRET_KEY = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ("bucket", "secret"))
SECRET = "airflow/connections/snowflake_default"
# Of whom each role's trust speaks, as GitHub says it.
SUBJECTS = {
    "PlanRole": f"repo:{REPOSITORY}:ref:refs/heads/main",
    "DeployRole": f"repo:{REPOSITORY}:environment:production",
    "CiRole": f"repo:{REPOSITORY}:pull_request",
}
ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
# Left by a deploy on another machine.
LOCK = {"owner": "somebody@elsewhere", "host": "elsewhere", "pid": 1, "started": 0, "token": "theirs", "held": 0}


@dataclass(frozen=True)
class Cloud:
    """moto with IAM enforcement, an administrator's session of it, and the gate before it."""

    url: str
    session: Any
    gate: Gate

    def client(self, service: str) -> Any:
        """Return a client with all rights."""
        return self.session.client(service, endpoint_url=self.url)

    @contextmanager
    def open(self) -> Iterator[Aws]:
        """Enforce nothing for a while, and give AWS as the project's own code sees it."""
        enforce(self.url, "inf")
        try:
            yield Aws(REGION, self.url)
        finally:
            enforce(self.url, "0")


@dataclass(frozen=True)
class World:
    """A project, its bucket with two releases deployed, its environment, and the roles of its pipeline by output."""

    root: Path
    cloud: Cloud
    bucket: str
    roles: dict[str, str]

    def run(self, role: str, *arguments: str) -> Done:
        """Run a verb as a job of the pipeline does, with a token and a role and nothing else."""
        token = self.root / "token"
        token.write_text(jwt(ISSUER, SUBJECTS[role]))
        environment = {
            "PATH": os.defpath,
            "HOME": str(self.root),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'dags'}",
            "AWS_ENDPOINT_URL": self.cloud.gate.url,
            # MWAA's client puts `api.` and `env.` before the host; whatever it is called, the proxy has it.
            "AWS_ENDPOINT_URL_MWAA": "http://airflow.test",
            "HTTP_PROXY": self.cloud.gate.url,
            "NO_PROXY": "127.0.0.1",
            "AWS_ROLE_ARN": self.roles[role],
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return mwaa([*arguments, "--env", "prod"], self.root, environment)

    def lock(self) -> None:
        """Leave the lock of a deploy that is dead."""
        with self.cloud.open() as aws:
            aws.bucket(self.bucket).swap("releases/lock.json", json.dumps(LOCK).encode(), None)

    def without(self, role: str, action: str, resource: str | None = None) -> None:
        """Take an action from a role, in IAM itself; with a resource, only the statement on that."""
        iam, name = self.cloud.client("iam"), self.roles[role].rsplit("/", 1)[-1]
        left = [rest for one in self.cloud.gate.statements(name) if (rest := _without(one, action, resource))]
        for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
        document = json.dumps({"Version": "2012-10-17", "Statement": left})
        iam.put_role_policy(RoleName=name, PolicyName="rest", PolicyDocument=document)
        self.cloud.gate.known.clear()


def _without(statement: Statement, action: str, resource: str | None) -> dict[str, Any]:
    if resource not in (None, statement["Resource"]):
        return dict(statement)
    left = [one for one in listed(statement["Action"]) if one != action]
    return {**statement, "Action": left} if left else {}


def jwt(issuer: str, subject: str, audience: str = "sts.amazonaws.com") -> str:
    """Return a token as a pipeline is given it, but for the signature, which AWS alone looks at."""
    said = {"iss": f"https://{issuer}", "sub": subject, "aud": audience}
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({}, said, {}))


def enforce(url: str, after: str) -> None:
    """Tell moto after how many calls it begins to ask IAM."""
    answer = requests.post(f"{url}/moto-api/reset-auth", data=after, timeout=10, proxies={"http": ""})
    answer.raise_for_status()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Run moto, in a process of its own since enforcement is a switch of the whole process, and the gate."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        keys = _administrator(url)
        session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name=REGION)
        enforce(url, "0")
        admin = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
        with running(url, admin, session.client("iam", endpoint_url=url)) as gate:
            yield Cloud(url, session, gate)
    finally:
        process.terminate()
        process.wait()


def _administrator(url: str) -> dict[str, str]:
    keys = {"aws_access_key_id": "first", "aws_secret_access_key": "first", "region_name": REGION}
    iam = boto3.client("iam", endpoint_url=url, **keys)
    end = time.monotonic() + 60
    while True:
        try:
            enforce(url, "inf")
            break
        except requests.ConnectionError:
            assert time.monotonic() < end
            time.sleep(0.1)
    iam.create_user(UserName="admin")
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=json.dumps(ADMIN))
    return dict(iam.create_access_key(UserName="admin")["AccessKey"])


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """Make two small releases for the environment `prod`, which differ in all that a deploy looks at."""
    folder = tmp_path_factory.mktemp("releases")
    return {
        name: build(Shape(name, dags=("shop.py", dag), requirements=pin, environment="prod"), folder / name)
        for name, dag, pin in (("A", "old.py", "a==1\n"), ("B", "new.py", "a==2\n"))
    }


@pytest.fixture
def make(cloud: Cloud, releases: dict[str, Built], tmp_path: Path) -> Callable[[], World]:
    """Give a function that makes a world of its own."""

    def world() -> World:
        name = f"shop{next(NUMBERS)}"
        root = tmp_path / name
        root.mkdir()
        (root / "settings.toml").write_text(settings(name, "mwaa", name=name))
        roles = make_roles(cloud, name)
        cloud.gate.keys |= {name: KEY, SECRET: SECRET_KEY}
        with cloud.open() as aws:
            aws.make_bucket(name)
            fill(aws.bucket(name), releases)
            heads = {file: aws.bucket(name).head(file) for file in VERSIONS}
        versions = {file: str(head.version) for file, head in heads.items() if head}
        cloud.gate.mwaa.make(name, name, versions)
        third = Shape("C", requirements="a==3\n", environment="prod", sources=fingerprint(Paths(root)))
        shutil.move(build(third, root / "made").folder, Paths(root).build("prod"))
        return World(root, cloud, name, roles)

    return world


def make_roles(cloud: Cloud, name: str, stack: str = "", **parameters: str) -> dict[str, str]:
    """Deploy infra/deploy-role.yaml for a bucket and environment of a name, and return its outputs."""
    given = {"Repository": REPOSITORY, "Bucket": name, "Name": name, "KmsKey": KEY, "Secret": SECRET}
    given |= {"SecretKey": SECRET_KEY, "ProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}", **parameters}
    cloudformation = cloud.client("cloudformation")
    pairs = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    cloudformation.create_stack(StackName=stack or name, TemplateBody=TEMPLATE, Parameters=pairs)
    (found,) = cloudformation.describe_stacks(StackName=stack or name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def fill(bucket: Bucket, releases: dict[str, Built]) -> None:
    """Deploy both releases, and leave what nobody needs, for `gc` to find."""
    for built in releases.values():
        deploy(bucket, built)
    bucket.swap(f"dags/dbt/shop/{'0' * 64}.zip", b"nobody's", None)

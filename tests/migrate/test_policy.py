"""`mwaa migrate policy` against what the commands and the maintenance DAG really ask of AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from scripts.aws.logs import Event
from tests.migrate.conftest import Databases, World
from tests.rights.asked import ACCOUNT, REGION, Request, asked
from tests.rights.policy import Ask, Statement, allowed, listed
from tests.serving import Handler, Reply, serving

EXECUTION, THEIRS = f"arn:aws:iam::{ACCOUNT}:role/old-execution", "210987654321"
MIGRATION = f"arn:aws:iam::{THEIRS}:role/migration"
# Whose keys a request is signed with: `mwaa`'s before another server than AWS, and those of tests/migrate/airflow2.py.
# Whoever has neither has taken the role.
SIGNERS = {"rehearsal": "operator", "test": "execution"}
BY = re.compile(r"Credential=(\w+)/")
WAYS = {"invoke": "airflow:InvokeRestApi", "web": "airflow:CreateWebLoginToken"}


@dataclass
class Seen:
    """What was asked of AWS, by whom."""

    upstream: str
    url: str = ""
    asks: dict[str, list[Ask]] = field(default_factory=dict)


class Front(Handler):
    """Notes each request and brings it to moto."""

    def answer(self, body: bytes) -> Reply:
        """Answer as moto does."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        (signer,) = BY.findall(headers["authorization"])
        whom = SIGNERS.get(signer, "role")
        found = needed(Request(self.command, self.path, headers, body), THEIRS if whom == "role" else ACCOUNT)
        self.part.asks.setdefault(whom, []).extend(found)
        return self.forward(self.part.upstream, body)


def needed(request: Request, account: str) -> list[Ask]:
    """Return what a request needs to be allowed, as AWS's service authorization reference has it."""
    service, _, action = request.headers.get("x-amz-target", "").partition(".")
    if service == "secretsmanager":
        given = json.loads(request.body)
        name = given.get("SecretId") or given["Name"]
        return [Ask(f"{service}:{action}", f"arn:aws:{service}:{REGION}:{account}:secret:{name}-AbCdEf")]
    if service.startswith("Logs_"):
        given = json.loads(request.body)
        group = given.get("logGroupName") or given["logGroupNamePrefix"]
        return [Ask(f"logs:{action}", f"arn:aws:logs:{REGION}:{account}:log-group:{group}:log-stream:any")]
    if request.service == "sts":
        form = parse_qs(request.body.decode())
        return [Ask(f"sts:{form['Action'][0]}", form["RoleArn"][0])]
    return asked(request, {})


@pytest.fixture
def seen(cloud: str) -> Iterator[Seen]:
    """Have a front before AWS."""
    with serving(Front, Seen(cloud)) as found:
        yield found


def run(world: World, *words: str) -> str:
    """Run a command of a migration, and return what it prints."""
    done = world.run(*words)
    assert done.code == 0, done.seen
    return done.out


def printed(world: World, whom: str, *more: str) -> list[Statement]:
    """Return the statements that the command prints for somebody."""
    return list(json.loads(run(world, "policy", "--for", whom, "--json", *more))["Statement"])


def check(statements: list[Statement], asks: list[Ask], unasked: Set[str] = frozenset()) -> None:
    """Check that a policy allows all that was asked, and nothing else but what this test cannot ask."""
    assert [ask for ask in asks if not allowed(statements, ask)] == []
    granted = {action for one in statements for action in listed(one["Action"])}
    assert granted - {ask.action for ask in asks} == unasked


def test_enough_and_no_more(pair: Databases, seen: Seen) -> None:
    """The commands and their DAG ask for what the policies have, each action of them, and nothing else."""
    world, *_ = pair("2.11.2", seen.url)
    world.old.described["ExecutionRoleArn"] = EXECUTION
    stream = "dag_id=daily/run_id=r/task_id=t/attempt=1.log"
    said = [Event(int(datetime.now(UTC).timestamp() * 1000), "said")]
    for group, events in (("old", said), ("new", [])):
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
        cloud = world.old if group == "old" else world.new
        cloud.described["LoggingConfiguration"] = {"TaskLogs": {"Enabled": True, "CloudWatchLogGroupArn": arn}}
        world.aws.logs.write(group, "a", [])
        world.aws.logs.append(group, stream, events)
    operator, execution = (printed(world, whom) for whom in ("operator", "execution"))
    world.aws.secrets.create("airflow/connections/crm", "theirs")
    for words in (("export", "--history"), ("import",), ("secrets", "--on-conflict", "replace"), ("logs",)):
        run(world, *words)
    run(world, "secrets", "--remove", "--yes")
    for cloud in (world.old, world.new):
        arn = cloud.described["Arn"]
        seen.asks["operator"].append(Ask("airflow:GetEnvironment", arn))
        for call in cloud.calls:
            seen.asks["operator"].append(Ask(WAYS[call.way], f"{arn.replace('environment/', 'role/')}/Op"))
    # Before another server than AWS, IAM is not asked; and no path here is longer than MWAA's own call takes.
    check(operator, seen.asks["operator"], {"iam:SimulatePrincipalPolicy", "airflow:CreateWebLoginToken"})
    check(execution, seen.asks["execution"])


def test_two_accounts(pair: Databases, seen: Seen) -> None:
    """In two accounts the old execution role takes a role, and that makes the secrets."""
    world, *_ = pair("3.3.1", seen.url)
    world.old.described["ExecutionRoleArn"] = EXECUTION
    world.new.described["Arn"] = f"arn:aws:airflow:{REGION}:{THEIRS}:environment/new"
    role = ("--role", MIGRATION)
    execution, theirs = (printed(world, whom, *role) for whom in ("execution", "role"))
    run(world, "secrets", *role)
    check(execution, seen.asks["execution"], {"s3:GetObject"})
    check(theirs, seen.asks["role"], {"secretsmanager:PutSecretValue"})

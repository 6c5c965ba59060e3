"""`mwaa secrets check`: each reason that Airflow hides behind "isn't defined", found by Airflow's own backend."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mwaa_dbt.settings import load
from scripts.aws import Aws
from scripts.paths import Paths
from scripts.secrets import stored
from scripts.secrets.check import Checker, Fault
from scripts.secrets.declared import Item, declared
from scripts.secrets.lookup import Airflows
from scripts.target import Target
from tests.secrets.conftest import PASSPHRASE, TOKEN, WEBHOOK, Done, Project, pem

EXTRA = {"account": "org-acc", "warehouse": "WH", "database": "ANALYTICS", "role": "TRANSFORMER"}


def connection(key: str, **changes: Any) -> dict[str, Any]:
    """Return the Snowflake connection as push makes it, with changes; None takes a field away."""
    content = base64.b64encode(key.encode()).decode()
    made = {"conn_type": "snowflake", "login": "MWAA_DBT", "schema": "PUBLIC"}
    whole = {**made, "extra": {**EXTRA, "private_key_content": content}, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def faults(project: Project, name: str, *arguments: str) -> list[str]:
    """Check and return a secret's faults, each with its fix."""
    done = project.secrets("check", name, "--json", *arguments)
    row = done.row(name)
    assert done.code == int(bool(row["faults"])), done.seen
    return [f"{fault['what']} | {fault['fix']}" for fault in row["faults"]]


def test_all_is_well(project: Project, key: str) -> None:
    """What push has stored is found by Airflow, claimed by Cosmos, and told in a line each."""
    project.full(key)
    project.add('[environments.prod.variables]\ncountry = "ch"')
    assert project.secrets("push").code == 0
    done = project.secrets("check")
    assert done.code == 0, done.seen
    lines = done.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["✓", name] for name in ("snowflake_default", "slack_default", "country")
    ]
    assert "key SHA256:" in lines[0]


def test_encrypted_key_is_well(project: Project, private: rsa.RSAPrivateKey) -> None:
    """A key with its passphrase is claimed by Cosmos' mapping for such keys."""
    project.edit('authentication = "key_pair"', 'authentication = "encrypted_key_pair"')
    given = ("--from", project.file(pem(private, PASSPHRASE)), "--passphrase-from", project.file(PASSPHRASE))
    assert project.secrets("push", "snowflake_default", *given).code == 0
    assert faults(project, "snowflake_default") == []


def put(project: Project, text: str | dict[str, Any]) -> None:
    """Store another text for the Snowflake connection."""
    value = text if isinstance(text, str) else json.dumps(text)
    project.client.put_secret_value(SecretId=project.name("snowflake_default"), SecretString=value)


def test_every_fault_has_its_name(project: Project, private: rsa.RSAPrivateKey, key: str) -> None:
    """Wrong shapes and wrong keys are told apart, each with what mends it."""
    project.store("snowflake_default", "x")
    extra = connection(key)["extra"]
    other = {"key": None} | {name: value for name, value in EXTRA.items() if name != "account"}
    cases: list[tuple[str | dict[str, Any], str]] = [
        ('{"conn_type": "snowflake", }', "not valid JSON"),
        ("just text", "neither a JSON object nor a URI"),
        ('"{}"', "quotes around it"),
        ("[]", "a JSON list"),
        (connection(key, conn_type=None), "there is no conn_type"),
        (connection(key, account="org-acc"), "'account' at the top level is dropped by Airflow: it belongs into extra"),
        (connection(key, lgoin="x"), "Did you mean 'login'?"),
        ({"conn_id": "snowflake_default", **connection(key)}, "'conn_id' and 'conn_type' both mean conn_type"),
        ({"database": "ANALYTICS", **connection(key)}, "'database' and 'schema' both mean schema"),
        (connection(key, schema=None, database="ANALYTICS"), "'database' at the top level becomes schema"),
        (connection(key, extra="account=org-acc"), "extra is a text that is not JSON"),
        (connection(key, extra=["x"]), "extra is no JSON object"),
        (connection(key, port="many"), "port is no number"),
        (connection(key, extra={**other}), "extra.account: nothing → 'org-acc'"),
        (connection(key, login="SOMEBODY"), "login: 'SOMEBODY' → 'MWAA_DBT'"),
        (connection(key, extra=EXTRA), "it has no private key"),
        (connection(key, extra={**extra, "private_key_content": key}), "PEM as it is, not in base64"),
        (connection(key, extra={**extra, "private_key_content": "??"}), "the key is no PEM in base64"),
        (connection("nonsense"), "no private key in PEM"),
        (connection(pem(private, PASSPHRASE)), 'write authentication = "encrypted_key_pair"'),
        (connection(key, password=PASSPHRASE), "a password is stored, and settings.toml declares none"),
        ("snowflake://u:p@/PUBLIC", "a URI from an older set-up"),
    ]
    untold = []
    for text, told in cases:
        put(project, text)
        if not any(told in fault.what + fault.fix for fault in look(project)):
            untold.append(told)
    assert untold == []
    for text, told in cases[::7]:
        put(project, text)
        assert [fault for fault in faults(project, "snowflake_default") if told in fault], told


def look(project: Project) -> tuple[Fault, ...]:
    """Return the faults of the Snowflake connection without asking Airflow, which takes seconds."""
    target, item = found(project)
    return Checker(Paths(project.root), target, "3.3.1", []).look(item).faults


def found(project: Project) -> tuple[Target, Item]:
    """Return the environment and its Snowflake connection."""
    settings = load(project.root / "settings.toml").environment("prod")
    target = Target("prod", settings, Aws("eu-central-1", project.endpoint))
    (item,) = [item for item in declared("prod", settings) if item.authentication]
    return target, item


def test_encrypted_with_wrong_passphrase(project: Project, private: rsa.RSAPrivateKey) -> None:
    """A stored passphrase that does not fit is found before dbt meets it."""
    project.edit('authentication = "key_pair"', 'authentication = "encrypted_key_pair"')
    project.store("snowflake_default", connection(pem(private, PASSPHRASE), password="another one"))
    assert "passphrase does not fit" in faults(project, "snowflake_default")[0]


def test_missing_with_its_neighbour(project: Project, key: str) -> None:
    """A secret under a name with a typo is suggested; one without a neighbour is just missing."""
    project.store("snowflake_defualt", connection(key))
    (fault,) = faults(project, "snowflake_default")
    assert "there is no such secret in eu-central-1. Did you mean 'snowflake_defualt', which is stored?" in fault
    (fault,) = faults(project, "slack_default")
    assert fault.endswith("| `mwaa secrets push --env prod slack_default`")


def test_deleted(project: Project, key: str) -> None:
    """A secret that waits for its deletion has the command that restores it."""
    project.store("snowflake_default", connection(key))
    project.client.delete_secret(SecretId=project.name("snowflake_default"), RecoveryWindowInDays=7)
    (fault,) = faults(project, "snowflake_default")
    assert "scheduled for deletion" in fault
    assert "restore-secret" in fault


def test_options_that_hide_a_secret(project: Project, key: str) -> None:
    """An option of one's own that keeps the backend from asking is found, by us and by Airflow."""
    project.full(key)
    kwargs = {"connections_prefix": f"{project.prefix}/connections", "connections_lookup_pattern": "^snowflake_prod$"}
    project.add(f"[environments.prod.airflow]\n\"secrets.backend_kwargs\" = '{json.dumps(kwargs)}'")
    found = faults(project, "snowflake_default")
    assert [fault for fault in found if "lookup pattern of option secrets.backend_kwargs does not match" in fault]
    done = project.secrets("check")
    assert (done.code, done.out.count("does not match")) == (1, 4)


def test_workload_identity(project: Project) -> None:
    """A connection without a secret is found and claimed; dbt's pins decide whether it can log in."""
    project.edit('authentication = "key_pair"', 'authentication = "workload_identity"')
    assert project.secrets("push", "snowflake_default").code == 0
    pins = project.root / "dbt" / "requirements.txt"
    for version, fault in (("1.11.6", "needs dbt-snowflake 1.12"), ("1.12.3", None)):
        pins.write_text(f"dbt-snowflake=={version}\n")
        found = faults(project, "snowflake_default")
        assert [fault in one for one in found] == [True] if fault else found == []
    put(project, {**project.stored("snowflake_default"), "password": "hunter2hunter2"})
    assert "a password is stored" in faults(project, "snowflake_default")[0]


def test_connect_says_what_it_met(project: Project, key: str) -> None:
    """A login that fails is told in a line, soon, with where to look."""
    project.edit('user = "MWAA_DBT"', 'user = "MWAA_DBT"\nhost = "127.0.0.1"\nport = 1\nprotocol = "http"')
    project.full(key)
    done = project.secrets("check", "snowflake_default", "--connect")
    assert (done.code, "the login failed:" in done.out, "RSA_PUBLIC_KEY_FP" in done.out) == (1, True, True), done.seen


TEXTS = [
    '{"conn_type": "a", "user": "u", "pass": "p", "server": "h", "port": "1", "database": "d", "extra": {"a": 1}}',
    '{"engine": "my-type", "login": "u", "extra": "{\\"a\\": \\"b\\"}"}',
    " {} ",
    "postgresql://u%40x:p%2Fw@Host.example:5432/db?a=b&c=d",
    "snowflake://u:p@/PUBLIC?account=org-acc&warehouse=WH",
    "slackwebhook://:T0%2FB0%2Fx@https%3A%2F%2Fhooks.slack.com%2Fservices",
    "http://https://crm.example/path",
    "google-cloud-platform://?__extra__=%7B%22a%22%3A+1%7D",
    "aws://",
]


def test_texts_are_read_as_airflow_reads_them(project: Project) -> None:
    """Our reading of a stored text is that of Airflow's backend, in JSON with other names as in URIs."""
    names = {f"c{number}": text for number, text in enumerate(TEXTS)}
    for name, text in names.items():
        project.add(f'[environments.prod.connections.{name}]\ntype = "x"')
        project.store(name, text)
    target, _ = found(project)
    items = [item for item in declared("prod", target.settings) if item.id in names]
    answers = Airflows(Paths(project.root), target, target.aws, "3.3.1").ask(items, connect=False)["connections"]
    for name, text in names.items():
        told, view = answers[name], stored.read(text)
        ours = {field: view.fields.get(field) or None for field in told.get("fields", {})}
        ours["port"] = int(ours.get("port") or 0) or None
        theirs = {"port": None} | {field: value or None for field, value in told.get("fields", {}).items()}
        assert (ours, sorted(view.extra)) == (theirs, told.get("extra", [])), text


def test_role_is_asked(project: Project, key: str) -> None:
    """With --role the secrets are read as that role; moto lets anybody take any."""
    project.full(key)
    role = "arn:aws:iam::123456789012:role/mwaa"
    done = project.secrets("check", "--role", role)
    assert done.code == 0, done.seen
    done = project.secrets("check", "--role", "nonsense")
    assert (done.code, "--role nonsense" in done.err) == (1, True), done.seen


@pytest.mark.parametrize("kind", ["slack", "slackwebhook"])
def test_slack_forms(project: Project, kind: str) -> None:
    """A stored token or URL of the wrong form is found, and not shown."""
    project.edit('channel = "#alerts"', f'channel = "#alerts"\ntype = "{kind}"')
    right, wrong = (TOKEN, WEBHOOK) if kind == "slack" else (WEBHOOK, TOKEN)
    project.store("slack_default", {"conn_type": kind, "password": wrong, "extra": {}})
    (fault,) = faults(project, "slack_default")
    assert ("a webhook URL, not a bot's" if kind == "slack" else "no URL of an incoming webhook") in fault
    project.client.put_secret_value(
        SecretId=project.name("slack_default"), SecretString=json.dumps({"conn_type": kind, "password": right})
    )
    assert faults(project, "slack_default") == []


def test_words(project: Project) -> None:
    """Without a secret at all, nothing of Airflow is started, and the exit code is 1."""
    done: Done = project.secrets("check")
    assert (done.code, done.out.count("there is no such secret"), "read by Airflow" in done.err) == (1, 2, False)

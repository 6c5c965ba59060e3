"""`mwaa secrets push`: what is stored, when there is a new version, and what is refused before anything is sent."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.secrets.conftest import PASSPHRASE, TOKEN, WEBHOOK, Project, pem
from tests.secrets.terminal import at_terminal

ENCRYPTED = ('authentication = "key_pair"', 'authentication = "encrypted_key_pair"')


def test_key_is_stored_as_airflow_reads_it(project: Project, key: str) -> None:
    """The connection has settings.toml's fields, and the key in base64 in extra."""
    done = project.secrets("push", "snowflake_default", "--from", project.file(key))
    assert done.code == 0, done.seen
    assert project.stored("snowflake_default") == {
        "conn_type": "snowflake",
        "login": "MWAA_DBT",
        "schema": "PUBLIC",
        "extra": {
            "account": "org-acc",
            "warehouse": "WH",
            "database": "ANALYTICS",
            "role": "TRANSFORMER",
            "private_key_content": base64.b64encode(key.encode()).decode(),
        },
    }


def test_fingerprint_is_openssl_s(project: Project, key: str) -> None:
    """Fingerprint and public key are those that openssl and Snowflake compute."""
    path = project.file(key)
    done = project.secrets("push", "snowflake_default", "--from", path)
    command = ["openssl", "rsa", "-in", str(path), "-pubout", "-outform", "DER"]
    der = subprocess.run(command, capture_output=True, check=True).stdout
    digest = base64.b64encode(hashlib.sha256(der).digest()).decode()
    assert f"SHA256:{digest}" in done.out
    assert f"ALTER USER MWAA_DBT SET RSA_PUBLIC_KEY='{base64.b64encode(der).decode()}';" in done.out


def test_second_push_writes_nothing(project: Project, key: str) -> None:
    """The same content is no new version, whatever the order of its keys."""
    project.full(key)
    stored = project.stored("snowflake_default")
    reordered = json.dumps(dict(reversed(stored.items())), indent=1)
    project.client.put_secret_value(SecretId=project.name("snowflake_default"), SecretString=reordered)
    versions = project.versions("snowflake_default")
    done = project.secrets("push", "--json")
    assert [row["action"] for row in done.json] == ["unchanged", "unchanged"]
    assert project.versions("snowflake_default") == versions


def test_field_changes_without_the_key(project: Project, key: str) -> None:
    """A new warehouse in settings.toml is pushed without anybody having the key at hand."""
    project.full(key)
    before = project.stored("snowflake_default")
    project.edit('"WH"', '"BIGGER"')
    done = project.secrets("push")
    assert done.code == 0, done.seen
    assert "extra.warehouse: 'WH' → 'BIGGER'" in done.out
    before["extra"]["warehouse"] = "BIGGER"
    assert project.stored("snowflake_default") == before


def test_dry_run_sends_nothing(project: Project, key: str) -> None:
    """A dry run checks what is given, says what is missing, and creates no secret."""
    done = project.secrets("push", "--dry-run", "--json")
    assert [(row["action"], row["needs"]) for row in done.json] == [("create", ["key"]), ("create", ["token"])]
    done = project.secrets("push", "snowflake_default", "--from", "-", "--dry-run", stdin=key)
    assert done.code == 0, done.seen
    assert project.secrets("push", "snowflake_default", "--from", "-", "--dry-run", stdin="junk").code == 1
    names = [item["Name"] for item in project.client.list_secrets()["SecretList"]]
    assert [name for name in names if name.startswith(f"{project.prefix}/")] == []


def test_all_or_nothing(project: Project, key: str) -> None:
    """One missing secret part, and no other secret is touched."""
    project.full(key)
    project.edit('"WH"', '"BIGGER"')
    project.add('[environments.prod.variables]\napi_token = ""')
    done = project.secrets("push")
    assert done.code == 1
    assert "api_token has no value yet" in done.err
    assert "mwaa secrets push --env prod api_token --from FILE" in done.err
    assert project.stored("snowflake_default")["extra"]["warehouse"] == "WH"


def test_encrypted_key(project: Project, private: rsa.RSAPrivateKey) -> None:
    """The passphrase is the password, and the same key again is no new version."""
    project.edit(*ENCRYPTED)
    text = pem(private, PASSPHRASE)
    given = ("--from", project.file(text), "--passphrase-from", project.file(f"{PASSPHRASE}\n"))
    assert project.secrets("push", "snowflake_default", *given).code == 0
    stored = project.stored("snowflake_default")
    assert (stored["password"], base64.b64decode(stored["extra"]["private_key_content"]).decode()) == (PASSPHRASE, text)
    assert (
        project.secrets("push", "snowflake_default", *given, "--json").row("snowflake_default")["action"] == "unchanged"
    )


def test_encrypted_pkcs1_is_converted_once(project: Project, private: rsa.RSAPrivateKey) -> None:
    """Encrypting again gives another text each time; the same key is still no new version."""
    project.edit(*ENCRYPTED)
    path = project.file(pem(private, PASSPHRASE, traditional=True))
    given = ("--from", path, "--passphrase-from", project.file(PASSPHRASE))
    done = project.secrets("push", "snowflake_default", *given)
    assert done.code == 0, done.seen
    assert "converted to PKCS#8" in done.out
    content = base64.b64decode(project.stored("snowflake_default")["extra"]["private_key_content"])
    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert serialization.load_pem_private_key(content, PASSPHRASE.encode())
    assert (
        project.secrets("push", "snowflake_default", *given, "--json").row("snowflake_default")["action"] == "unchanged"
    )


def test_windows_file_and_pkcs1(project: Project, private: rsa.RSAPrivateKey, key: str) -> None:
    """Line ends, a byte-order mark and PKCS#1 are all made right."""
    old = pem(private, traditional=True)
    for data in (
        key.replace("\n", "\r\n").encode("utf-8-sig"),
        key.encode("utf-16"),
        old.encode(),
        f"x\n{key}y".encode(),
    ):
        done = project.secrets("push", "snowflake_default", "--from", "-", stdin=data)
        assert done.code == 0, done.seen
        content = base64.b64decode(project.stored("snowflake_default")["extra"]["private_key_content"]).decode()
        assert content == key


def test_webhook(project: Project) -> None:
    """A webhook's whole URL is the password, as the provider's hook takes it."""
    project.edit('channel = "#alerts"', 'channel = "#alerts"\ntype = "slackwebhook"')
    done = project.secrets("push", "slack_default", "--from", "-", stdin=f"{WEBHOOK}\n")
    assert done.code == 0, done.seen
    assert project.stored("slack_default") == {"conn_type": "slackwebhook", "password": WEBHOOK, "extra": {}}


def test_further_connections_and_variables(project: Project, key: str) -> None:
    """Further connections have their fields, and variables are texts; those without secrets need nobody."""
    project.full(key)
    project.add(
        '[environments.prod.connections.crm]\ntype = "http"\nhost = "https://crm"\nport = 8443\nextra = {a = 1}\n'
        'secret = false\n[environments.prod.variables]\ncountry = "ch"\napi_token = ""'
    )
    assert project.secrets("push", "api_token", "--from", "-", stdin="s3cret value\n").code == 0
    done = project.secrets("push")
    assert done.code == 0, done.seen
    assert project.stored("crm") == {"conn_type": "http", "host": "https://crm", "port": 8443, "extra": {"a": 1}}
    assert (project.text("variables/country"), project.text("variables/api_token")) == ("ch", "s3cret value")


def test_workload_identity_has_no_secret(project: Project) -> None:
    """A connection without a secret is pushed by itself, and --from is refused."""
    project.edit('authentication = "key_pair"', 'authentication = "workload_identity"')
    assert project.secrets("push", "snowflake_default").code == 0
    stored = project.stored("snowflake_default")
    assert stored.keys() == {"conn_type", "login", "schema", "extra"}
    assert stored["extra"]["authenticator"] == "WORKLOAD_IDENTITY"
    done = project.secrets("push", "snowflake_default", "--from", "-", stdin="x")
    assert (done.code, "has no secret part" in done.err) == (1, True)


URI = "snowflake://OLD:%22se+cret@/PUBLIC?account=org-acc&private_key_content={}"


def test_old_uri_needs_a_word(project: Project, key: str) -> None:
    """A secret in URI form is rewritten only if somebody agrees, and keeps its secret part."""
    text = URI.format(
        base64.urlsafe_b64encode(key.encode()).decode().replace("=", "%3D").replace("-", "%2B").replace("_", "%2F")
    )
    project.store("snowflake_default", text)
    done = project.secrets("push", "snowflake_default")
    assert (done.code, "--rewrite" in done.err) == (1, True)
    assert project.text("snowflake_default") == text
    done = project.secrets("push", "snowflake_default", "--rewrite")
    assert done.code == 0, done.seen
    assert "it was a URI" in done.out
    stored = project.stored("snowflake_default")
    assert base64.b64decode(stored["extra"]["private_key_content"]).decode() == key
    assert (stored["login"], stored["extra"]["role"], "password" in stored) == ("MWAA_DBT", "TRANSFORMER", False)


def test_old_webhook_keeps_its_url(project: Project) -> None:
    """An older webhook connection has the address in host; it becomes the whole URL."""
    project.edit('channel = "#alerts"', 'channel = "#alerts"\ntype = "slackwebhook"')
    _, _, tail = WEBHOOK.partition("/services/")
    project.store(
        "slack_default", {"conn_type": "slackwebhook", "host": "https://hooks.slack.com/services", "password": tail}
    )
    assert project.secrets("push", "slack_default").code == 0
    assert project.stored("slack_default")["password"] == WEBHOOK


def test_deleted_secret(project: Project, key: str) -> None:
    """A secret that is scheduled for deletion is not written; the error has the command that restores it."""
    project.full(key)
    project.client.delete_secret(SecretId=project.name("slack_default"), RecoveryWindowInDays=7)
    done = project.secrets("push")
    assert done.code == 1
    assert (
        f"aws secretsmanager restore-secret --secret-id {project.name('slack_default')} --region eu-central-1"
        in done.err
    )


def kms_key(project: Project) -> str:
    """Return the key that encrypts the Slack secret."""
    return str(project.client.describe_secret(SecretId=project.name("slack_default"))["KmsKeyId"])


def test_kms_key(project: Project, key: str) -> None:
    """A key is used when a secret is created, changed when settings.toml changes it, and else left alone."""
    first, second = (f"arn:aws:kms:eu-central-1:123456789012:key/{digit * 8}" for digit in "12")
    project.edit(f'prefix = "{project.prefix}"', f'prefix = "{project.prefix}"\nkms_key = "{first}"')
    project.full(key)
    assert kms_key(project) == first
    project.edit(first, second)
    assert "KMS key → " in project.secrets("push").out
    assert kms_key(project) == second
    assert [row["action"] for row in project.secrets("push", "--json").json] == ["unchanged", "unchanged"]
    project.edit(second, "2" * 8)
    assert [row["action"] for row in project.secrets("push", "--json").json] == ["unchanged", "unchanged"]


def test_shared_secret(project: Project, key: str) -> None:
    """Two environments may share a secret only if they want the same of it; nothing is sent if not."""
    text = (project.root / "settings.toml").read_text()
    project.add(text[text.index("[environments.prod]") :].replace("environments.prod", "environments.test"))
    project.full(key)
    head, tail = (project.root / "settings.toml").read_text().split("[environments.test]")
    (project.root / "settings.toml").write_text(f"{head}[environments.test]{tail.replace('"WH"', '"OTHER"')}")
    done = project.secrets("push")
    assert done.code == 1
    assert (
        f"'prod' and 'test' share the secret {project.name('snowflake_default')}, but 'warehouse' differs" in done.err
    )
    assert '[environments.prod.secrets] prefix = "…"' in done.err


def test_missing_file_and_folder(project: Project, tmp_path: Path) -> None:
    """A missing file and a folder are named; nothing is created."""
    for path, told in ((tmp_path / "none.p8", "There is no file '"), (tmp_path, "is a folder")):
        done = project.secrets("push", "snowflake_default", "--from", path)
        assert (done.code, told in done.err, str(path) in done.err) == (1, True, True), done.seen


@pytest.mark.parametrize("secret", [TOKEN, WEBHOOK, "hunter2/hunter2hunter2", "x\0y" * 9, "k" * 5000])
def test_secret_in_place_of_its_file(project: Project, secret: str) -> None:
    """Whoever gives the secret itself as an argument does not see it again in an error."""
    project.given.append(secret)
    if "\0" in secret:
        code, seen = at_terminal(project, [("(hidden): ", f"{secret}\n".encode())], "push", "snowflake_default")
    else:
        done = project.secrets("push", "snowflake_default", "--from", secret)
        code, seen = done.code, done.seen
    assert (code, "error:" in seen) == (1, True), seen
    assert secret[:12] not in seen


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "-"), "exactly one NAME"),
        (("a", "b", "--from", "-"), "exactly one NAME"),
        (("a", "--from", "-", "--passphrase-from", "-"), "standard input"),
    ],
)
def test_wrong_usage(project: Project, arguments: tuple[str, ...], told: str) -> None:
    """What makes no sense is wrong usage."""
    done = project.secrets("push", *arguments)
    assert (done.code, told in done.err) == (2, True), done.seen


def test_unknown_name(project: Project) -> None:
    """A typo is met with the name that was meant."""
    done = project.secrets("push", "snowflake_defalt", "--from", "-", stdin=TOKEN)
    assert (done.code, "Did you mean 'snowflake_default'?" in done.err) == (1, True)

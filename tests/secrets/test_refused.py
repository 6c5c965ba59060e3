"""Bad secrets: each is refused before anything is sent, by its own name and without being shown."""

from __future__ import annotations

import datetime
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.secrets.conftest import PASSPHRASE, TOKEN, WEBHOOK, Project, pem
from tests.secrets.terminal import at_terminal

ENCRYPTED = ('authentication = "key_pair"', 'authentication = "encrypted_key_pair"')
BITS = 1024
FORMS = serialization.PublicFormat


def public(private: rsa.RSAPrivateKey) -> str:
    """Return the public half of a key."""
    return private.public_key().public_bytes(serialization.Encoding.PEM, FORMS.SubjectPublicKeyInfo).decode()


def certificate(private: rsa.RSAPrivateKey) -> str:
    """Return a certificate of a key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
    now = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + datetime.timedelta(days=1))
    return made.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def openssh(private: rsa.RSAPrivateKey) -> str:
    """Return a key in OpenSSH's form."""
    form, none = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, form, none).decode()


def refused(project: Project, stdin: str | bytes, told: str, *arguments: object) -> None:
    """Push a key that must be refused with these words, before it gets anywhere."""
    done = project.secrets("push", "snowflake_default", "--from", "-", *arguments, stdin=stdin)
    assert (done.code, told in done.err) == (1, True), done.seen
    assert "fix:" in done.err
    names = [item["Name"] for item in project.client.list_secrets()["SecretList"]]
    assert project.name("snowflake_default") not in names


def test_what_is_no_private_key(project: Project, private: rsa.RSAPrivateKey, key: str) -> None:
    """Each thing that people take for the private key is called by its name."""
    lines = key.splitlines()
    for text, told in (
        ("", "private key (PEM) is empty"),
        (" \n", "private key (PEM) is empty"),
        ("hello, I am no key", "no private key in PEM"),
        (os.urandom(400), "no private key in PEM"),
        (public(private), "a public key, not the private one"),
        (certificate(private), "a certificate, not a private key"),
        (openssh(private), "ssh-keygen -p -m PKCS8"),
        ("\n".join(lines[:-1]), "cut off or damaged"),
        (" ".join(lines), "cut off or damaged"),
        ("\n".join([lines[0], *lines[3:]]), "The key is damaged"),
        (key + key, "There are 2 private keys"),
        (pem(rsa.generate_private_key(65537, BITS)), "has 1024 bits; Snowflake wants 2048"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "no RSA key"),
    ):
        refused(project, text, told)


def test_encryption_must_fit_settings(project: Project, private: rsa.RSAPrivateKey, key: str) -> None:
    """A key with a passphrase and one without are not taken for each other, and a passphrase has to fit."""
    locked = pem(private, PASSPHRASE)
    for text in (locked, pem(private, PASSPHRASE, traditional=True)):
        refused(project, text, 'write authentication = "encrypted_key_pair"')
    right, wrong = project.file(PASSPHRASE), project.file("not the passphrase")
    refused(project, key, "no key with a passphrase", "--passphrase-from", right)
    project.edit(*ENCRYPTED)
    refused(project, key, 'write authentication = "key_pair"', "--passphrase-from", right)
    refused(project, locked, "--passphrase-from FILE")
    refused(project, locked, "The passphrase does not fit the key", "--passphrase-from", wrong)
    refused(project, locked, "passphrase of the key is empty", "--passphrase-from", project.file("\n"))
    blank = pem(private, " correct horse ")
    refused(project, blank, "begins or ends with a blank", "--passphrase-from", project.file(" correct horse "))


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("xoxp-1234567890-abcdefghijk", "a user's token, not a bot's"),
        ("xapp-1-A0123-123456-abcdef", "an app-level token, not a bot's"),
        (WEBHOOK, 'type = "slackwebhook"'),
        ("hunter2hunter2", "no token of Slack's"),
    ],
)
def test_slack_token(project: Project, secret: str, told: str) -> None:
    """Slack has many tokens, and one of them can post as the bot."""
    done = project.secrets("push", "slack_default", "--from", "-", stdin=secret)
    assert (done.code, told in done.err) == (1, True), done.seen


def test_slack_webhook(project: Project) -> None:
    """A webhook is a whole URL of Slack's, in the commercial cloud or the government's."""
    project.edit('channel = "#alerts"', 'channel = "#alerts"\ntype = "slackwebhook"')
    for secret in (
        "https://evil.example/services/T0/B0/abcdef",
        "T0/B0/abcdefghijkl",
        "https://hooks.slack.com/services/T0",
    ):
        done = project.secrets("push", "slack_default", "--from", "-", stdin=secret)
        assert (done.code, "no URL of an incoming webhook" in done.err) == (1, True), done.seen
    done = project.secrets("push", "slack_default", "--from", "-", stdin=TOKEN)
    assert 'write type = "slack" in [environments.prod.slack]' in done.err
    government = WEBHOOK.replace("slack.com", "slack-gov.com")
    assert project.secrets("push", "slack_default", "--from", "-", stdin=government).code == 0


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('[environments.prod.connections.slack_default]\ntype = "http"', "is declared twice"),
        ('[environments.prod.connections.aws_default]\ntype = "aws"', "not yours to set"),
        ('[environments.prod.variables]\ncosmos_xcom_backup__x = "1"', "not yours to set"),
        ('[environments.prod.connections."a b"]\ntype = "http"', "no id that both"),
        ('[environments.prod.connections.crm]\ntype = "http"\nextra = {since = 2026-01-01}', "no form in JSON"),
    ],
)
def test_settings_that_cannot_be(project: Project, lines: str, told: str) -> None:
    """What settings.toml must not declare is refused with its place there."""
    project.add(lines)
    done = project.secrets("diff")
    assert (done.code, told in done.err, "settings.toml, environments.prod." in done.err) == (1, True, True), done.seen


def test_value_has_a_limit(project: Project) -> None:
    """What is larger than Secrets Manager takes is told as such."""
    project.add('[environments.prod.variables]\nbig = ""')
    done = project.secrets("push", "big", "--from", "-", stdin="x" * 65537)
    assert (done.code, "65537 bytes; Secrets Manager takes 65536" in done.err) == (1, True), done.seen


def test_terminal_is_asked_hidden(project: Project, key: str) -> None:
    """At a terminal the missing parts are asked for, and nothing of them is seen, even if a key is pasted."""
    project.given += [key, TOKEN]
    typed = [("paste it (hidden): ", key.encode()), ("Slack bot token (hidden): ", f"{TOKEN}\n".encode())]
    code, seen = at_terminal(project, typed, "push")
    assert code == 0, seen
    assert project.stored("slack_default")["password"] == TOKEN
    assert project.secrets("diff").code == 0


def test_terminal_takes_a_path(project: Project, key: str) -> None:
    """For a key, the path of its file is enough."""
    path = project.file(key)
    code, seen = at_terminal(project, [("paste it (hidden): ", f"{path}\n".encode())], "push", "snowflake_default")
    assert code == 0, seen
    assert "created" in seen


def test_ctrl_c_leaves_nothing(project: Project, key: str) -> None:
    """Given up at the second question, the first answer has gone nowhere."""
    project.given.append(key)
    typed = [("paste it (hidden): ", key.encode()), ("Slack bot token (hidden): ", b"\x03")]
    code, seen = at_terminal(project, typed, "push")
    assert code != 0, seen
    assert project.secrets("diff", "--json").row("snowflake_default")["state"] == "missing"


def test_terminal_agrees_to_rewrite(project: Project) -> None:
    """An old URI is rewritten after a yes, and not after a no."""
    project.store("slack_default", f"slack://:{TOKEN}@")
    for answer, form in ((b"n\n", "slack://"), (b"y\n", "{")):
        at_terminal(project, [("[y/N]", answer)], "push", "slack_default")
        assert project.text("slack_default").startswith(form)
    assert project.stored("slack_default")["password"] == TOKEN

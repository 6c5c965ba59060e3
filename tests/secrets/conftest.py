"""A small project, the real command in it, and a real Secrets Manager over HTTP."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mwaa_dbt.settings import load
from scripts.paths import Paths
from scripts.venvs import airflow_venv
from tests import command, serving
from tests.shop import settings

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
NUMBERS = itertools.count()
TOKEN = "xoxb-1234567890-abcdefghijklmnop"
WEBHOOK = "https://hooks.slack.com/services/T01234567/B01234567/abcdefABCDEF0123456789xy"
PASSPHRASE = "correct horse battery staple"


class Done(command.Done):
    """A finished `mwaa secrets …`."""

    def row(self, name: str) -> dict[str, Any]:
        """Return one secret's row of --json."""
        rows = self.json["secrets"] if isinstance(self.json, dict) else self.json
        (found,) = [row for row in rows if row["id"] == name]
        return dict(found)


@dataclass
class Project:
    """A project with one environment, `prod`, whose secrets have a prefix of their own."""

    root: Path
    prefix: str
    endpoint: str
    keys: dict[str, str] = field(default_factory=lambda: {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"})
    given: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Return what the command has of its caller's environment."""
        plain = {"PATH": os.defpath, "HOME": str(self.root), "COLUMNS": "200", "AWS_ENDPOINT_URL": self.endpoint}
        return plain | self.keys | {"AWS_MAX_ATTEMPTS": "2"}

    def secrets(self, *arguments: object, stdin: str | bytes = "") -> Done:
        """Run `mwaa secrets …`, with --env prod, as a pipeline does: without a terminal."""
        words = ["secrets", str(arguments[0]), "--env", "prod", *map(str, arguments[1:])]
        data = stdin.encode() if isinstance(stdin, str) else stdin
        self.given.append(data.decode(errors="ignore"))
        done = command.mwaa(words, self.root, self.environment, data)
        found = Done(done.code, done.out, done.err)
        self.printed.append(found.seen)
        return found

    def assert_silent(self) -> None:
        """Check that nothing secret was printed, or written anywhere in the project."""
        lines = {line.strip() for text in [*self.given, TOKEN, WEBHOOK, PASSPHRASE] for line in text.splitlines()}
        secret = [line for line in lines if len(line) >= 12 and not line.startswith("-----")]
        written = [path.read_bytes() for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()]
        # A public key shares its modulus with the private one.
        printed = [re.sub(r"RSA_PUBLIC_KEY='[^']*'", "", text) for text in self.printed]
        for line in secret:
            short = line[:60]
            assert not any(short in text for text in printed)
            assert not any(short.encode() in data for data in written)

    @property
    def client(self) -> Any:
        """Return a client of its Secrets Manager, with all rights."""
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        return boto3.client("secretsmanager", region_name=REGION, endpoint_url=self.endpoint, **keys)

    def name(self, secret: str) -> str:
        """Return a secret's full name."""
        return f"{self.prefix}/{secret if '/' in secret else f'connections/{secret}'}"

    def text(self, secret: str) -> str:
        """Return what is stored."""
        return str(self.client.get_secret_value(SecretId=self.name(secret))["SecretString"])

    def stored(self, secret: str) -> dict[str, Any]:
        """Return the connection that is stored."""
        return dict(json.loads(self.text(secret)))

    def store(self, secret: str, text: str | dict[str, Any]) -> None:
        """Store a text as somebody else would have."""
        value = text if isinstance(text, str) else json.dumps(text)
        self.given += [text] if isinstance(text, str) else [str(text.get("password", ""))]
        self.client.create_secret(Name=self.name(secret), SecretString=value)

    def versions(self, secret: str) -> int:
        """Return how many versions a secret has."""
        answer = self.client.list_secret_version_ids(SecretId=self.name(secret), IncludeDeprecated=True)
        return len(answer["Versions"])

    def edit(self, old: str, new: str) -> None:
        """Replace a text in settings.toml, once."""
        file = self.root / "settings.toml"
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} is not there once"
        file.write_text(text.replace(old, new))

    def add(self, text: str) -> None:
        """Add lines to settings.toml."""
        with (self.root / "settings.toml").open("a") as file:
            file.write(f"\n{text}\n")

    def file(self, content: str | bytes, name: str = "secret") -> Path:
        """Write a file outside of the project."""
        path = self.root.parent / f"{name}-{next(NUMBERS)}"
        self.given.append(content if isinstance(content, str) else content.decode(errors="ignore"))
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def full(self, key: str) -> None:
        """Push both connections as they should be."""
        for name, secret in (("snowflake_default", key), ("slack_default", TOKEN)):
            done = self.secrets("push", name, "--from", "-", stdin=secret)
            assert done.code == 0, done.seen


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Give AWS as moto serves it."""
    with serving.moto() as url:
        yield url


def make_project(root: Path, endpoint: str) -> Project:
    """Make a project of its own."""
    prefix = f"shop{next(NUMBERS)}"
    root.mkdir()
    shutil.copytree(ROOT / "dags", root / "dags", ignore=shutil.ignore_patterns("__pycache__", "settings.json"))
    shutil.copytree(ROOT / "locks", root / "locks")
    (root / "dbt").mkdir()
    shutil.copy(ROOT / "dbt" / "requirements.txt", root / "dbt")
    (root / "settings.toml").write_text(settings("shop", "secrets", prefix=prefix))
    (root / ".mwaa").mkdir()
    version = load(root / "settings.toml").project.airflow_version
    (root / ".mwaa" / f"airflow-{version}").symlink_to(airflow_venv(Paths(ROOT), version).folder)
    return Project(root, prefix, endpoint)


@pytest.fixture
def project(tmp_path: Path, moto: str) -> Iterator[Project]:
    """Return a new project with nothing stored; afterwards nothing secret may be seen or found anywhere."""
    made = make_project(tmp_path / "project", moto)
    yield made
    made.assert_silent()


def pem(private: Any, passphrase: str | None = None, traditional: bool = False) -> str:
    """Return a private key's text."""
    forms = serialization.PrivateFormat
    kind: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        kind = serialization.BestAvailableEncryption(passphrase.encode())
    form = forms.TraditionalOpenSSL if traditional else forms.PKCS8
    return str(private.private_bytes(serialization.Encoding.PEM, form, kind).decode())


@pytest.fixture(scope="session")
def private() -> rsa.RSAPrivateKey:
    """Return a new RSA key."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def key(private: rsa.RSAPrivateKey) -> str:
    """Return a private key as Snowflake's documentation makes it."""
    return pem(private)

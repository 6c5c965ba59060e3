"""A private key for Snowflake: looked at before it is sent, and brought into the form that everybody reads."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mwaa_dbt.errors import ProjectError

SMALLEST = 2048  # bits, Snowflake's own limit
BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n.*?-----END \1-----", re.DOTALL)
MAKE = "openssl genrsa 2048 | openssl pkcs8 -topk8 {} -out rsa_key.p8"
PLAIN, ENCRYPTED = MAKE.format("-nocrypt"), MAKE.format("-v2 aes-256-cbc")


@dataclass(frozen=True)
class Key:
    """A sound key: PKCS#8 in PEM, its public half as Snowflake takes it, and what had to be changed."""

    pem: str
    passphrase: str | None
    public: str
    fingerprint: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """A key as it was found: its text, its passphrase, and where it is from; settings.toml says if it is encrypted."""

    text: str
    passphrase: str | None
    encrypted: bool
    where: str


def decode(data: bytes) -> str:
    """Return a file's text with Unix line ends, without the byte-order mark that Windows puts first."""
    name = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(name).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        # It is no text at all, so there is nothing to find in it.
        return "\ufffd"


def read_key(given: Given) -> Key:
    """Return a private key that Snowflake, Airflow's provider and dbt will take.

    Raises:
        ProjectError: if it is none; the message says nothing of its content.
    """
    label, block = _block(given)
    _check_encryption(given, label, block)
    private = _load(given, block)
    if not isinstance(private, RSAPrivateKey):
        raise _error(given, "The key is no RSA key; dbt reads no other.", f"make one: `{_make(given)}`")
    if private.key_size < SMALLEST:
        raise _error(
            given, f"The key has {private.key_size} bits; Snowflake wants {SMALLEST}.", f"make one: `{_make(given)}`"
        )
    notes, pem = _pkcs8(given, label, block, private)
    der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = base64.b64encode(hashlib.sha256(der).digest()).decode()
    return Key(pem, given.passphrase, base64.b64encode(der).decode(), f"SHA256:{digest}", notes)


def same(one: Given, other: Given) -> bool:
    """Say whether two texts hold the same key behind the same passphrase; encrypting twice gives two texts."""
    try:
        return one.passphrase == other.passphrase and read_key(one).public == read_key(other).public
    except ProjectError:
        return False


def _block(given: Given) -> tuple[str, str]:
    text = given.text
    if not text.strip():
        raise _error(given, "The key is empty.", "give the file that holds the private key")
    blocks = [(match[1], match[0]) for match in BLOCK.finditer(text)]
    private = [(label, block) for label, block in blocks if label.endswith("PRIVATE KEY")]
    if len(private) > 1:
        raise _error(given, f"There are {len(private)} private keys.", "leave one")
    if not private:
        raise _no_key(given, [label for label, _ in blocks])
    if private[0][0] == "OPENSSH PRIVATE KEY":
        raise _error(
            given,
            "The key is in OpenSSH's own form, which Snowflake does not read.",
            f"convert a copy of it with `ssh-keygen -p -m PKCS8 -f COPY`, or make a new one: `{_make(given)}`",
        )
    return private[0]


def _no_key(given: Given, labels: list[str]) -> ProjectError:
    give = "give the private key, usually rsa_key.p8"
    if any("PUBLIC KEY" in label for label in labels):
        return _error(given, "This is a public key, not the private one.", give)
    if any("CERTIFICATE" in label for label in labels):
        return _error(given, "This is a certificate, not a private key.", give)
    if "-----BEGIN" in given.text:
        return _error(given, "The key is cut off or damaged: its END line or a line break is missing.", give)
    return _error(given, "There is no private key in PEM (-----BEGIN PRIVATE KEY-----).", give)


def _check_encryption(given: Given, label: str, block: str) -> None:
    encrypted = label.startswith("ENCRYPTED") or "Proc-Type: 4,ENCRYPTED" in block
    if encrypted and not given.encrypted:
        raise _error(
            given,
            'The key has a passphrase, but settings.toml says authentication = "key_pair".',
            'write authentication = "encrypted_key_pair", or give a key without one',
        )
    if given.encrypted and not encrypted:
        raise _error(
            given,
            'The key has no passphrase, but settings.toml says authentication = "encrypted_key_pair".',
            'write authentication = "key_pair", or encrypt it: '
            "`openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out rsa_key.p8`",
        )
    if encrypted and not given.passphrase:
        raise _error(given, "The key has a passphrase, and none is given.", "add --passphrase-from FILE")
    if given.passphrase and given.passphrase != given.passphrase.strip():
        raise _error(
            given, "The passphrase begins or ends with a blank, which Airflow cuts off.", "give the key another one"
        )


def _load(given: Given, block: str) -> object:
    password = given.passphrase.encode() if given.encrypted and given.passphrase else None
    try:
        return serialization.load_pem_private_key(block.encode(), password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    if given.encrypted:
        raise _error(given, "The passphrase does not fit the key, or the key is damaged.", "give the right passphrase")
    raise _error(given, "The key is damaged: it is no key inside.", "copy the file again, every line of it")


def _pkcs8(given: Given, label: str, block: str, private: RSAPrivateKey) -> tuple[tuple[str, ...], str]:
    if label in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        return (), f"{block}\n"
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if given.passphrase:
        encryption = serialization.BestAvailableEncryption(given.passphrase.encode())
    form = serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(serialization.Encoding.PEM, form, encryption).decode()
    return ("the key was PKCS#1; converted to PKCS#8, as Snowflake wants it",), pem


def _make(given: Given) -> str:
    return ENCRYPTED if given.encrypted else PLAIN


def _error(given: Given, what: str, fix: str) -> ProjectError:
    return ProjectError(what, given.where, fix)

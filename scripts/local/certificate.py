"""The certificate of the rehearsal's web server: its own, for loopback, made anew with each rehearsal."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from scripts.local import state
from scripts.paths import Paths

LIFE = timedelta(days=365)


def file(paths: Paths) -> Path:
    """Return where the certificate is, for clients that shall trust it."""
    return state.folder(paths) / "web-server.pem"


def context(paths: Paths) -> ssl.SSLContext:
    """Return what a server shows the certificate with; it is made if it is not there."""
    certificate, key = file(paths), file(paths).with_suffix(".key")
    if not (certificate.is_file() and key.is_file()):
        _make(certificate, key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def _make(certificate: Path, key: Path) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key.touch(mode=0o600)
    key.write_bytes(own.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    certificate.write_bytes(_signed(own).public_bytes(pem))


def _signed(own: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rehearsal of Amazon MWAA")])
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
    now, public = datetime.now(UTC), own.public_key()
    made = x509.CertificateBuilder(name, name, public, x509.random_serial_number(), now - LIFE, now + LIFE)
    # It vouches for itself, so it must be fit for both.
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(names), False),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False),
    ):
        made = made.add_extension(extension, critical)
    return made.sign(own, hashes.SHA256())


def _usage() -> x509.KeyUsage:
    allowed = {"digital_signature", "key_cert_sign"}
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in allowed for name in names})

"""The rehearsal's web server by https, as code from MWAA's user guide asks it, and by http on the same port."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from scripts.local import certificate
from tests.local.conftest import NAME, Stand


def trusted(stand: Stand) -> str:
    """Return the certificate that a client is to trust."""
    return str(certificate.file(stand.paths))


def test_code_of_the_guide_works(shared: Stand) -> None:
    """Token, command line, login and REST API by https, with the certificate's check on."""
    made = shared.client.create_cli_token(Name=NAME)
    answer = requests.post(
        f"https://{made['WebServerHostname']}/aws_mwaa/cli",
        headers={"Authorization": f"Bearer {made['CliToken']}", "Content-Type": "text/plain"},
        data="dags list",
        verify=trusted(shared),
        timeout=10,
    )
    assert (answer.status_code, b'"dags", "list"' in base64.b64decode(answer.json()["stdout"])) == (200, True)
    made = shared.client.create_web_login_token(Name=NAME)
    with requests.Session() as session:
        session.trust_env, session.verify = False, trusted(shared)
        host = f"https://{made['WebServerHostname']}"
        token = session.post(f"{host}/pluginsv2/aws_mwaa/login", data={"token": made["WebToken"]}).cookies["_token"]
        for _ in range(3):
            found = session.get(f"{host}/api/v2/large", headers={"Authorization": f"Bearer {token}"}).json()
            assert (found["path"], len(found["filling"])) == ("/api/v2/large", 7_000_000)
        body = "x" * 1_000_000
        assert session.post(f"{host}/api/v2/dags", data=body).json()["body"] == body


def test_certificate_is_sound(shared: Stand) -> None:
    """It holds for loopback's names, by the strictest rules that Python has, and for curl; nobody trusts it unasked."""
    host, port = shared.environment["WebserverUrl"].split(":")
    strict = ssl.create_default_context(cafile=trusted(shared))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "localhost"):
        with socket.create_connection((host, int(port))) as plain, strict.wrap_socket(plain, server_hostname=name):
            pass
    url = f"https://{host}:{port}/api/v2/dags"
    done = subprocess.run(["curl", "-sS", "--cacert", trusted(shared), url], capture_output=True, text=True, check=True)
    assert "/api/v2/dags" in done.stdout
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=10)
    assert oct((certificate.file(shared.paths).with_suffix(".key")).stat().st_mode)[-3:] == "600"


def test_nonsense_harms_nobody(shared: Stand) -> None:
    """Broken handshakes, half ones and hang-ups end their own connection only."""
    host, port = shared.environment["WebserverUrl"].split(":")
    for bytes_ in (b"\x16", b"\x16\x03\x01\x00\x05hello", b"\x16" * 1000, b"\x00", b"GET", b""):
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(bytes_)
    urls = [f"{scheme}://{host}:{port}/api/v2/dags" for scheme in ("http", "https")] * 20
    with ThreadPoolExecutor(20) as pool:
        codes = pool.map(lambda url: requests.get(url, verify=trusted(shared), timeout=20).status_code, urls)
        assert set(codes) == {200}

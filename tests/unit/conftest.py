"""A real S3 to talk to, and files on a real disk."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from scripts.aws import Aws, Bucket

Write = Callable[..., Path]
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """Give AWS's S3 as moto serves it over HTTP on a free loopback port."""
    # One line per request would hide what a failed test says.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Aws("eu-central-1", f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def bucket(aws: Aws) -> Bucket:
    """Return a new, empty bucket."""
    name = f"bucket-{next(NUMBERS)}"
    aws.make_bucket(name)
    return aws.bucket(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes files, given as path and text, to a folder below tmp_path and returns it."""

    def files(folder: str, texts: dict[str, str]) -> Path:
        for name, text in texts.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / folder

    return files

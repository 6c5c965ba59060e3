"""A real S3 to talk to, and files on a real disk."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.aws import Aws, Bucket
from tests import serving

Write = Callable[..., Path]
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """Give AWS's S3 as moto serves it over HTTP on a free loopback port."""
    with serving.moto() as url:
        yield Aws("eu-central-1", url)


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

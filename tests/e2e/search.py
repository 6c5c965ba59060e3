"""All that a rehearsal leaves, to be searched for what must not be there."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator

from scripts.aws import Bucket
from tests.e2e.conftest import Project


def everything(project: Project, bucket: Bucket) -> Iterator[tuple[str, bytes]]:
    """Yield what lies on the disk and in the bucket, archives opened."""
    for path in (*project.paths.state.rglob("*"), *project.paths.root.glob("build/**/*")):
        if path.is_file() and not path.is_symlink() and "venv" not in path.parts[-3:]:
            yield from _opened(str(path), path.read_bytes())
    for key in bucket.objects():
        yield from _opened(f"s3: {key}", bucket.get(key))


def _opened(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from ((f"{name}: {member}", archive.read(member)) for member in archive.namelist())
    elif name.endswith(".gz") or data[:2] == b"\x1f\x8b":
        yield f"{name}: unpacked", gzip.decompress(data)

"""MWAA's copy of the DAG prefix to a container: object by object, in no order, again and again.

python -m scripts.local.sync <endpoint> <region> <bucket> <folder>
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import suppress
from pathlib import Path

from scripts.aws import Aws, Bucket, MissingError
from scripts.release import POINTER

PREFIX = "dags/"
PAUSE = 1.0  # seconds; MWAA takes about 30


class Sync:
    """One container's DAG folder; remembers the ETag of each object it has copied."""

    def __init__(self, bucket: Bucket, folder: Path) -> None:
        self.bucket, self.folder = bucket, folder
        self.copied: dict[str, str] = {}

    def once(self) -> int:
        """Copy what is new or changed, delete what is gone; return how many objects were touched."""
        there = {key: found.etag for key, found in self.bucket.objects(PREFIX).items()}
        changed = [key for key, etag in there.items() if self.copied.get(key) != etag]
        random.shuffle(changed)
        for key in changed:
            # An object may go between the list and the copy; the next round then sees it gone.
            with suppress(MissingError):
                self._copy(key)
                self.copied[key] = there[key]
        gone = [key for key in self.copied if key not in there]
        for key in gone:
            self._path(key).unlink(missing_ok=True)
            del self.copied[key]
        if POINTER in changed:
            self._touch()
        return len(changed) + len(gone)

    def _touch(self) -> None:
        """Let the DAG processor parse all files now: another release is behind the same stubs.

        On MWAA it comes to them within its own interval.
        """
        for path in self.folder.glob("*.py"):
            path.touch()

    def _path(self, key: str) -> Path:
        return self.folder / key.removeprefix(PREFIX)

    def _copy(self, key: str) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(self.bucket.get(key))
        temporary.rename(path)


def main(endpoint: str, region: str, bucket: str, folder: Path) -> None:
    """Sync until killed."""
    sync = Sync(Aws(region, endpoint).bucket(bucket), folder)
    while True:
        sync.once()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))

"""UpdateEnvironment: what MWAA refuses at once, and what it then does in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket
from scripts.aws.environment import VERSIONS
from scripts.local import record, wishes
from scripts.local.container import UnstableError
from scripts.local.record import Record
from scripts.local.refusal import invalid
from scripts.paths import Paths

UPDATABLE = ("AVAILABLE", "UPDATE_FAILED")
# The one code that environments in public reports have.
BROKEN = "INCORRECT_CONFIGURATION"

# Starts a container for an environment in the place of the one before, gracefully or not. If it raises
# ProjectError, the one before runs on.
type Replace = Callable[[Record, bool], None]


class Updates:
    """Updates of the one environment, one at a time."""

    def __init__(self, paths: Paths, bucket: Bucket, replace: Replace) -> None:
        self.paths, self.bucket, self._replace = paths, bucket, replace
        self._lock = threading.Lock()

    def begin(self, wish: Mapping[str, Any]) -> None:
        """Begin an update; it ends in the background.

        Args:
            wish: UpdateEnvironment's members.

        Raises:
            RefusedError: if MWAA would refuse it; nothing has changed then.
        """
        with self._lock:
            before = record.read(self.paths) or {}
            changes, strategy = self._checked(before, wish), str(wish.get("WorkerReplacementStrategy", "FORCED"))
            record.change(self.paths, {"Status": "UPDATING", "LastUpdate": record.last_update("PENDING", strategy)})
        # A daemon: whoever ends the front ends the update.
        threading.Thread(target=self._play, args=(before | changes, changes, strategy), daemon=True).start()

    def _checked(self, before: Record, wish: Mapping[str, Any]) -> Record:
        """Return the fields that an update changes, as GetEnvironment will have them."""
        status, changes = before.get("Status"), wishes.merged(before, wish)
        if status not in UPDATABLE:
            raise invalid(f"Environment {before.get('Name')} is {status}: only {' or '.join(UPDATABLE)} can be updated")
        wanted = before | changes
        if broken := list(wishes.broken(before, wanted, wish)):
            raise invalid("; ".join(broken))
        for path, version in VERSIONS.values():
            self._find(wanted[path], wanted[version], version)
        return changes

    def _find(self, path: str, version: str, field: str) -> None:
        try:
            if version and self.bucket.head(path, version):
                return
        except ProjectError as error:
            raise invalid(f"{field}: {error.what}") from None
        raise invalid(f"{field}: there is no version {version!r} of {path!r} in {self.bucket.name}")

    def _play(self, wanted: Record, changes: Record, strategy: str) -> None:
        try:
            self._replace(wanted, strategy == "GRACEFUL")
        except Exception as error:
            logging.getLogger("uvicorn.error").exception("the update failed")
            what = error.what if isinstance(error, ProjectError) else f"{type(error).__name__}: {error}"
            status = "UNAVAILABLE" if isinstance(error, UnstableError) else "UPDATE_FAILED"
            failed = record.ended(self.paths, "FAILED", strategy, (BROKEN, what))
            record.change(self.paths, {"Status": status, "LastUpdate": failed})
        else:
            done = {"Status": "AVAILABLE", "LastUpdate": record.ended(self.paths, "SUCCESS", strategy)}
            record.change(self.paths, changes | done)

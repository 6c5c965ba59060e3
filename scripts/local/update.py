"""UpdateEnvironment: what MWAA refuses at once, and what it then does in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket
from scripts.aws.environment import VERSIONS
from scripts.local import record
from scripts.local.container import UnstableError
from scripts.local.record import Record
from scripts.paths import Paths

STRATEGIES = ("FORCED", "GRACEFUL")
UPDATABLE = ("AVAILABLE", "UPDATE_FAILED")
PLAYED = {
    "WorkerReplacementStrategy",
    "AirflowConfigurationOptions",
    *(field for pair in VERSIONS.values() for field in pair),
}
# The one code that environments in public reports have.
BROKEN = "INCORRECT_CONFIGURATION"

# Starts a container for an environment in the place of the one before, gracefully or not. If it raises
# ProjectError, the one before runs on.
type Replace = Callable[[Record, bool], None]


class RefusedError(Exception):
    """Refuse a request as MWAA's API does.

    Args:
        code: the exception's name in the API.
        message: what is wrong.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Updates:
    """Updates of the one environment, one at a time."""

    def __init__(self, paths: Paths, bucket: Bucket, replace: Replace) -> None:
        self.paths, self.bucket, self._replace = paths, bucket, replace
        self._lock = threading.Lock()

    def begin(self, wish: Mapping[str, Any]) -> None:
        """Begin an update; it ends in the background.

        Args:
            wish: UpdateEnvironment's fields without the name.

        Raises:
            RefusedError: if MWAA would refuse it; nothing has changed then.
        """
        with self._lock:
            before = record.read(self.paths) or {}
            wanted, strategy = self._wanted(before, wish), wish.get("WorkerReplacementStrategy", "FORCED")
            pending = {"Status": "UPDATING", "LastUpdate": record.last_update("PENDING", strategy)}
            record.write(self.paths, before | pending)
        # A daemon: whoever ends the front ends the update.
        threading.Thread(target=self._play, args=(before, wanted, strategy), daemon=True).start()

    def _wanted(self, before: Record, wish: Mapping[str, Any]) -> Record:
        if before.get("Status") not in UPDATABLE:
            raise _invalid(f"Environment in state {before.get('Status')} cannot be updated.")
        if strange := sorted(field for field in wish if field not in PLAYED and wish[field] != before.get(field)):
            raise _invalid(f"Not known, or no change that the rehearsal plays: {', '.join(strange)}")
        if wish.get("WorkerReplacementStrategy", "FORCED") not in STRATEGIES:
            raise _invalid(f"WorkerReplacementStrategy must be one of {', '.join(STRATEGIES)}")
        wanted = before | {field: wish[field] for field in wish if field in before}
        if not _texts(wanted["AirflowConfigurationOptions"]):
            raise _invalid("AirflowConfigurationOptions must be a map of strings")
        for path, version in VERSIONS.values():
            self._check(wanted[path], wanted[version], version)
        return wanted

    def _check(self, path: object, version: object, field: str) -> None:
        try:
            if isinstance(path, str) and isinstance(version, str) and version and self.bucket.head(path, version):
                return
        except ProjectError as error:
            raise _invalid(f"{field}: {error.what}") from None
        raise _invalid(f"{field}: there is no version {version!r} of {path!r} in {self.bucket.name}")

    def _play(self, before: Record, wanted: Record, strategy: str) -> None:
        try:
            self._replace(wanted, strategy == "GRACEFUL")
        except Exception as error:
            logging.getLogger("uvicorn.error").exception("the update failed")
            what = error.what if isinstance(error, ProjectError) else f"{type(error).__name__}: {error}"
            failed = record.last_update("FAILED", strategy, (BROKEN, what))
            status = "UNAVAILABLE" if isinstance(error, UnstableError) else "UPDATE_FAILED"
            record.write(self.paths, before | {"Status": status, "LastUpdate": failed})
        else:
            done = {"Status": "AVAILABLE", "LastUpdate": record.last_update("SUCCESS", strategy)}
            record.write(self.paths, wanted | done)


def _invalid(message: str) -> RefusedError:
    return RefusedError("ValidationException", message)


def _texts(options: object) -> bool:
    return isinstance(options, dict) and all(isinstance(text, str) for text in (*options, *options.values()))

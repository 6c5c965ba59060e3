"""What AWS, or the rehearsal in its place, says of an environment; asked once, for all checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket, Iam, Mwaa
from scripts.aws.logs import Logs
from scripts.deploy.history import Entry, newest
from scripts.deploy.remote import read_pointer, read_record
from scripts.doctor.case import Case
from scripts.release import SHORT
from scripts.target import Target, find_target

type Described = Mapping[str, Any]


@dataclass(frozen=True)
class Live:
    """The release that is live: its record, and the last entry in the log of deploys, if there is one."""

    record: Mapping[str, Any]
    entry: Entry | None

    @property
    def release(self) -> str:
        """Its name."""
        return str(self.record["release"])


@dataclass(frozen=True)
class Cloud:
    """What was answered; an error in the place of what could not be had.

    `region` is the bucket's, `described` GetEnvironment's answer (None: no MWAA environment is named), `live` the live
    release (None: nothing was deployed yet).
    """

    case: Case
    target: Target
    caller: str
    iam: Iam
    logs: Logs
    region: str | ProjectError | None
    described: Described | ProjectError | None
    live: Live | ProjectError | None

    @property
    def bucket(self) -> Bucket:
        """The bucket of the releases."""
        return self.target.bucket

    @property
    def no_environment(self) -> str | None:
        """Why there is no description of an MWAA environment; None if there is one."""
        if self.described is None:
            return f"no MWAA environment is named in [environments.{self.case.name}]"
        return "the environment could not be looked at" if isinstance(self.described, ProjectError) else None

    @property
    def environment(self) -> Described:
        """GetEnvironment's answer, where it is known that there is one."""
        assert isinstance(self.described, Mapping)  # noqa: S101 - `no_environment` was asked before
        return self.described

    @property
    def mwaa(self) -> Mwaa:
        """The MWAA environment, where it is known that one is named."""
        assert self.target.mwaa  # noqa: S101 - `no_environment` was asked before
        return self.target.mwaa


def ask(case: Case) -> Cloud:
    """Return what AWS says.

    Raises:
        ProjectError: if AWS cannot be asked at all: no credentials, expired ones, no network; or no rehearsal runs.
    """
    target = find_target(case.paths, case.name)
    caller, mwaa, bucket = target.aws.caller(), target.mwaa, target.bucket
    with ThreadPoolExecutor() as pool:
        region = pool.submit(_answer, bucket.region)
        described = pool.submit(_answer, mwaa.describe) if mwaa else None
        live = pool.submit(_answer, lambda: _live(bucket))
    found = described.result() if described else None
    return Cloud(case, target, caller, target.aws.iam, target.aws.logs, region.result(), found, live.result())


def _answer[Answer](call: Callable[[], Answer]) -> Answer | ProjectError:
    try:
        return call()
    except ProjectError as error:
        return error


def _live(bucket: Bucket) -> Live | None:
    pointer, _ = read_pointer(bucket)
    try:
        return Live(read_record(bucket, pointer[0][:SHORT]), newest(bucket)) if pointer else None
    except (ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"The live release's record, or the log of deploys, cannot be read: {error!r}.",
            f"s3://{bucket.name}/releases",
            "restore their versions before in the S3 console",
        ) from None

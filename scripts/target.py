"""Where a verb works: an environment of settings.toml, in AWS or in the rehearsal."""

from __future__ import annotations

from dataclasses import dataclass

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, load
from scripts.aws import Aws, Bucket, Mwaa
from scripts.local import state
from scripts.paths import Paths


@dataclass(frozen=True)
class Target:
    """An environment's settings, bucket and, if it names one, MWAA environment."""

    name: str
    settings: Environment
    aws: Aws

    @property
    def bucket(self) -> Bucket:
        """The bucket of its releases."""
        return self.aws.bucket(self.settings.bucket)

    @property
    def mwaa(self) -> Mwaa | None:
        """The MWAA environment; None if only the bucket is known."""
        return self.aws.environment(self.settings.mwaa.name) if self.settings.mwaa else None


def find_target(paths: Paths, name: str) -> Target:
    """Return an environment's target; for the rehearsal's environment, the rehearsal that runs here.

    Raises:
        ProjectError: if there is no such environment, or it is the rehearsal's and none runs.
    """
    settings = load(paths.settings).environment(name)
    rehearsal = state.find(paths)
    if rehearsal and rehearsal.environment == name:
        return Target(name, settings, Aws(settings.region, rehearsal.url("aws"), rehearsal.url("mwaa")))
    if name == state.ENVIRONMENT:
        raise ProjectError(
            f"Environment {name!r} is the rehearsal's, and none is running here.",
            "--env",
            "run `mwaa local up`, or name another environment of settings.toml",
        )
    return Target(name, settings, Aws(settings.region))

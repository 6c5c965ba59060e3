"""The way back after an update that MWAA calls a success and that has left an environment unfit: a failed pip, say."""

from __future__ import annotations

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket, Mwaa
from scripts.console import err
from scripts.deploy.apply import Source, make_live
from scripts.deploy.history import before
from scripts.deploy.lock import Lock
from scripts.deploy.remote import read_record
from scripts.deploy.smoke import UnfitError, smoke
from scripts.deploy.update import bring


def go_back(bucket: Bucket, mwaa: Mwaa, lock: Lock, error: UnfitError) -> ProjectError:
    """Bring bucket and environment back to the release before, prove it, and return what to tell.

    Args:
        bucket: the environment's.
        mwaa: the environment.
        lock: held by the caller.
        error: what is wrong with the environment.
    """
    try:
        release = before(bucket)
    except ProjectError:
        # The first release: there is nothing to go back to.
        return error
    err.print(f"[red]✗[/] the environment does not fit the release; back to release {release}")
    try:
        source = Source(read_record(bucket, release))
        make_live(bucket, source, lock, "rollback")
        bring(mwaa, bucket, source.record)
        smoke(mwaa, release)
    except ProjectError as second:
        return ProjectError(
            f"{error.what}\nNor did the way back to release {release} succeed: {second.what}",
            f"{error.where}; then {second.where}",
            f"{second.fix}; once it is mended, `mwaa rollback {release}`",
        )
    return ProjectError(
        f"{error.what}\nThe environment is back on release {release}, which a task in it has proved.",
        error.where,
        "mend what it names, build and deploy again",
    )

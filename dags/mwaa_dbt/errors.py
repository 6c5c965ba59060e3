"""The one error that users see."""

from __future__ import annotations


class ProjectError(Exception):
    """Report a failure in three parts: what happened, where, and how to fix it.

    The command line catches it once, prints it and exits with 1; in Airflow it appears as the import
    error or the task's error. It never carries a secret.

    Args:
        what: what happened, with the value that was met.
        where: the file, line or setting to look at.
        fix: the one command or edit that mends it.
    """

    def __init__(self, what: str, where: str, fix: str) -> None:
        super().__init__(what, where, fix)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  fix:   {self.fix}"

"""The commands of Airflow's CLI that MWAA takes (MWAA user guide, airflow-cli-command-reference, read in 2026-09)."""

from __future__ import annotations

from collections.abc import Sequence

# The first version that has them → group → commands; an empty text says that the group is itself a command. Those of
# Airflow 2 are added up from version to version, those of 3 begin anew.
ALLOWED: dict[str, dict[str, str]] = {
    "2.0": {
        "cheat-sheet": "",
        "connections": "add delete",
        "dags": "delete list-jobs pause report show state test trigger unpause",
        "providers": "behaviours get hooks links list widgets",
        "roles": "list",
        "tasks": "clear failed-deps list render run state states-for-dag-run test",
        "variables": "delete get list set",
        "version": "",
    },
    "2.2": {"dags": "backfill list list-runs next-execution"},
    "2.4": {"dags": "reserialize", "db": "clean"},
    "2.6": {"dags": "list-import-errors", "providers": "secrets", "roles": "add-perms create del-perms"},
    "2.7": {"providers": "triggerer"},
    "2.8": {"providers": "notifications"},
    "3.0": {
        "assets": "details list materialize",
        "backfill": "create",
        "cheat-sheet": "",
        "connections": "add delete",
        "dags": "delete list list-import-errors list-jobs list-runs next-execution pause report reserialize show state "
        "test trigger unpause",
        "db": "clean",
        "providers": "behaviours get hooks links list notifications secrets triggerer widgets",
        "roles": "add-perms create del-perms list",
        "tasks": "clear failed-deps list render state states-for-dag-run test",
        "variables": "delete get list set",
        "version": "",
    },
}


def commands(version: str) -> set[str]:
    """Return the commands that MWAA takes at a version of Airflow, as `dags list` or `version`."""
    ours = _numbers(version)
    fitting = [groups for since, groups in ALLOWED.items() if since[0] == version[0] and _numbers(since) <= ours]
    pairs = [(group, one) for groups in fitting for group, texts in groups.items() for one in texts.split() or [""]]
    return {f"{group} {one}".strip() for group, one in pairs}


def allowed(version: str, words: Sequence[str]) -> bool:
    """Say whether MWAA runs a command.

    Args:
        version: that of Airflow, e.g. 3.3.1.
        words: the command line without `airflow`, e.g. ["dags", "list", "-o", "json"].
    """
    known = commands(version)
    return bool(words) and (words[0] in known or " ".join(words[:2]) in known)


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = (*version.split("."), "0")
    return int(major), int(minor)

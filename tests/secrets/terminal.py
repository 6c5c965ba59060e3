"""`mwaa secrets` at a terminal, with somebody who types."""

from __future__ import annotations

from tests import terminal
from tests.command import MWAA
from tests.secrets.conftest import Project


def at_terminal(project: Project, typed: list[tuple[str, bytes]], *arguments: str) -> tuple[int, str]:
    """Run the command at a terminal; each text is typed when the question before it is there."""
    command = [str(MWAA), "secrets", *arguments, "--env", "prod"]
    code, seen = terminal.at_terminal(command, typed, project.root, project.environment)
    project.printed.append(seen)
    return code, seen

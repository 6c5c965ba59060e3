"""Where an existing dbt project comes from: a folder, or a git repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.console import step
from scripts.new.names import several
from scripts.projects import LEFT_OUT, MADE

# user@host:path, as git's own short form of ssh.
SCP = re.compile(r"[\w.-]+@[\w.-]+:\S+")
# Not git's `ext::`, which runs a program.
PROTOCOLS = "file:git:http:https:ssh"
# What dbt makes or a person keeps beside a project, and no part of it.
BESIDE = {"dbt_packages", "dbt_modules", "venv", "env", ".github", ".gitlab-ci.yml", ".pytest_cache"}
OWN = "dbt_project.yml"
TOKEN = 20  # characters; a user's name in a URL that is as long is likely a token


@dataclass(frozen=True)
class Source:
    """Where a dbt project is taken from.

    Args:
        place: a path or a git URL.
        ref: a branch or tag; the repository's own if None.
        folder: the folder in it that has dbt_project.yml; found if None.
    """

    place: str
    ref: str | None = None
    folder: str | None = None

    @property
    def is_git(self) -> bool:
        """Whether git has to fetch it."""
        return "://" in self.place or bool(SCP.fullmatch(self.place))


@contextmanager
def opened(source: Source, work: Path) -> Iterator[Path]:
    """Yield the folder with dbt_project.yml, cloned into `work` if it is a repository's.

    Raises:
        ProjectError: if there is nothing there, git cannot fetch it, or it holds no dbt project, or several.
    """
    if not source.is_git:
        yield _project_in(_folder(source), source)
        return
    with step(f"git clone {source.place}"):
        _clone(source, work / "clone")
    yield _project_in(work / "clone", source)


def _folder(source: Source) -> Path:
    path = Path(source.place).expanduser()
    if source.ref:
        raise ProjectError("A branch or tag goes with a git URL.", f"--ref {source.ref}", "leave --ref out")
    if not path.is_dir():
        near = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise ProjectError(
            f"There is no folder {source.place!r}.{suggestion(path.name, near)}",
            "--from",
            "give the folder of a dbt project, or the URL of a git repository (https://…, ssh://…, file://…)",
        )
    return path.resolve()


def _clone(source: Source, target: Path) -> None:
    url = urlsplit(source.place)
    if url.password or (url.scheme in ("http", "https") and len(url.username or "") >= TOKEN):
        raise ProjectError(
            "The URL has a password or token in it, which `ps` and the shell's history would show.",
            "--from",
            "leave it out of the URL; git asks for it, or takes it from a credential helper",
        )
    branch = ["--branch", source.ref] if source.ref else []
    # Without a terminal git fails instead of waiting for an answer; ssh likewise.
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    known = {**os.environ, "GIT_ALLOW_PROTOCOL": PROTOCOLS, "LC_ALL": "C", **({} if _asks() else quiet)}
    command = ["git", "clone", "--quiet", "--depth", "1", *branch, "--", source.place, str(target)]
    if not shutil.which("git"):
        raise ProjectError("There is no git on PATH.", "git", "install git, or give a folder")
    done = subprocess.run(command, env=known, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if done.returncode:
        said = " ".join(line.strip() for line in done.stderr.splitlines()) or "no reason"
        raise ProjectError(
            f"git cannot fetch it: {said}",
            f"--from {source.place}{f' --ref {source.ref}' if source.ref else ''}",
            "mend the URL, the branch or the access that git names; `git clone` tells the same",
        )


def _asks() -> bool:
    from scripts.secrets.ask import can_ask

    return can_ask()


def _project_in(root: Path, source: Source) -> Path:
    if source.folder:
        found = (root / source.folder).resolve()
        if not found.is_relative_to(root.resolve()) or not (found / OWN).is_file():
            raise ProjectError(
                f"There is no {OWN} in {source.folder!r} of {source.place}.",
                "--folder",
                f"name one of: {several(_candidates(root))}",
            )
        return found
    if (root / OWN).is_file():
        return root
    known = _candidates(root)
    if len(known) == 1:
        return root / known[0]
    if known:
        raise ProjectError(
            f"{source.place} holds {len(known)} dbt projects: {several(known)}.",
            "--from",
            f"name one: --folder {known[0]}",
        )
    raise ProjectError(f"{source.place} is no dbt project: it has no {OWN}.", "--from", f"give the folder with {OWN}")


def _candidates(root: Path) -> list[str]:
    """Return the folders below with a dbt_project.yml, packages left out."""
    left = LEFT_OUT | MADE | BESIDE
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in left)
        if OWN in files:
            found.append(Path(folder).relative_to(root).as_posix())
            folders.clear()
    return sorted(found)


def copy(source: Path, target: Path, packages: str) -> list[str]:
    """Copy a dbt project without its packages and what else is made or kept beside it.

    Returns:
        The links that lead out of it; they are left out.
    """
    links: list[str] = []

    def left_out(folder: str, names: list[str]) -> set[str]:
        top = Path(folder) == source
        leading = {name for name in names if _leads_out(Path(folder, name), source)}
        links.extend(Path(folder, name).relative_to(source).as_posix() for name in sorted(leading))
        return leading | {name for name in names if name in LEFT_OUT | (MADE | BESIDE | {packages} if top else set())}

    shutil.copytree(source, target, ignore=left_out)
    return links


def _leads_out(path: Path, root: Path) -> bool:
    return path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(root.resolve()))

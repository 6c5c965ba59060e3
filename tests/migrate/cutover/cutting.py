"""A project with two environments at once: the old one in a folder of its own, as a rehearsal there, and `prod`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests

from scripts.aws import Aws
from scripts.local.state import ENVIRONMENT, Member, Rehearsal
from scripts.paths import Paths
from tests import command
from tests.command import Done
from tests.migrate.cutover.jobs import Job
from tests.migrate.cutover.scheduled import Scheduled, Victim, begin
from tests.serving import moto
from tests.unit.settings_text import TEXT

OLD, NEW = "shop-old", "shop-new"
QUICK = ("--yes", "--verify", "20", "--poll", "0.1")


@dataclass
class Pair:
    """Both environments, and the command in the new one's project."""

    root: Path
    old: Scheduled
    new: Scheduled
    aws: Aws

    @property
    def environment(self) -> dict[str, str]:
        """What the command has of its caller's environment."""
        # The model's web server takes more than MWAA's ten calls a second.
        quick = {"AWS_MAX_ATTEMPTS": "2", "MWAA_CALLS_PER_SECOND": "1000"}
        return {"PATH": os.defpath, "HOME": str(self.root), "COLUMNS": "200", **quick}

    @property
    def sides(self) -> tuple[str, ...]:
        """The options that name both."""
        return ("--from", str(self.root / "old"), "--env", "prod")

    def start(self, verb: str, *words: str) -> subprocess.Popen[bytes]:
        """Start `mwaa migrate …`."""
        pipe, words = subprocess.PIPE, (str(command.MWAA), "migrate", verb, *words, *self.sides)
        return subprocess.Popen(words, cwd=self.root / "new", env=self.environment, stdout=pipe, stderr=pipe)

    def mwaa(self, verb: str, *words: str) -> Done:
        """Run `mwaa migrate …` to its end."""
        return command.mwaa(["migrate", verb, *words, *self.sides], self.root / "new", self.environment)

    def cutover(self, *words: str) -> Done:
        """Run the cutover without a question."""
        return self.mwaa("cutover", *QUICK, *words)

    def killed(self, at: int, before: bool, *words: str) -> Victim:
        """Run the cutover, killed at its n-th change, and return what was killed."""
        victim = Victim(self.start("cutover", *QUICK, *words), at, before)
        self.old.victims, self.new.victims = [victim], [victim]
        victim.process.communicate(timeout=90)
        self.old.victims, self.new.victims = [], []
        return victim

    def both(self, name: str, **more: Any) -> tuple[Job, Job]:
        """Add a DAG to both sides, unpaused in the old one; Airflow 2 has wide intervals."""
        old, new = (
            side.add(Job(name, wide=side.is_2, paused=side is self.new, **more)) for side in (self.old, self.new)
        )
        return old, new


def ended(process: subprocess.Popen[bytes], patience: float = 120.0) -> Done:
    """Return a command once it has ended."""
    out, err = process.communicate(timeout=patience)
    assert b"Traceback" not in err, err.decode()
    return Done(process.returncode, out.decode(), err.decode())


@contextmanager
def pair(root: Path, old: str, new: str) -> Iterator[Pair]:
    """Run two environments of these versions of Airflow."""
    with ExitStack() as stack:
        aws = stack.enter_context(moto())
        sides = [begin(stack, Scheduled(version, name)) for version, name in ((old, OLD), (new, NEW))]
        places = (root / "old", ENVIRONMENT), (root / "new", "prod")
        for (folder, table), side in zip(places, sides, strict=True):
            folder.mkdir()
            text = TEXT.replace("dev", table) + f'\n[environments.{table}.mwaa]\nname = "{side.name}"\n'
            (folder / "settings.toml").write_text(text)
            here = psutil.Process()
            ports = {
                "airflow": 9,
                "outside": 9,
                **{name: urlsplit(url).port or 0 for name, url in (("aws", aws), ("mwaa", side.url))},
            }
            members = {"test": Member(here.pid, here.create_time())}
            Rehearsal(table, "eu-central-1", side.name, ports, members).save(Paths(folder))
        # Its state is the whole process.
        requests.post(f"{aws}/moto-api/reset", timeout=10).raise_for_status()
        client = Aws("eu-central-1", aws)
        client.make_bucket(NEW)
        yield Pair(root, sides[0], sides[1], client)


def turns(job: Job) -> list[Any]:
    """Return when those runs were due whose tasks have run, each once for each time."""
    return sorted(run.after for run in job.runs if run.worked)


def assert_each_once(old: Job, new: Job) -> None:
    """Check that each turn since the old side's first was run once, on one side, up to the newest."""
    done = sorted(turns(old) + turns(new))
    expected = [done[0]]
    while expected[-1] < done[-1]:
        expected.append(expected[-1] + timedelta(seconds=old.every))
    assert done == expected, [(f"{due:%M:%S}", due in turns(old), due in turns(new)) for due in done]

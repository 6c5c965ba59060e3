"""`mwaa open`, with a browser that is a small script."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from tests.operate.conftest import Project

# It notes how it was called and where it was led to, as a browser would show.
BROWSER = f"""#!{sys.executable}
import os, pathlib, requests, sys

def note(name, text):
    pathlib.Path(os.environ["HOME"], name).write_text(text)

led, again = (requests.get(sys.argv[1], allow_redirects=False) for _ in range(2))
note("called", " ".join(sys.argv))
note("led", f"{{led.status_code}} {{led.headers['Location']}}")
note("again", str(again.status_code))
"""


def browser(project: Project, text: str = BROWSER) -> str:
    """Make a browser and return its command."""
    file = project.root / "browser"
    file.write_text(text)
    file.chmod(0o755)
    return f"{file} %s"


def read(project: Project, name: str) -> str:
    """Return what the browser noted, once it has: the command does not wait for its end."""
    file, end = Path(project.root) / name, time.monotonic() + 30
    while not file.is_file() and time.monotonic() < end:
        time.sleep(0.1)
    return file.read_text()


def test_browser_is_led_to_the_login(project: Project) -> None:
    """The browser lands at MWAA's login; the token is in no argument, in no output, and leads there once."""
    done = project.mwaa("open", BROWSER=browser(project))
    assert done.code == 0, done.err
    assert read(project, "again") == "404"
    page = "aws_mwaa" if project.cloud.is_2 else "pluginsv2/aws_mwaa"
    status, url = read(project, "led").split()
    found = re.fullmatch(rf"{re.escape(project.cloud.url)}/{page}/aws-console-sso\?login=true#([\w-]+)", url)
    assert status == "302"
    assert found
    for seen in (read(project, "called"), done.out, done.err):
        assert found[1] not in seen


def test_address_is_printed(project: Project) -> None:
    """--print has the address alone on standard output, and says how long it is good for."""
    done = project.mwaa("open", "--print")
    assert done.code == 0
    assert re.fullmatch(rf"{re.escape(project.cloud.url)}/\S+/aws-console-sso\?login=true#\S+\n", done.out)
    assert "within 60 seconds: show it to nobody" in done.err


def test_no_browser(project3: Project) -> None:
    """Where none can be started, --print is named."""
    done = project3.mwaa("open", BROWSER=browser(project3, "#!/bin/sh\nexit 3\n"))
    assert done.code == 1
    assert "`mwaa open --print --env prod`" in done.err

"""How often MWAA is asked: never more calls in a second than it takes, or than somebody wants."""

from __future__ import annotations

import time
from typing import Any

import pytest

from scripts.airflow.rest import Ask
from scripts.airflow.ways import SETTING, Ways
from scripts.aws import Mwaa
from tests.operate.conftest import Project


class Noting(Mwaa):
    """An environment that notes when it is asked."""

    def __init__(self) -> None:
        self.name, self.asked = "shop", list[float]()

    def ask(self, *_: Any) -> Any:
        """Note the moment."""
        self.asked.append(time.monotonic())


def test_calls_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls as are allowed go at once, the next one a second after the first of them."""
    monkeypatch.setenv(SETTING, "4")
    mwaa = Noting()
    ways = Ways(mwaa, False, lambda error: error)
    for _ in range(10):
        ways.send(Ask("GET", "dags"))
    assert all(later - sooner >= 1.0 for sooner, later in zip(mwaa.asked, mwaa.asked[4:], strict=False))


def test_no_number(project3: Project) -> None:
    """What is no number of calls is refused before any is made."""
    done = project3.mwaa("dags", **{SETTING: "many"})
    assert (done.code, done.out, project3.cloud.calls) == (1, "", [])
    assert "error: 'many' is no number of calls." in done.err
    assert f"where: {SETTING}" in done.err

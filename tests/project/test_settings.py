"""What can be said of settings.toml and the pins without asking anybody is all right, for every environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from scripts.doctor.examine import Wish, examine
from scripts.paths import Paths

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = list(load(ROOT / "settings.toml").environments)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_doctor_finds_nothing_wrong(name: str) -> None:
    """`mwaa doctor --offline` says of each environment's settings, pins and sizes what mends them."""
    report = examine(Paths(ROOT), name, Wish(("settings", "pins", "sizing"), offline=True))
    wrong = [(one.what, one.fix) for one in report.findings if one.state == "error"]
    assert wrong == []

"""MWAA's own options of the secrets backend, against those that are wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from scripts.options import project_options
from scripts.secrets.running import lacking

WANTED = project_options(load(Path(__file__).parents[2] / "settings.toml").environment("prod"), "3.3.1")


def test_equal_options() -> None:
    """The same options, and JSON of another order, are right; so is not knowing them."""
    kwargs = json.loads(WANTED["secrets.backend_kwargs"])
    turned = json.dumps(dict(reversed(kwargs.items())), indent=1)
    assert list(lacking(WANTED, WANTED)) == []
    assert list(lacking(WANTED, {**WANTED, "secrets.backend_kwargs": turned, "core.parallelism": "1"})) == []
    assert list(lacking(WANTED, None)) == []


@pytest.mark.parametrize("name", ["secrets.backend", "workers.secrets_backend_kwargs"])
def test_missing_and_other_options(name: str) -> None:
    """A missing or another option is named, with the value to set."""
    without = {key: value for key, value in WANTED.items() if key != name}
    ((what, fix),) = lacking(WANTED, without)
    assert f"lacks option {name}" in what
    assert WANTED[name] in fix
    ((what, _),) = lacking(WANTED, {**WANTED, name: "{}"})
    assert f"has another value of option {name}" in what


def test_environment_without_options() -> None:
    """An environment that was never told of the backend lacks all of them."""
    assert len(list(lacking(WANTED, {}))) == 4

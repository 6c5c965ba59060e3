"""Tables as named tuples: what is accepted, and how each wrong input is told."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import pytest

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import Source, read, suggestion


class Engine(NamedTuple):
    """A table in a table."""

    power: int
    fuel: Literal["gas", "volt"] = "gas"


class Car(NamedTuple):
    """One setting of every kind."""

    name: str
    engine: Engine
    sold: bool = False
    doors: int | None = None
    labels: Mapping[str, str] = MappingProxyType({})
    spares: Mapping[str, Engine] = MappingProxyType({})


GOOD = """\
name = "Ada"
doors = 5

# The motor.
[engine]
power = 90
fuel = "volt"

[labels]
colour = "red"

[spares.small]
power = 40
"""


def parse(text: str) -> Car:
    """Read a car from TOML."""
    return read(Car, tomllib.loads(text), Source("car.toml", text))


def test_every_kind_is_read() -> None:
    """Texts, numbers, optional values, choices, mappings and nested tables arrive typed."""
    expected = Car(
        name="Ada",
        engine=Engine(90, "volt"),
        doors=5,
        labels={"colour": "red"},
        spares={"small": Engine(40, "gas")},
    )
    assert parse(GOOD) == expected


def test_left_out_takes_default() -> None:
    """A setting with a default may be left out."""
    assert parse('name = "Ada"\n[engine]\npower = 1\n') == Car("Ada", Engine(1, "gas"), False, None, {}, {})


def test_result_cannot_change() -> None:
    """A setting that was read cannot be set again."""
    with pytest.raises(AttributeError):
        parse(GOOD).name = "Bob"  # type: ignore[misc]


WRONG = {
    "unknown key": (
        ("power = 90", "powr = 90"),
        "Unknown setting 'powr'. Did you mean 'power'?",
        "car.toml, line 6, engine.powr",
        "use one of: power, fuel",
    ),
    "unknown key, nothing close": (
        ("doors = 5", "zzz = 5"),
        "Unknown setting 'zzz'.",
        "car.toml, line 2, zzz",
        "use one of: name, engine, sold, doors, labels, spares",
    ),
    "missing key": (
        ("power = 90\n", ""),
        "Setting 'power' is missing.",
        "car.toml, line 5, engine",
        "add `power = …` to [engine] in car.toml",
    ),
    "missing key in a mapping": (
        ("power = 40\n", ""),
        "Setting 'power' is missing.",
        "car.toml, line 12, spares.small",
        "add `power = …` to [spares.small] in car.toml",
    ),
    "missing key at the top": (
        ('name = "Ada"\n', ""),
        "Setting 'name' is missing.",
        "car.toml, top level",
        "add `name = …` to [top level] in car.toml",
    ),
    "number for text": (('"Ada"', "7"), "Wrong value 7.", "car.toml, line 1, name", "give a text in quotes"),
    "text for number": (
        ("power = 90", 'power = "90"'),
        "Wrong value '90'.",
        "car.toml, line 6, engine.power",
        "give a whole number",
    ),
    "bool for number": (
        ("doors = 5", "doors = true"),
        "Wrong value True.",
        "car.toml, line 2, doors",
        "give a whole number",
    ),
    "fraction for number": (
        ("power = 40", "power = 4.5"),
        "Wrong value 4.5.",
        "car.toml, line 13, spares.small.power",
        "give a whole number",
    ),
    "number for bool": (("doors = 5", "sold = 1"), "Wrong value 1.", "car.toml, line 2, sold", "give true or false"),
    "wrong choice": (
        ('"volt"', '"coal"'),
        "Wrong value 'coal'.",
        "car.toml, line 7, engine.fuel",
        "give one of 'gas', 'volt'",
    ),
    "list for choice": (
        ('"volt"', "[1]"),
        "Wrong value [1].",
        "car.toml, line 7, engine.fuel",
        "give one of 'gas', 'volt'",
    ),
    "text for mapping": (
        ('[labels]\ncolour = "red"\n', ""),
        "Wrong value 'none'.",
        "car.toml, line 2, labels",
        "give a table",
    ),
    "number in a mapping of texts": (
        ('"red"', "3"),
        "Wrong value 3.",
        "car.toml, line 10, labels.colour",
        "give a text in quotes",
    ),
}


@pytest.mark.parametrize(("change", "what", "where", "fix"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_told(change: tuple[str, str], what: str, where: str, fix: str) -> None:
    """A wrong setting is told with its value, its own line and the allowed form."""
    text = GOOD.replace(*change)
    if change[1] == "" and change[0].startswith("[labels]"):
        text = text.replace("doors = 5", 'labels = "none"')
    with pytest.raises(ProjectError) as caught:
        parse(text)
    assert (caught.value.what, caught.value.where, caught.value.fix) == (what, where, fix)


@pytest.mark.parametrize("text", ["null", "[]", "3", '"x"'])
def test_no_table_is_told(text: str) -> None:
    """JSON that is no object is an error of the file, not of Python."""
    with pytest.raises(ProjectError, match="give a table") as caught:
        read(Car, json.loads(text), Source("car.json", text))
    assert caught.value.where == "car.json, top level"


def test_text_for_table_is_told() -> None:
    """A text where a table must be is told with its line."""
    text = 'name = "Ada"\nengine = "big"\n'
    with pytest.raises(ProjectError, match="give a table") as caught:
        parse(text)
    assert caught.value.where == "car.toml, line 2, engine"


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("prdo", ["local", "prod"], " Did you mean 'prod'?"),
        ("jaffle", ["jaffle_shop"], " Did you mean 'jaffle_shop'?"),
        ("prod", [], ""),
        ("xyz", ["local", "prod"], ""),
    ],
)
def test_suggestion_needs_closeness(word: str, known: list[Any], expected: str) -> None:
    """Only a close word is suggested."""
    assert suggestion(word, known) == expected

"""A hundred thousand variables, by export and import: how often Airflow is asked."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from scripts.airflow.environment import Environment
from scripts.airflow.rest import PAGE, Airflow, Answer, Ask
from scripts.aws import Aws
from scripts.migrate.bring import bring
from scripts.migrate.export import Wish, export
from scripts.migrate.inside.lines import ROWS
from scripts.migrate.place import find_place
from scripts.migrate.sides import Sides
from scripts.migrate.write import AT_ONCE
from tests.migrate.conftest import REGION, Make, World
from tests.migrate.server import Store
from tests.operate.server import NAME, Call

MANY = 100_000


def side(world: World, store: Store) -> Environment:
    """Return an environment that is asked without a network, and as fast as it can."""
    aws = Aws(REGION, world.aws.endpoint, store.url)
    made = Environment("prod", aws, aws.environment(NAME), store.environment())

    def send(ask: Ask) -> Answer:
        query = {name: value if isinstance(value, list) else [str(value)] for name, value in (ask.query or {}).items()}
        way = "web" if ask.large else "invoke"
        return Answer(*store.rest(Call(way, ask.method, f"/{ask.path}", query, ask.body)))

    made.__dict__["airflow"] = Airflow(send, store.version, "")
    return made


@pytest.mark.slow
def test_hundred_thousand_variables(make: Make) -> None:
    """Each page is asked for once, a part holds 5,000 of them, and a request brings a hundred."""
    world = make("2.11.2", "3.3.1")
    for number in range(MANY):
        value = json.dumps({"ort": f"Zürich {number}"}) if number % 2 else f"größe {number}"
        world.old.put("variables", f"schlüssel{number:06}", value=value, description=None)
    old = world.old.objects["variables"]
    sides = Sides(side(world, world.old), side(world, world.new))
    export(sides, Wish())
    assert asked(world.old) == {"GET": pieces(len(old), PAGE)}
    parts = world.manifest["tables"]["variables"]["parts"]
    assert [part["rows"] for part in parts] == [ROWS] * (len(old) // ROWS) + [len(old) % ROWS]
    bring(sides.new, find_place(sides.new, sides.old.mwaa.name, None), "stop")
    new = world.new.objects["variables"]
    assert {key: one["value"] for key, one in new.items()} == {
        key: one["value"] for key, one in old.items() if key not in ("api_token", "crm")
    }
    assert asked(world.new) == {"GET": 1, "PATCH": pieces(len(new), AT_ONCE)}


def pieces(whole: int, size: int) -> int:
    """Return how many pieces of a size a whole has."""
    return -(-whole // size)


def asked(store: Store) -> dict[str, int]:
    """Return how often variables were asked for, by method."""
    return Counter(call.method for call in store.calls if call.path.startswith("/variables"))

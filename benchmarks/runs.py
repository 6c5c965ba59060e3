"""A made-up archive of dbt runs, as the tasks of a DAG leave it."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scripts.aws import Bucket

SEEDS = ("raw_customers", "raw_orders", "raw_items", "raw_stores", "raw_products")
STAGING = tuple(f"stg_{seed.removeprefix('raw_')}" for seed in SEEDS)
MARTS = ("orders", "monthly_store_margins", "customers", "order_items", "stores", "customer_lifetime_value")
PARALLEL = 4  # dbt's threads
FLAKY, SLOW = "stg_orders", "monthly_store_margins"
ERROR = "000904 (42000): SQL compilation error: error line 3 at position 11\ninvalid identifier 'FOO'"


@dataclass(frozen=True)
class Shape:
    """How many runs of how many nodes, of which DAG, how often, and the last one's start."""

    runs: int
    nodes: int
    last: datetime
    dag: str = "jaffle_shop"
    every: timedelta = timedelta(hours=1)


def make(shape: Shape) -> list[dict[str, Any]]:
    """Return the lines of an index, oldest first; the same again for the same shape."""
    chance = random.Random(shape.dag)  # noqa: S311
    return [_run(shape, number, chance) for number in range(shape.runs)]


def _run(shape: Shape, number: int, chance: random.Random) -> dict[str, Any]:
    at = shape.last - shape.every * (shape.runs - 1 - number) + timedelta(seconds=chance.uniform(2, 5))
    broken = chance.random() < 0.06  # noqa: PLR2004
    weight = 1 + 0.5 * number / shape.runs + chance.gauss(0, 0.05)
    nodes = _nodes(shape, weight, "stg_items" if broken else None, chance)
    errors = {name: ERROR for name, node in nodes.items() if node[0] == "error"}
    return {
        "dag": shape.dag,
        "run": f"scheduled__{at.replace(second=0, microsecond=0).isoformat()}",
        "group": shape.dag,
        "project": shape.dag,
        "release": hashlib.sha256(str(number // 40).encode()).hexdigest()[:12],
        "git": hashlib.sha256(f"git {number // 40}".encode()).hexdigest()[:40],
        "at": at.isoformat(),
        "seconds": round(max(node[1] + node[2] for node in nodes.values()) + 3, 1),
        "state": "failed" if broken else "success",
        "nodes": nodes,
        "errors": errors,
    }


def _nodes(shape: Shape, weight: float, broken: str | None, chance: random.Random) -> dict[str, list[Any]]:
    free, below, nodes = [1.0] * PARALLEL, False, dict[str, list[Any]]()
    built, ready = 1.0, 1.0  # when all models, and the last one, were
    for name in names(shape.dag, shape.nodes):
        own = name.split(".")[2]
        thread = free.index(min(free))
        seconds, tries = round(_usual(name) * weight * chance.uniform(0.7, 1.3), 2), 1
        status = "pass" if name.startswith("test.") else "success"
        if own == broken:
            status, below = "error", True
        elif below and "stg_" not in own:
            status, seconds = "skipped", 0.0
        elif own == FLAKY and chance.random() < 0.08:  # noqa: PLR2004
            tries = 2
        # A test follows its model, and a mart all models before it.
        start = max(free[thread], ready if name.startswith("test.") else built if own in MARTS[:2] else 0.0)
        nodes[name] = [status, round(start, 2), seconds, tries]
        free[thread] = start + seconds + 0.1
        if name.startswith("model."):
            ready, built = free[thread], max(built, free[thread])
    return nodes


def _usual(name: str) -> float:
    if not name.startswith("model."):
        return 0.4
    own = name.split(".")[2]
    return 9.0 if own == SLOW else 1.5 + hashlib.sha256(own.encode()).digest()[0] / 64


def names(project: str, count: int) -> list[str]:
    """Return the unique ids of so many nodes, in the order in which dbt builds them."""
    models = [f"model.{project}.{name}" for name in (*STAGING, *MARTS)]
    more = [f"model.{project}.fct_part_{number:04}" for number in range(max(0, count // 2 - len(models)))]
    found = [f"seed.{project}.{name}" for name in SEEDS]
    for number, model in enumerate((*models, *more)):
        name = model.split(".")[2]
        found += [model, *(f"test.{project}.{test}_{name}_id.{number:010x}" for test in ("not_null", "unique"))]
    return found[:count]


def store(bucket: Bucket, lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Write lines to the index, as a gzip member each, and return the keys."""
    objects: dict[str, bytes] = defaultdict(bytes)
    for line in lines:
        text = json.dumps(line).encode() + b"\n"
        objects[f"archive/index/{line['dag']}/{line['at'][:7]}.jsonl.gz"] += gzip.compress(text, mtime=0)
    for key, content in objects.items():
        bucket.put(key, content, hashlib.sha256(content).hexdigest())
    return list(objects)

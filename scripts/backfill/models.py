"""What a DAG builds, by what a backfill does to it; read from the release that is live in the environment."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from scripts.airflow.environment import Environment
from scripts.airflow.rest import dag_path
from scripts.aws import Bucket
from scripts.bundle import KEPT_FILES
from scripts.deploy.remote import read_pointer, read_record
from scripts.release import SHORT
from scripts.slices import called

type Kind = Literal["microbatch", "incremental", "whole"]

BATCHES = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}


@dataclass(frozen=True)
class Model:
    """A node of the DAG: "microbatch" builds the batches of a run's event times, "whole" all its rows anew."""

    project: str
    name: str
    kind: Kind
    batch: str = ""


def read_models(environment: Environment, dag: str) -> list[Model]:
    """Return the models, seeds and snapshots that a DAG builds; none if its environment has no release."""
    found = environment.airflow.call("GET", f"{dag_path(dag)}/tasks") or {"tasks": []}
    words = {word for task in found["tasks"] for word in str(task["task_id"]).split(".")}
    return sorted(_models(environment.bucket, words), key=lambda model: (model.project, model.name))


def _models(bucket: Bucket, words: set[str]) -> Iterator[Model]:
    pointer, _ = read_pointer(bucket)
    record = read_record(bucket, pointer[0][:SHORT]) if pointer else {"projects": {}}
    for project, made in record["projects"].items():
        nodes = json.loads(gzip.decompress(bucket.get(f"{KEPT_FILES}/{made['manifest']}")))["nodes"]
        for name, task in called(nodes, project).items():
            if task in words:
                yield _model(project, nodes[name])


def _model(project: str, node: Mapping[str, Any]) -> Model:
    config = node.get("config", {})
    if config.get("materialized") != "incremental":
        return Model(project, node["name"], "whole")
    if config.get("incremental_strategy") == "microbatch":
        return Model(project, node["name"], "microbatch", str(config.get("batch_size") or ""))
    return Model(project, node["name"], "incremental")

"""Airflow's REST API, in as much as a table of answers is one; the rehearsal's front asks it for `mwaa doctor`."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.serving import Handler, Reply, serving


def dag(name: str, paused: bool = False, seconds: float = 1.0) -> dict[str, Any]:
    """Return a DAG as Airflow 3.3 describes it, in as much as doctor looks at it."""
    return {"dag_id": name, "is_paused": paused, "last_parse_duration": seconds}


@dataclass
class Airflow:
    """Its health by part, its import errors and its DAGs; `page` is answered instead of all of it; `broken` refuses."""

    url: str = ""
    health: dict[str, str] = field(default_factory=dict)
    import_errors: list[dict[str, Any]] = field(default_factory=list)
    dags: list[dict[str, Any]] = field(default_factory=list)

    page: str = ""
    broken: bool = False

    def reset(self) -> None:
        """Make it healthy, with the DAGs `shop` and `finance`."""
        self.health = dict.fromkeys(("metadatabase", "scheduler", "triggerer", "dag_processor"), "healthy")
        self.import_errors, self.dags = [], [dag("shop"), dag("finance")]
        self.page, self.broken = "", False

    def answer(self, path: str) -> Any:
        """Return what a path is answered with; None if there is no such path."""
        return {
            "/": {},
            "/auth/token": {"access_token": "let me in"},
            "/api/v2/monitor/health": {name: {"status": status} for name, status in self.health.items()},
            "/api/v2/importErrors": {"import_errors": self.import_errors, "total_entries": len(self.import_errors)},
            "/api/v2/dags": {"dags": self.dags, "total_entries": len(self.dags)},
        }.get(path)


class _Handler(Handler):
    def answer(self, _: bytes) -> Reply:
        airflow: Airflow = self.part
        path, api = urlsplit(self.path).path, "/api/" in self.path
        found = airflow.answer(path)
        data = airflow.page.encode() if airflow.page and api else json.dumps(found).encode()
        return Reply(404 if found is None else 503 if airflow.broken and api else 200, data)


def running() -> AbstractContextManager[Airflow]:
    """Run it on a free loopback port."""
    return serving(_Handler, Airflow())

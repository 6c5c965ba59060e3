"""Airflow's REST API, in as much as a table of answers is one; the rehearsal's front asks it for `mwaa doctor`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.serving import served


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


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def _answer(self) -> None:
        airflow: Airflow = self.server.airflow
        found = airflow.answer(urlsplit(self.path).path)
        plain = airflow.page and "/api/" in self.path
        data = airflow.page.encode() if plain else json.dumps(found).encode()
        self.send_response(404 if found is None else 503 if airflow.broken and "/api/" in self.path else 200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = _answer  # noqa: N815 - as http.server wants it

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@contextmanager
def running() -> Iterator[Airflow]:
    """Run it on a free loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.airflow = airflow = Airflow()  # type: ignore[attr-defined]
    with served(server) as airflow.url:
        yield airflow

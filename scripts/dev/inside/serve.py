"""Keep one dbt at hand: a line of JSON in asks for a run, a line of JSON out says what came of it.

Called with dbt's own Python as serve.py <options as JSON>; ends when its input does. What dbt prints goes to
standard error. It uses dbt's public interface alone (dbtRunner): each request parses what has changed, then builds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from dbt.cli.main import dbtRunner  # type: ignore[import-not-found,import-untyped,unused-ignore]
from plan import Known, Plan, plan  # type: ignore[import-not-found]
from prints import RELATIONS, Prints, kind, parents  # type: ignore[import-not-found]

# The deprecations that `mwaa build` refuses, too: a key that dbt does not know.
TOLD = ("CustomKeyInObjectDeprecation", "CustomTopLevelKeyDeprecation")
# mwaa_dbt.hooks.SWITCH: hooks run with the first build, a loop would repeat them with each save.
SWITCH = "MWAA_DBT_HOOKS"
GOOD = ("success", "pass", "warn")
BAD = ("error", "fail", "runtime error", "partial success")
PREVIEWED = 3  # nodes of one answer that show rows

type Table = dict[str, Any]


class Failed(Exception):  # noqa: N818 - an answer, no failure of this program
    """dbt itself failed: nothing was run."""


class Session:
    """One project at one target."""

    def __init__(self, options: Table) -> None:
        self.flags: list[str] = options["flags"]
        self.schema: str = options["schema"].upper()
        self.record = Path(options["record"])
        self.known = Known(built=_stored(self.record))
        self.manifest: Any = None
        self.prints: dict[str, str] = {}
        self.sql: dict[str, str] = {}
        self.events: list[Table] = []
        self.shown: list[Table] = []

    def answer(self, request: Table) -> Table:
        """Return what came of a request."""
        self.events, self.sql, begun = [], {}, time.monotonic()
        try:
            return {**self._answer(request), "events": self.events, "seconds": time.monotonic() - begun}
        except Failed as error:
            return {"failed": str(error), "events": self.events, "seconds": time.monotonic() - begun}

    def _answer(self, request: Table) -> Table:
        self._parse()
        if request["do"] == "start":
            self.known.seen = dict(self.prints)
            return {"nodes": len([key for key in self.prints if kind(key) in RELATIONS])}
        if request["do"] == "look":
            self._forget(self._there())
            return {"there": len(self.known.built)}
        if not self.known.seen:
            # It could not be parsed before: what was saved now has mended it.
            self.known.seen = {key: one for key, one in self.prints.items() if self._file(key) not in request["files"]}
        chosen = set(self._listed(request["select"])) if request.get("select") else None
        if chosen is not None and not chosen & self.prints.keys():
            return {"nothing": request["select"], "known": sorted({self._node(key).name for key in self.prints})}
        if request.get("everything"):
            chosen = {key for key, value in self.prints.items() if self.known.built.get(key) != value}
        found = plan(self.prints, self.known, self.manifest.child_map, self.manifest.parent_map, chosen)
        if outside := self._outside(found):
            return {"outside": outside}
        results = self._build(found) if found.run else []
        self._learn(found, results)
        return {"changed": found.changed, "results": results, "previews": self._previews(found, results, request)}

    def _parse(self) -> None:
        self.manifest = self._dbt("parse", "--show-all-deprecations").result
        self.prints = Prints(self.manifest).all()

    def _dbt(self, *command: str) -> Any:
        """Run dbt; raise Failed if it came to no result."""
        done = dbtRunner(manifest=None if command[0] == "parse" else self.manifest, callbacks=[self._note]).invoke(
            [*command, *self.flags]
        )
        if done.result is None and not done.success:
            raise Failed(str(done.exception or "dbt gave no reason"))
        return done

    def _note(self, event: Any) -> None:
        name = event.info.name
        if name == "SQLQuery":
            self.sql[event.data.node_info.unique_id] = event.data.sql
        elif name in TOLD:
            data = {key: getattr(event.data, key, "") for key in ("file", "key", "key_path")}
            self.events.append({"info": {"name": name, "level": event.info.level, "msg": event.info.msg}, "data": data})
        elif name == "ShowNode":
            self.shown = json.loads(event.data.preview)

    def _listed(self, select: list[str]) -> Iterator[str]:
        done = self._dbt("ls", "--select", *select, "--output", "json", "--output-keys", "unique_id", "--quiet")
        return (json.loads(line)["unique_id"] for line in done.result)

    def _build(self, found: Plan) -> list[Table]:
        names = [f"fqn:{'.'.join(self._node(key).fqn)}" for key in found.run]
        os.environ[SWITCH] = "run" if not self.known.built else "off"
        done = self._dbt("build", "--select", *names, "--indirect-selection", "buildable", "--cache-selected-only")
        return [self._result(one) for one in done.result.results if kind(one.node.unique_id) != "operation"]

    def _node(self, key: str) -> Any:
        tables = (self.manifest.nodes, self.manifest.unit_tests, getattr(self.manifest, "functions", {}))
        return next(table[key] for table in tables if key in table)

    def _file(self, key: str) -> str:
        return str(self._node(key).original_file_path)

    def _result(self, one: Any) -> Table:
        node, response = one.node, one.adapter_response or {}
        return {
            "node": node.unique_id,
            "name": node.name,
            "kind": kind(node.unique_id),
            "of": getattr(node, "attached_node", None) or next(reversed(parents(node)), None),
            "status": str(one.status),
            "seconds": one.execution_time,
            "rows": response.get("rows_affected"),
            "failures": one.failures,
            "message": one.message or "",
            "sql": self.sql.get(node.unique_id, "") if str(one.status) in BAD else "",
            "materialized": node.config.materialized if hasattr(node.config, "materialized") else "",
        }

    def _learn(self, found: Plan, results: list[Table]) -> None:
        """Note what the warehouse has now; what was neither built nor tried is tried again with the next save."""
        good = {one["node"] for one in results if one["status"] in GOOD}
        ephemeral = {key for key in found.run if getattr(self._node(key), "is_ephemeral_model", False)}
        for key in good | ephemeral:
            self.known.built[key] = self.prints.get(key, "")
        self.known.failed = {key for key in found.run if kind(key) in RELATIONS and key not in good | ephemeral}
        self.known.seen = dict(self.prints)
        self.record.write_text(json.dumps(self.known.built))

    def _outside(self, found: Plan) -> Table | None:
        """Return the first node that would be written to a schema of others."""
        for key in found.run:
            node = self._node(key)
            if kind(key) in RELATIONS and not str(node.schema).upper().startswith(self.schema):
                return {"node": key, "schema": node.schema, "file": node.original_file_path}
        return None

    def _previews(self, found: Plan, results: list[Table], request: Table) -> list[Table]:
        """Return a few rows of each node that changed, and of what failed a test."""
        ended = {one["node"]: one for one in results}
        wanted = [key for key in found.changed if ended.get(key, {}).get("status") in GOOD and kind(key) in RELATIONS]
        failed = [one["node"] for one in results if one["kind"] == "test" and one["status"] in ("fail", "warn")]
        texts = {key: f"select * from {self._node(key).relation_name}" for key in wanted}  # noqa: S608 - dbt's name
        texts |= {key: self._node(key).compiled_code for key in failed if self._node(key).compiled_code}
        chosen = list(texts)[:PREVIEWED] if request["rows"] else []
        return [{"node": key, "rows": self._rows(texts[key], request["rows"])} for key in chosen]

    def _rows(self, sql: str, limit: int) -> list[Table]:
        self.shown = []
        limited = f"select * from (\n{sql}\n) limit {limit}"  # noqa: S608 - dbt's own
        try:
            self._dbt("show", "--inline-direct", limited, "--limit", str(limit), "--output", "json")
        except Failed:
            return []
        return self.shown

    def _there(self) -> set[tuple[str, str]]:
        """Ask the warehouse which relations there are in the schemas of the nodes that were built."""
        nodes = [self._node(key) for key in self.known.built if key in self.prints and kind(key) in RELATIONS]
        found: set[tuple[str, str]] = set()
        for database in sorted({str(node.database) for node in nodes}):
            schemas = ", ".join(f"'{name}'" for name in sorted({str(node.schema).upper() for node in nodes}))
            about = "select table_schema as s, table_name as t"
            sql = f"{about} from {database}.information_schema.tables where upper(table_schema) in ({schemas})"
            found |= {(str(row["S"]).upper(), str(row["T"]).upper()) for row in map(_upper, self._rows(sql, 100_000))}
        return found

    def _forget(self, there: set[tuple[str, str]]) -> None:
        for key in list(self.known.built):
            if kind(key) not in RELATIONS:
                continue
            node = self._node(key) if key in self.prints else None
            ephemeral = getattr(node, "is_ephemeral_model", False)
            if node is None or not (ephemeral or (str(node.schema).upper(), str(node.alias).upper()) in there):
                del self.known.built[key]


def _upper(row: Table) -> Table:
    return {key.upper(): value for key, value in row.items()}


def _stored(record: Path) -> dict[str, str]:
    try:
        return dict(json.loads(record.read_text()))
    except (OSError, ValueError):
        return {}


def _own_output() -> TextIO:
    """Return standard output, and let all that dbt and macros print go to standard error instead."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return ours


def main() -> None:
    """Answer until there are no more questions."""
    answers, session = _own_output(), Session(json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(session.answer(json.loads(line)), default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""`mwaa dev` as a person has it: one process that watches a small project, a real dbt, the rehearsal's Snowflake."""

from __future__ import annotations

import getpass
import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import psutil
import pytest

from tests.command import MWAA, mwaa
from tests.e2e.conftest import Project, copy_project

PATIENCE = 240  # seconds

type Round = dict[str, Any]


class Loop:
    """A running `mwaa dev --json`, with the rounds that it tells."""

    def __init__(self, root: Path) -> None:
        self.root, self.models = root, root / "dbt" / "shop" / "models"
        self.process = subprocess.Popen(
            [str(MWAA), "dev", "--json"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._rounds: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.process.stderr
        self.begun = ""
        while not (line := self.process.stderr.readline()).startswith("Watching"):
            assert line, f"mwaa dev has ended: {self.begun}"
            self.begun += line
        self.begun += line

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._rounds.put(line)

    def save(self, name: str, text: str) -> Round:
        """Write a file and return what came of it."""
        (self.models / name).write_text(text)
        return self.next()

    def next(self) -> Round:
        """Return the next round."""
        return dict(json.loads(self._rounds.get(timeout=PATIENCE)))

    def edit(self, name: str, old: str, new: str) -> Round:
        """Replace a text in a file, once, and return what came of it."""
        text = (self.models / name).read_text()
        assert text.count(old) == 1
        return self.save(name, text.replace(old, new))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with one dbt project, as `mwaa new` makes it."""
    copy = copy_project(tmp_path_factory.mktemp("project"))
    copy.drop_samples()
    assert copy.mwaa("new", "project", "shop").code == 0
    return copy


@pytest.fixture(scope="module")
def loop(project: Project) -> Iterator[Loop]:
    """Return the loop with everything built once, and end it by Ctrl-C: nothing is left running."""
    loop = Loop(project.paths.root)
    children = psutil.Process(loop.process.pid).children(recursive=True)
    assert children
    yield loop
    loop.process.send_signal(signal.SIGINT)
    assert loop.process.wait(30) == 0
    assert "ended" in (loop.process.stderr.read() if loop.process.stderr else "")
    assert psutil.wait_procs(children, 10)[1] == []


def names(found: Round, *kinds: str) -> dict[str, str]:
    """Return the outcome of each node of these kinds."""
    return {one["name"]: one["status"] for one in found["nodes"] if one["kind"] in (kinds or ("model", "seed"))}


def test_begins_in_a_schema_of_its_own(loop: Loop) -> None:
    """Nothing is built before a save, and then not where runs build."""
    user = re.sub(r"[^a-z0-9]+", "_", getpass.getuser().lower())
    assert f"building in schema DEV_{user}_SHOP.".lower() in loop.begun.lower()


def test_saves(loop: Loop) -> None:
    """A save builds the node and its children, what they need first; rows and tests are told."""
    first = loop.edit("staging/stg_orders.sql", "amount_cents / 100", "amount_cents / 10")
    assert names(first) == dict.fromkeys(("raw_orders", "stg_orders", "daily_revenue"), "success")
    assert set(names(first, "test").values()) == {"pass"}
    assert len(names(first, "test")) == 5
    (preview,) = first["previews"]
    assert preview["node"] == "model.shop.stg_orders"
    assert [float(row["AMOUNT"]) for row in preview["rows"]] == [125.0, 90.0, 210.0, 47.5]
    second = loop.edit("marts/daily_revenue.sql", "count(*)", "count(*) + 0")
    assert names(second) == {"daily_revenue": "success"}
    assert second["files"] == ["models/marts/daily_revenue.sql"]
    assert loop.edit("marts/_marts.yml", "The day.", "That day.")["nodes"] == []
    assert loop.edit("staging/stg_orders.sql", "amount_cents / 10 ", "amount_cents / 100 ")["errors"] == []


def test_error_in_sql(loop: Loop) -> None:
    """A statement that fails is told with file, line and excerpt; mended, what was skipped is built as well."""
    failed = loop.edit("staging/stg_orders.sql", "        customer_id,", "        customer_idd,")
    assert names(failed) == {"stg_orders": "error", "daily_revenue": "skipped"}
    (error,) = failed["errors"]
    assert error["where"] == "dbt/shop/models/staging/stg_orders.sql:11"
    assert "invalid identifier 'CUSTOMER_IDD'" in error["what"]
    mended = loop.edit("staging/stg_orders.sql", "customer_idd", "customer_id")
    assert names(mended) == {"stg_orders": "success", "daily_revenue": "success"}


def test_error_in_yaml(loop: Loop) -> None:
    """What does not parse is told with file and line, and nothing is run; so is a key that dbt does not know."""
    text = (loop.models / "marts/_marts.yml").read_text()
    broken = loop.save("marts/_marts.yml", text.replace("    description: Orders", "   description: Orders"))
    (error,) = broken["errors"]
    assert error["where"].startswith("dbt/shop/models/marts/_marts.yml, line ")
    assert broken["nodes"] == []
    loop.save("marts/_marts.yml", text)
    (error,) = loop.edit("marts/_marts.yml", "    description: Orders", "    descripton: Orders")["errors"]
    assert error["where"] == "dbt/shop/models/marts/_marts.yml, line 3"
    assert loop.save("marts/_marts.yml", text)["errors"] == []


def test_failing_test(loop: Loop) -> None:
    """A test that fails is told with the rows that failed it."""
    text = (loop.models / "staging/_staging.yml").read_text()
    found = loop.save(
        "staging/_staging.yml",
        text.replace(
            "      - name: amount", "      - name: customer_id\n        data_tests: [unique]\n      - name: amount"
        ),
    )
    assert names(found, "test") == {"unique_stg_orders_customer_id": "fail"}
    (preview,) = found["previews"]
    assert len(preview["rows"]) == 1
    assert found["errors"][0]["where"].startswith("dbt/shop/models/staging/_staging.yml:")
    assert loop.save("staging/_staging.yml", text)["errors"] == []


def test_files_come_and_go(loop: Loop) -> None:
    """A new model is built; one that is deleted takes nothing with it."""
    found = loop.save("marts/big_orders.sql", "select * from {{ ref('stg_orders') }} where amount > 10\n")
    assert names(found) == {"big_orders": "success"}
    assert len(found["previews"][0]["rows"]) == 2
    (loop.models / "marts/big_orders.sql").unlink()
    gone = loop.next()
    assert (gone["nodes"], gone["errors"]) == ([], [])


def test_one_loop_at_a_time(loop: Loop) -> None:
    """A second loop would write into the same copy."""
    done = mwaa(("dev", "--once"), loop.root, {"HOME": str(loop.root), "PATH": "/usr/bin:/bin"})
    assert done.code == 1
    assert "`mwaa dev` runs for shop already." in done.err

"""What `mwaa new` writes, and what it refuses; no dbt is run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from scripts.new.model import with_entry
from tests.command import MWAA, Done, mwaa
from tests.terminal import at_terminal

RUFF = Path(sys.executable).with_name("ruff")
ENVIRONMENT = {"PATH": os.defpath, "COLUMNS": "200"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with nothing in it but a dbt project that `mwaa new` has made."""
    (tmp_path / "settings.toml").write_text("")
    assert new(tmp_path, "project", "shop").code == 0
    return tmp_path


def new(root: Path, *words: str) -> Done:
    """Run `mwaa new …` without a terminal."""
    return mwaa(("new", *words), root, ENVIRONMENT)


def written(root: Path) -> dict[str, str]:
    """Return all files of a project with their texts."""
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_dag_passes_lint(root: Path) -> None:
    """A DAG file, with a selection too long for its first line, passes this house's own lint and format."""
    select = (
        "--select",
        "+daily_revenue",
        "--select",
        'config.meta.owner:"sales"',
        "--select",
        "path:models/" + "x" * 90,
    )
    done = new(root, "dag", "shop_hourly", "--schedule", "@hourly", *select)
    assert done.code == 0, done.err
    assert done.out.endswith("Next: mwaa local run shop_hourly\n")
    house = Path(__file__).parents[2] / "pyproject.toml"
    for command in (("check", "--ignore", "AIR311"), ("format", "--check")):
        files = [str(root / "dags" / name) for name in ("shop.py", "shop_hourly.py")]
        subprocess.run([RUFF, *command, "--config", str(house), *files], check=True, capture_output=True)


@pytest.mark.parametrize("kind", ["project", "dag", "model"])
@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("my shop", "my_shop"),
        ("MyShop", "my_shop"),
        ("dbt_shop", "shop"),
        ("7eleven", "eleven"),
        ("../shop", "shop"),
        ("x" * 51, "x" * 50),
        ("é", None),
    ],
)
def test_names_have_one_form(root: Path, kind: str, name: str, close: str | None) -> None:
    """A name that dbt, Airflow or a path does not take is refused with the allowed form and the nearest name."""
    before = written(root)
    done = new(root, kind, name)
    assert done.code == 1
    assert f"{name!r} cannot name a" in done.err
    assert "Allowed: small letters, digits and _, a letter first, no dbt_ in front" in done.err
    assert (f"call it {close}" if close else "choose another name") in done.err
    assert written(root) == before


def test_names_that_python_has(root: Path) -> None:
    """A DAG file stands on sys.path: one called json would be imported by whoever wants Python's."""
    assert "Python would import it" in new(root, "dag", "json").err
    assert "Python would import it" in new(root, "project", "cosmos").err


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (("project", "shop"), "dbt/shop"),
        (("dag", "shop"), "dags/shop.py"),
        (("model", "stg_orders", "--folder", "marts"), "dbt/shop/models/staging/stg_orders.sql"),
        (("model", "raw_orders"), "dbt/shop/seeds/raw_orders.csv"),
    ],
)
def test_nothing_is_written_over(root: Path, words: Sequence[str], taken: str) -> None:
    """What is there stays as it is; dbt knows a model by its name alone, so another folder does not help."""
    before = written(root)
    done = new(root, *words)
    assert (done.code, f"There is {taken} already" in done.err) == (1, True), done.err
    assert written(root) == before


def test_project_is_whole_or_not_there(root: Path) -> None:
    """Where the DAG's name is taken, there is no half of a new project."""
    (root / "dags" / "books.py").write_text("")
    before = written(root)
    assert "dags/books.py" in new(root, "project", "books").err
    assert written(root) == before
    assert new(root, "project", "books", "--no-dag").code == 0
    assert written(root)["dags/books.py"] == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dag", "a", "--project", "shp"), "There is no dbt project 'shp'. Did you mean 'shop'?"),
        (("dag", "a", "--schedule", "0 5 * *"), "'0 5 * *' is no schedule."),
        (("dag", "a", "--schedule", "@dayly"), "Did you mean '@daily'?"),
        (("model", "a", "--reads", "stg_order"), "Did you mean 'stg_orders'?"),
        (("model", "a", "--folder", "../elsewhere"), "is no folder below models/"),
    ],
)
def test_typos_are_told(root: Path, words: Sequence[str], said: str) -> None:
    """A name that means nothing is refused with the close one, and nothing is written."""
    before = written(root)
    done = new(root, *words)
    assert (done.code, said in done.err) == (1, True), done.err
    assert written(root) == before


def test_asks_at_a_terminal(root: Path) -> None:
    """A person is asked for what was left out; without a terminal it is wrong usage."""
    assert new(root, "dag").code == 2
    typed = [("Name of the DAG: ", b"nightly\n")]
    code, seen = at_terminal([str(MWAA), "new", "dag"], typed, root, ENVIRONMENT)
    assert code == 0, seen
    assert 'dbt_group("shop")' in written(root)["dags/nightly.py"]


def test_staging_model_names_columns(root: Path) -> None:
    """A staging model of a seed names its columns, in the SQL and in the properties file, which keeps what it had."""
    (root / "dbt/shop/models/staging/stg_orders.sql").unlink()
    file = root / "dbt/shop/models/staging/_staging.yml"
    file.write_text("# kept\n" + file.read_text() + "\nsources: []  # kept, too\n")
    done = new(root, "model", "stg_raw", "--reads", "raw_orders", "--description", "Orders: as they came.")
    assert done.code == 0, done.err
    table = yaml.safe_load(file.read_text())
    assert [one["name"] for one in table["models"]] == ["stg_orders", "stg_raw"]
    assert table["models"][1]["description"] == "Orders: as they came."
    names = ["order_id", "customer_id", "ordered_at", "amount_cents"]
    assert [one["name"] for one in table["models"][1]["columns"]] == names
    assert file.read_text().count("# kept") == 2
    sql = written(root)["dbt/shop/models/staging/stg_raw.sql"]
    assert "{{ ref('raw_orders') }}" in sql
    assert all(f"        {name}" in sql for name in names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, ["new"]),
        ("version: 2\n", ["new"]),
        ("models:\n- name: a\n", ["a", "new"]),
        (
            "models:\n  - name: a\n    columns:\n      - name: x\n\n# about sources\nsources:\n  - name: s\n",
            ["a", "new"],
        ),
    ],
)
def test_entries_are_added(text: str | None, names: list[str]) -> None:
    """An entry is added behind the last model, however the file is indented, and all else stays."""
    made = with_entry(text, "  - name: new\n    description: x\n")
    table = yaml.safe_load(made)
    assert [one["name"] for one in table["models"]] == names
    assert {key: value for key, value in table.items() if key != "models"} == {
        key: value for key, value in (yaml.safe_load(text or "") or {}).items() if key != "models"
    }
    assert not text or text.splitlines()[-1] in made

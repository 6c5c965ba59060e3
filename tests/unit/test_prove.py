"""The proof of a build: a probe's reports as a table of DAGs, or as the one error a person reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.prove import Parsed, prove
from scripts.venvs import Airflow

Prove = Callable[..., list[Parsed]]
DAG = {"dag": "shop", "tasks": 3, "nodes": ["model.shop.a"], "tells": [], "waits": []}
OWN = ProjectError("Setting 'user' is missing.", "settings.json, environment", "add `user = …`")
RELEASE = f"/tmp/dbt/releases/{'0a' * 32}/dags"  # noqa: S108 - a name only
STUB = """Traceback (most recent call last):
  File "/usr/lib/python3.12/importlib/__init__.py", line 90, in import_module
  File "/b/dags/a.py", line 231, in <module>
    open_dag_file(__file__, 'a.py', globals())
  File "/b/dags/a.py", line 58, in open_dag_file
"""
OWN_TRACEBACK = f'{STUB}  File "{RELEASE}/a.py", line 9\nmwaa_dbt.errors.ProjectError: {OWN}\n'
FOREIGN = f"""{STUB}  File "{RELEASE}/a.py", line 7, in <module>
    with DAG("x", schedule=oops):
NameError: name 'oops' is not defined
"""
AFTER = "NameError: name 'oops'"
NESTED = FOREIGN.replace(AFTER, f'  File "{RELEASE}/data.py", line 2\n{AFTER}')
INSIDE = FOREIGN.replace(AFTER, f'  File "{RELEASE}/mwaa_dbt/a.py", line 2\n{AFTER}')


def report(**changes: Any) -> dict[str, Any]:
    """Return a probe's report on a file that is well, but for these changes."""
    return {"file": "a.py", "seconds": 1.5, "dags": [DAG], "error": None, "warnings": [], **changes}


@pytest.fixture
def proven(tmp_path: Path) -> Prove:
    """Return a function that proves a build whose probe, a real program, answers with these reports."""
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "state").mkdir()

    def run(*reports: dict[str, Any], does: str = 'cp "$0.json" "$3"', budget: float = 30.0) -> list[Parsed]:
        python = Airflow(tmp_path / "venv").python
        python.with_suffix(".json").write_text(json.dumps(reports))
        python.write_text(f"#!/bin/sh\n{does}\n")
        python.chmod(0o755)
        return prove(Airflow(tmp_path / "venv"), tmp_path / "build", tmp_path / "state", budget)

    return run


def test_dags_are_listed(proven: Prove) -> None:
    """Every DAG of every file is listed with what it holds."""
    second = {**DAG, "dag": "other", "tasks": 1, "nodes": []}
    assert proven(report(), report(file="b.py", dags=[DAG, second], seconds=2.5)) == [
        Parsed("a.py", "shop", 3, ["model.shop.a"], 1.5),
        Parsed("b.py", "shop", 3, ["model.shop.a"], 2.5),
        Parsed("b.py", "other", 1, [], 2.5),
    ]


WRONG = {
    "own error": (
        {"error": OWN_TRACEBACK, "dags": []},
        OWN.what,
        f"dags/a.py → {OWN.where}",
        OWN.fix,
    ),
    "foreign error": (
        {"error": FOREIGN, "dags": []},
        "The DAG file does not import: NameError: name 'oops' is not defined",
        "dags/a.py, line 7",
        "mend that line",
    ),
    "error of the stub": (
        {"error": f"{STUB}__main__.ReleaseError: No release is whole in this container.\n", "dags": []},
        "The DAG file does not import: __main__.ReleaseError: No release is whole in this container.",
        "dags/a.py",
        "mend what it names",
    ),
    "error without a line": (
        {"error": "DagCycleException: Cycle detected", "dags": []},
        "The DAG file does not import: DagCycleException: Cycle detected",
        "dags/a.py",
        "mend what it names",
    ),
    "no DAG": (
        {"dags": []},
        "The file holds no DAG that Airflow finds.",
        "dags/a.py",
        "define one with `with DAG(…):`",
    ),
    "over budget": (
        {"seconds": 30.2},
        "The file takes 30.2 s to parse; Airflow gives up after 30 s.",
        "dags/a.py",
        "split it, or select less of the dbt project in it",
    ),
}


@pytest.mark.parametrize(("changes", "what", "where", "fix"), WRONG.values(), ids=WRONG.keys())
def test_wrong_file_is_told(changes: dict[str, Any], what: str, where: str, fix: str, proven: Prove) -> None:
    """A file that Airflow would not take is told by name, after files that are well."""
    with pytest.raises(ProjectError) as caught:
        proven(report(file="fine.py"), report(**changes))
    assert (caught.value.what, caught.value.where) == (what, where)
    assert caught.value.fix.startswith(fix)


@pytest.mark.parametrize("error", [NESTED, INSIDE], ids=["name that ends alike", "same name in a package"])
def test_line_is_of_the_file_itself(error: str, proven: Prove) -> None:
    """A line of another file of the release is not taken for the DAG file's, nor one of the stub."""
    with pytest.raises(ProjectError) as caught:
        proven(report(error=error, dags=[]))
    assert caught.value.where == "dags/a.py, line 7"


def test_budget_is_a_limit(proven: Prove) -> None:
    """A file just within the budget passes; the budget can be another."""
    assert len(proven(report(seconds=30.0))) == 1
    with pytest.raises(ProjectError, match=r"takes 1\.5 s to parse; Airflow gives up after 1 s"):
        proven(report(), budget=1.0)


def test_what_is_left_out_is_said(proven: Prove, capsys: pytest.CaptureFixture[str]) -> None:
    """What this Airflow cannot do is said once, with its line, and the build goes on."""
    assert len(proven(report(warnings=["line 7: alerts(late=…) tells nothing"]), report(file="b.py"))) == 2
    assert capsys.readouterr().err.splitlines() == ["! dags/a.py, line 7: alerts(late=…) tells nothing"]


def test_no_file_is_told(proven: Prove) -> None:
    """A build without any DAG file is an error."""
    with pytest.raises(ProjectError, match="There is no DAG file"):
        proven()


def test_dead_probe_is_told(proven: Prove) -> None:
    """A probe that dies is shown by what it printed."""
    with pytest.raises(ProjectError, match="The DAG check itself failed:\nImportError: no airflow"):
        proven(does="echo ImportError: no airflow >&2; exit 1")


def test_probe_gets_nothing_to_lean_on(proven: Prove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection, credential or endpoint of the caller reaches the DAGs."""
    for name in ("AIRFLOW_CONN_SNOWFLAKE_DEFAULT", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "SNOWFLAKE_PASSWORD"):
        monkeypatch.setenv(name, "leaked")
    proven(report(), does=f'env >"{tmp_path}/seen"; cp "$0.json" "$3"')
    assert "leaked" not in (tmp_path / "seen").read_text()


def test_proof_leaves_nothing(proven: Prove, tmp_path: Path) -> None:
    """The folder of the probe is gone when the proof is done."""
    proven(report(), does='touch "$HOME/litter"; cp "$0.json" "$3"')
    assert list((tmp_path / "state").iterdir()) == []


TABLE = "snowflake://shop/ANALYTICS/SHOP/ORDERS"


def test_what_is_waited_for_is_built(proven: Prove) -> None:
    """A DAG may wait for a table that a DAG of another file builds; for one that none builds it would wait for ever."""
    waiting = report(file="b.py", dags=[{**DAG, "dag": "club", "waits": [TABLE]}])
    assert len(proven(report(dags=[{**DAG, "tells": [TABLE]}]), waiting)) == 2
    with pytest.raises(ProjectError) as told:
        proven(report(), waiting)
    assert f"'club' would never run: no DAG builds {TABLE}" in told.value.what
    assert told.value.where == "dags/b.py"

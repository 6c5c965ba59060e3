"""The real import of old DAG files with Airflow 3.3.1: errors, hangs, deaths, and what a DAG file asks for."""

from __future__ import annotations

import pytest

from tests.command import Done
from tests.migrate.check.conftest import DAG, ROOT, Bench, make_bench

REQUIREMENTS = ("--requirements", str(ROOT / "requirements.txt"))
HEAD = "from airflow.sdk import DAG\n"
FILES = {
    "dags/hangs.py": f"{HEAD}import time\ntime.sleep(600)\n",
    "dags/hangs_deaf.py": f"{HEAD}import signal, time\nsignal.signal(14, signal.SIG_IGN)\ntime.sleep(600)\n",
    "dags/kills.py": f"{HEAD}import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "dags/leaves.py": f"{HEAD}import os\nos._exit(3)\n",
    "dags/fails.py": f"{HEAD}\n\ndef helper():\n    return {{}}['nothing']\n\n\nhelper()\n",
    "dags/in_helper.py": f"{HEAD}import helping\n\nhelping.work()\n",
    "dags/helping.py": "def work():\n    raise ValueError('from a helper')\n",
    "dags/lazy.py": f"{DAG}\n\ndef work():\n    from airflow.utils.db import nothing_such\n    nothing_such()\n",
    "dags/asks.py": f"{DAG}\nfrom airflow.models import Variable\n\nVALUE = Variable.get('team')\n{{}}[VALUE]\n",
    "dags/asks_politely.py": f"{DAG}\nfrom airflow.sdk import Variable\n\nVariable.get('team', default='none')\n",
    "dags/connects.py": f"{DAG}\nfrom airflow.sdk import BaseHook\n\nHOST = BaseHook.get_connection('crm').host\n",
    "dags/calls.py": f"{DAG}\nimport socket\n\nsocket.create_connection(('192.0.2.1', 443), timeout=1)\n",
    "dags/good.py": DAG.replace("shop", "good") + "\nimport shared\n",
    "plugins/shared.py": "VALUE = 1\n",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Return the report on all of these files."""
    bench = make_bench(tmp_path_factory.mktemp("import"))
    bench.write(FILES)
    return bench.check(str(bench.old), *REQUIREMENTS, "--seconds", "4", "--json")


def at(told: Done, name: str) -> list[tuple[str, int, str]]:
    """Return rule, line and text of what is told of a file."""
    return [(one["rule"], one["line"], one["what"]) for one in told.json["findings"] if one["file"] == f"dags/{name}"]


def test_ends_of_a_process(told: Done) -> None:
    """A file that hangs or ends its process is told as that, and hides no other."""
    assert told.code == 1
    assert any(rule in ("import", "import-ends") for rule, _, _ in at(told, "hangs.py"))
    assert at(told, "hangs_deaf.py") == [("import-ends", 0, "while it is imported it was not done after 9 s")]
    assert at(told, "kills.py") == [("import-ends", 0, "while it is imported its process was ended by signal 9")]
    assert at(told, "leaves.py") == [("import-ends", 0, "while it is imported it ended its process, with exit code 3")]
    assert at(told, "good.py") == []


def test_errors_have_the_users_line(told: Done) -> None:
    """An error is told at the innermost line of the user's own files, and as proved."""
    assert at(told, "fails.py") == [("import", 5, "KeyError: 'nothing'")]
    assert at(told, "helping.py") == [("import", 2, "ValueError: from a helper")]
    proved = [one["proved"] for one in told.json["findings"] if one["file"] == "dags/fails.py"]
    assert proved == [True]


def test_imports_inside_of_functions(told: Done) -> None:
    """An import that only a task would get to is tried, too."""
    ((rule, line, what),) = at(told, "lazy.py")
    assert (rule, line) == ("import", 10)
    assert "airflow.utils.db.nothing_such" in what


def test_lookups_are_no_crash(told: Done) -> None:
    """A variable or connection that is asked for is told as that; what comes after it was not looked at."""
    assert ("import-lookup", 10) in [(rule, line) for rule, line, _ in at(told, "asks.py")]
    assert ("import-lookup", 10) in [(rule, line) for rule, line, _ in at(told, "connects.py")]
    assert [rule for rule, _, _ in at(told, "asks_politely.py")] == ["parse-lookup"]


def test_network_is_closed(told: Done) -> None:
    """A file that calls somebody while it is parsed is not judged."""
    ((rule, line, what),) = at(told, "calls.py")
    assert (rule, line) == ("import-barred", 10)
    assert "192.0.2.1" in what


def test_value_from_the_environment(bench: Bench) -> None:
    """A variable of the caller's environment lets the import go on, to the error behind it."""
    bench.write({"asks.py": FILES["dags/asks.py"]})
    done = bench.check(str(bench.old), *REQUIREMENTS, "--json", AIRFLOW_VAR_TEAM="data")
    assert ("import", 11) in [(one["rule"], one["line"]) for one in done.json["findings"]]


@pytest.mark.slow
def test_virtualenv_of_a_folder(bench: Bench) -> None:
    """Without its package in requirements.txt a provider's import fails, as on MWAA, and the fix names the provider."""
    bench.write({"slack.py": f"{DAG}\nfrom airflow.providers.slack.hooks.slack import SlackHook\n"})
    first = bench.check(str(bench.old), "--json")
    (one,) = [one for one in first.json["findings"] if one["severity"] == "breaks"]
    assert (one["rule"], one["line"]) == ("import", 8)
    assert "No module named 'airflow.providers.slack'" in one["what"]
    assert "requirements.txt" in one["fix"]
    (venv,) = (bench.root / ".mwaa" / "check").iterdir()
    made = venv.stat().st_ctime_ns
    bench.check(str(bench.old), "--json")
    assert venv.stat().st_ctime_ns == made

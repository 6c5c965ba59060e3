"""`--fix`: what it writes, what it leaves alone, and when it refuses."""

from __future__ import annotations

from tests.migrate.check.conftest import ROOT, Bench

OLD = """from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("old", schedule_interval="@daily", start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work", task_concurrency=1)
"""
IGNORED = "# ours\nhelp.*\\.py\n"
FILES = {"old.py": OLD, ".airflowignore": IGNORED, "helpers.py": "x = 1\n", "helped.py": "x = 2\n"}


def committed(bench: Bench) -> Bench:
    """Commit the old files."""
    bench.write(FILES)
    bench.git("init", "--quiet")
    bench.git("add", "--all")
    bench.git("commit", "--quiet", "--message", "old")
    return bench


def fix(bench: Bench, *words: str) -> tuple[int, str]:
    """Run it with --fix, and return the exit code and what is said."""
    done = bench.check(str(bench.old), "--fix", "--no-import", *words)
    return done.code, done.seen


def test_safe_fixes_are_written(bench: Bench) -> None:
    """Renamed arguments and patterns of .airflowignore are written and shown; a second run finds nothing to do."""
    code, said = fix(committed(bench))
    text = (bench.old / "old.py").read_text()
    assert 'schedule="@daily"' in text
    assert "max_active_tis_per_dag=1" in text
    assert (bench.old / ".airflowignore").read_text() == "# ours\nhelp*.py\n"
    assert code == 0, said
    for line in (
        '-with DAG("old", schedule_interval',
        '+with DAG("old", schedule="@daily"',
        "+help*.py",
        "2 files mended",
    ):
        assert line in said
    assert "There was nothing that is safe to mend." in fix(bench, "--force")[1]


def test_uncommitted_file_is_refused(bench: Bench) -> None:
    """A file whose old text nothing could bring back is left alone, and so are all others; --force writes it."""
    bench.write(FILES)
    assert "the file is in no git repository, or not committed" in fix(bench)[1]
    committed(bench).write({"old.py": f"{OLD}\n"})
    code, said = fix(bench)
    assert code == 1
    assert "The file has changes that are not committed." in said
    assert (bench.old / ".airflowignore").read_text() == IGNORED
    assert fix(bench, "--force")[0] == 0


def test_change_elsewhere_is_no_matter(bench: Bench) -> None:
    """Only the files that would be written have to be clean."""
    committed(bench).write({"helpers.py": "x = 3\n"})
    assert fix(bench)[0] == 0


def test_file_in_another_coding(bench: Bench) -> None:
    """A file that is no UTF-8 is left as it is, byte for byte, and told as not looked at by ruff."""
    content = f"# coding: latin-1\n# Grüße\n{OLD}".encode("latin-1")
    (bench.old / "old.py").write_bytes(content)
    _, said = fix(bench, "--force")
    assert (bench.old / "old.py").read_bytes() == content
    assert "it is no UTF-8, so ruff's rules (AIR…) were not tried" in said


def test_bucket_is_not_mended(bench: Bench) -> None:
    """Files out of an environment's bucket cannot be mended: that is wrong usage."""
    assert bench.check("--from", "prod", "--fix").code == 2


def test_result_imports(bench: Bench) -> None:
    """What was mended imports with Airflow 3.3.1."""
    done = committed(bench).check(str(bench.old), "--fix", "--requirements", str(ROOT / "requirements.txt"), "--json")
    assert done.json["counts"]["breaks"] == 0, done.seen
    assert done.json["dags"] == 1


def test_force_needs_fix(bench: Bench) -> None:
    """--force alone is wrong usage."""
    bench.write(FILES)
    assert bench.check(str(bench.old), "--force").code == 2

"""`mwaa airflow …`, on Airflow 2 and 3."""

from __future__ import annotations

from tests.operate.conftest import Project

PASSWORD = "hunter2hunter2"


def test_command_runs(project: Project) -> None:
    """Words and options after the first arrive as they were given, quotes and all; output is passed on byte by byte."""
    conf = '{"note": "it\'s a \\"day\\""}'
    words = ("dags", "trigger", "shop", "-c", conf, "--no-replace-microseconds")
    code, out, err = project.raw("airflow", "--env", "prod", *words)
    assert (code, out, err) == (0, " ".join(words).encode() + b"\n\xff", b"")
    assert [call.body for call in project.cloud.calls] == [list(words)]
    assert project.raw("airflow", "-e", "prod", "dags", "list", "-o", "json")[:2] == (0, b"[]\n")


def test_failing_command(project: Project) -> None:
    """A command that fails has its words on standard error, and exit code 1."""
    code, out, err = project.raw("airflow", "--env", "prod", "dags", "pause", "nope")
    assert (code, out) == (1, b"")
    assert err == b"airflow.exceptions.DagNotFound: Dag id nope not found\n"


def test_options_have_their_place(project3: Project) -> None:
    """--env after the command would be Airflow's: that is told; without a command there is nothing to do."""
    code, _, err = project3.raw("airflow", "dags", "list", "--env", "prod")
    assert (code, b"stands before 'dags'" in err) == (2, True)
    assert project3.raw("airflow", "--env", "prod")[0] == 2
    assert project3.cloud.calls == []


def test_command_that_mwaa_does_not_run(project3: Project) -> None:
    """A command that MWAA would refuse is not sent; what does it instead is told."""
    code, out, err = project3.raw("airflow", "--env", "prod", "connections", "export", "x")
    assert (code, out) == (1, b"")
    assert b"`mwaa secrets diff --env prod`" in err
    assert project3.cloud.calls == []


def test_backfill_by_version(project: Project) -> None:
    """The same wish has another command in Airflow 2 and 3: each names the other's."""
    theirs, ours = ("backfill create", "dags backfill")[:: 1 if project.cloud.is_2 else -1]
    code, _, err = project.raw("airflow", "--env", "prod", *theirs.split(), "shop")
    assert (code, f"`mwaa airflow --env prod {ours}`" in err.decode()) == (1, True)
    assert project.raw("airflow", "--env", "prod", *ours.split(), "shop")[0] == 0


def test_secret_stays_here(project3: Project) -> None:
    """A secret in an argument is not sent unless that is wished for, and not repeated in the error."""
    words = ("connections", "add", "x", "--conn-type", "http", "--conn-password", PASSWORD)
    code, out, err = project3.raw("airflow", "--env", "prod", *words)
    assert (code, out) == (1, b"")
    assert b"`mwaa secrets push --env prod`" in err
    assert PASSWORD.encode() not in err
    assert project3.cloud.calls == []
    assert project3.raw("airflow", "--env", "prod", "--allow-secret", *words)[0] == 0
    assert [call.body for call in project3.cloud.calls] == [list(words)]


def test_token_is_asked_for_anew(project: Project) -> None:
    """A token that is refused is asked for once more; if that is refused, too, it is told."""
    project.cloud.stale_tokens = 1
    assert project.raw("airflow", "--env", "prod", "version")[0] == 0
    project.cloud.stale_tokens = 9
    code, out, err = project.raw("airflow", "--env", "prod", "version")
    assert (code, out) == (1, b"")
    assert b"The web server does not take MWAA's token, not even a second one: it answers 403." in err


def test_answer_without_output(project3: Project) -> None:
    """Where a gateway gives up, the command may have had its effect: nobody runs it again unasked."""
    project3.cloud.faults = [("POST db", 504)]
    code, _, err = project3.raw("airflow", "--env", "prod", "db", "clean", "-y")
    assert code == 1
    assert b"MWAA answers 504 and no output: <html>Bad Gateway</html>" in err
    assert b"see whether the command has had its effect" in err
    assert len(project3.cloud.calls) == 1

"""`mwaa history` as a person runs it, with a real S3."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import MWAA
from tests.deploy.proxy import running
from tests.history.conftest import Project, line, packed, put

ALL = ("--since", "2026-11-01")
KEY = "archive/index/shop/2026-11.jsonl.gz"
EVIL = "[red]\x1b[2Jorders[/]"


def test_runs_and_numbers(filled: Project) -> None:
    """Without more words: the newest runs, then each DAG's numbers, slow and flaky nodes, and the trend."""
    done = filled.history(*ALL)
    assert done.code == 0, done.err
    assert done.err == ""
    lines = done.out.splitlines()
    assert [text for text in lines if text.startswith("│ 2026-11-20 05:00")]
    assert len([text for text in lines if text.startswith("│ 2026-11-")]) == 20
    assert "120 runs since 2026-11-16 02:00" in done.out
    assert {"Slowest nodes", "Flaky nodes, succeeded after a failure of the same code"} <= {
        text.strip() for text in lines
    }
    assert "jaffle_shop, seconds per run" in done.out
    assert "\x1b" not in done.out


def test_numbers_agree_with_runs(filled: Project) -> None:
    """What a machine is told adds up: every run is listed, and the failed ones are as many as the summary says."""
    told = filled.json(*ALL, "--dag", "jaffle_shop")
    failed = [one for one in told["runs"] if one["state"] == "failed"]
    assert (
        (told["summary"][0]["runs"], told["summary"][0]["failed"])
        == (len(told["runs"]), len(failed))
        == (100, len(failed))
    )
    assert failed
    assert sum(one["share"] for one in told["slowest"]) < 1
    run = told["runs"][0]
    assert run["artifacts"] == f"s3://{filled.bucket.name}/archive/runs/jaffle_shop/{run['run']}/"
    assert len(run["nodes"]) == 30


def test_failed_only(filled: Project) -> None:
    """--failed lists what failed and leaves the numbers as they are; --limit limits the list."""
    whole, told = filled.json(*ALL), filled.json(*ALL, "--failed")
    assert told["runs"] == [one for one in whole["runs"] if one["state"] == "failed"]
    assert told["summary"] == whole["summary"]
    assert filled.json(*ALL, "--failed", "--limit", "1")["runs"] == told["runs"][:1]


def test_until_ends_the_window(filled: Project) -> None:
    """Only runs of the window are told, both ends included."""
    times = [one["at"] for one in filled.json("--since", "2026-11-18", "--until", "2026-11-18")["runs"]]
    assert {time[:10] for time in times} == {"2026-11-18"}
    assert len({time[:13] for time in times}) == 24


def test_one_node(filled: Project) -> None:
    """--node tells all runs of a node with their errors, and how often it succeeded."""
    done = filled.history(*ALL, "--dag", "jaffle_shop", "--node", "stg_items", "--failed")
    assert done.code == 0, done.err
    rows = [text for text in done.out.splitlines() if text.startswith("│ 2026-11-")]
    assert rows
    assert all("error" in row and "invalid identifier 'FOO'" in row for row in rows)
    told = filled.json(*ALL, "--node", "model.jaffle_shop.stg_items")
    assert (told["summary"]["runs"], told["summary"]["failed"]) == (100, len(rows))
    assert f"{100 - len(rows)} of 100 runs succeeded ({100 - len(rows)}%)" in done.out


def test_one_run(filled: Project) -> None:
    """--run tells every node, the errors, and where the raw artifacts are."""
    run = filled.json(*ALL, "--dag", "jaffle_shop", "--failed")["runs"][0]
    done = filled.history("--run", run["run"], "--dag", "jaffle_shop")
    assert done.code == 0, done.err
    assert done.out.count("│ model ") == len([name for name in run["nodes"] if name.startswith("model.")])
    assert "invalid identifier 'FOO'" in done.out
    assert done.out.endswith(f"artifacts: {run['artifacts']}\n")
    assert filled.json("--run", run["run"], "--dag", "jaffle_shop")["runs"] == [run]


def test_deleted_node_keeps_its_history(project: Project) -> None:
    """A node that the newest run no longer has is told to be missing there, and its runs are all listed."""
    old = {"model.shop.old": ["success", 0, 1, 1]}
    lines = [line(f"r{day}", at=f"2026-11-0{day}T05:00:00+00:00", nodes=old) for day in (1, 2, 3)]
    put(project.bucket, KEY, packed([*lines, line("r4")]))
    done = project.history(*ALL, "--node", "old")
    assert "Not in the newest run of shop (r4): deleted, renamed or not selected." in done.out
    assert project.json(*ALL, "--node", "old")["missing"] == [{"dag": "shop", "group": "shop", "run": "r4"}]


def test_empty_archive_is_no_error(project: Project) -> None:
    """Before the first run there is a word of what fills the archive."""
    done = project.history()
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"The archive in s3://{project.bucket.name} is empty.")
    assert project.json()["runs"] == []
    put(project.bucket, KEY, packed([line()]))
    assert "The archive has: shop." in project.history("--until", "2026-10-01").out


def test_damage_is_told_beside(project: Project) -> None:
    """What could not be read is one line on stderr; the answer is whole, for a machine, too."""
    put(project.bucket, KEY, packed([line()]) + packed([{"dag": "shop"}]))
    done = project.history(*ALL)
    assert (done.code, done.err) == (0, f"damaged: s3://{project.bucket.name}/{KEY}: 1 line left out\n")
    told = project.json(*ALL)
    assert (len(told["runs"]), told["damage"]) == (1, [{"key": KEY, "lines": 1, "cut": False}])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "is before '2026-11-02'"),
        (("--limit", "0"), "--limit"),
        (("--node", "a", "--run", "b"), "give either a node or a run"),
        (("--node", "a", "--html", "b"), "leave --node out"),
        (("orders",), "unexpected extra argument"),
    ],
    ids=str,
)
def test_wrong_usage_exits_2(project: Project, arguments: tuple[str, ...], told: str) -> None:
    """What makes no sense exits with 2 and says why, before anything is fetched."""
    done = project.history(*arguments, endpoint="http://127.0.0.1:9")
    assert (done.code, done.out) == (2, "")
    assert told in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--dag", "jafle_shop"), "The archive has no DAG 'jafle_shop'. Did you mean 'jaffle_shop'?"),
        (("--node", "stg_itmes"), "No run has a node 'stg_itmes'. Did you mean 'stg_items'?"),
        (("--run", "never"), "There is no run 'never'."),
    ],
    ids=str,
)
def test_unknown_word_exits_1(filled: Project, arguments: tuple[str, ...], told: str) -> None:
    """An unknown name is an error in three parts, with the close word."""
    done = filled.history(*ALL, *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == f"error: {told}"
    assert "Traceback" not in done.err


def test_denied_and_unreachable(filled: Project) -> None:
    """What AWS refuses is told as everywhere: the permission, or that nobody answers."""
    with running(filled.endpoint) as wall:
        wall.before = lambda _: (403, "AccessDenied")
        denied = filled.history(endpoint=wall.url)
    assert denied.code == 1
    assert "There is no permission for s3:ListBucket." in denied.err
    gone = filled.history(endpoint="http://127.0.0.1:9")
    assert gone.code == 1
    assert "AWS does not answer" in gone.err


def on_terminal(project: Project, *arguments: str) -> str:
    """Return what the command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.defpath, "HOME": str(project.folder), "COLUMNS": "100", "TERM": "xterm-256color"}
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": project.endpoint}
    command: list[Any] = [MWAA, "history", "--env", "prod", *arguments]
    with subprocess.Popen(command, cwd=project.folder, env=environment | keys, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        text = b""
        while piece := _read(ours):
            text += piece
    os.close(ours)
    assert process.returncode == 0, text
    return text.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def test_colours_on_a_terminal_only(filled: Project) -> None:
    """A terminal gets colours in the table and in the plot, and no line is wider than it."""
    text = on_terminal(filled, *ALL)
    assert "\x1b[32msuccess" in text
    assert "\x1b[38;5;2m●" in text or "\x1b[32m●" in text
    plain = filled.history(*ALL).out
    assert "●" in plain
    assert "✗" in plain


def test_texts_are_no_markup(project: Project) -> None:
    """What the archive says is shown as it is: no markup, and no code of a terminal's."""
    nodes = {f"model.shop.{EVIL}": ["error", 0, 1, 1], "model.shop.good": ["success", 0, 1, 1]}
    made = line(
        f"r {EVIL}", state="failed", nodes=nodes, errors={f"model.shop.{EVIL}": f"[link=x]{EVIL}"}, release=EVIL
    )
    put(project.bucket, KEY, packed([made]))
    for arguments in ((), ("--node", "good"), ("--run", "r ")):
        text = on_terminal(project, *ALL, *arguments) + project.history(*ALL, *arguments).out
        assert "\x1b[2J" not in text
    assert "[link=x][red]orders[/]" in project.history(*ALL, "--run", "r ").out


def test_local_needs_a_rehearsal(project: Project) -> None:
    """The rehearsal's environment has a history while it runs."""
    done = project.history("--env", "local")
    assert done.code == 1
    assert "run `mwaa local up`" in done.err


def test_project_is_not_written_to(filled: Project, tmp_path: Path) -> None:
    """It only reads: project and bucket are as before."""
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    objects = {key: one.etag for key, one in filled.bucket.objects().items()}
    assert filled.history(*ALL).code == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert {key: one.etag for key, one in filled.bucket.objects().items()} == objects

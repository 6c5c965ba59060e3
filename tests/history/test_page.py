"""The page of `mwaa history --html`, in a real browser."""

from __future__ import annotations

import html
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.history.page import render
from tests.history.conftest import Project, line, packed, put

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALL = ("--since", "2026-11-01")
KEY = "archive/index/shop/2026-11.jsonl.gz"
DRIVER = """
const names = () => document.querySelector(".run h3").textContent, runs = [names()];
const bars = document.querySelectorAll(".bars button");
bars[0].click(); runs.push(names());
bars[0].focus();
bars[0].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })); runs.push(names());
[...document.querySelectorAll(".tools button")][1].click(); runs.push(names());
document.querySelector(".row:not(.axis)").dispatchEvent(new Event("pointerenter"));
const told = tip.hidden ? "" : tip.textContent;
const filter = document.querySelector("input");
filter.value = "stg_orders"; filter.dispatchEvent(new Event("input"));
const rows = [...document.querySelectorAll(".row:not(.axis)")].filter((row) => row.offsetParent);
const wide = document.documentElement.scrollWidth > innerWidth;
document.title = JSON.stringify({ runs, tip: told, rows: rows.map((row) => row.firstChild.textContent), wide });
"""
in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def shown(page: Path, width: int = 1280) -> str:
    """Return the document as it is after the browser has run it."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900"]
    command += [f"--user-data-dir={page.parent / 'browser'}", "--virtual-time-budget=3000", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """Run a server that notes the paths that it is asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def evil(url: str) -> str:
    """Return a text that runs or loads something wherever it is taken for markup."""
    return (
        f"</script><script>document.title='owned';fetch('{url}/script')</script>"
        f"<img src={url}/image onerror=\"document.title='owned'\"><style>@import '{url}/style';</style>"
        f"\"'><iframe src={url}/frame></iframe><!-- @DATA@ @SCRIPT@ &lt;"
    )


@in_browser
def test_markup_is_inert(project: Project, tmp_path: Path) -> None:
    """A script in whatever field of the archive is text: it does not run, it loads nothing, and it can be read."""
    with listening() as (url, asked):
        text = evil(url)
        nodes = {f"model.shop.{text}": [text, 0, 1, 2], f"test.shop.{text}": ["error", 0, 1, 1]}
        errors = {f"model.shop.{text}": text}
        fields = dict.fromkeys(("project", "release", "git", "state", "group"), text)
        lines = [line(f"{name}{text}", nodes=nodes, errors=errors, **fields) for name in "ab"]
        put(project.bucket, KEY, packed([line("c"), *lines]))
        file = tmp_path / "page.html"
        assert project.history(*ALL, "--html", str(file)).code == 0
        found = shown(file)
    assert asked == []
    assert "<title>dbt runs, prod</title>" in found
    drawn = found.split('<main id="main">')[1].split("</main>")[0]
    assert not re.search(r"<(script|img|style|iframe)", drawn)
    assert drawn.count(html.escape(text, quote=False)) > 5


@in_browser
def test_probe_sees_live_markup(tmp_path: Path) -> None:
    """The same text, where it is taken for markup, does run and load: the test above can fail."""
    with listening() as (url, asked):
        file = tmp_path / "page.html"
        file.write_text(f"<title>dbt runs, prod</title><script>1{evil(url)}")
        found = shown(file)
    assert "/image" in asked
    assert "<title>owned</title>" in found


@in_browser
@pytest.mark.parametrize("width", [1280, 500])
def test_everything_is_drawn(filled: Project, tmp_path: Path, width: int) -> None:
    """Every run is a bar, every node of the newest run a row, and the numbers are those of the command."""
    file = tmp_path / "page.html"
    assert filled.history(*ALL, "--dag", "jaffle_shop", "--html", str(file)).code == 0
    found, told = shown(file, width), filled.json(*ALL, "--dag", "jaffle_shop")
    bars = re.findall(r'<button( class="bad")? aria-label="', found)
    assert len(bars) == 100
    assert bars.count(' class="bad"') == told["summary"][0]["failed"]
    assert len(re.findall(r'class="row"', found)) == 30
    assert f"<h3>{told['runs'][0]['run']}</h3>" in found
    assert f"<b>{told['summary'][0]['p95']:.1f} s</b>" in found
    for node in told["slowest"]:
        assert f">{node['node'].split('.')[2]}</td>" in found


@in_browser
def test_chosen_run_is_shown(filled: Project, tmp_path: Path) -> None:
    """With --run, that run is the one whose nodes are drawn, with its errors, even if the window is without it."""
    run = filled.json(*ALL, "--dag", "jaffle_shop", "--failed")["runs"][-1]["run"]
    file = tmp_path / "page.html"
    window = ("--since", "2026-11-20", "--dag", "jaffle_shop")
    assert filled.history(*window, "--html", str(file), "--run", run).code == 0
    found = shown(file)
    assert f"<h3>{run}</h3>" in found
    assert "invalid identifier 'FOO'" in found.split("</main>")[0]
    assert found.count('aria-current="true"') == 1


@in_browser
def test_page_reacts(filled: Project, tmp_path: Path) -> None:
    """A click or an arrow key shows another run, a filter leaves fitting nodes, and hovering tells of one."""
    file = tmp_path / "page.html"
    assert filled.history(*ALL, "--dag", "jaffle_shop", "--html", str(file)).code == 0
    # The page's policy keeps a script of ours out, too.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", file.read_text())
    file.write_text(text.replace("</body>", f"<script>{DRIVER}</script></body>"))
    told = json.loads(html.unescape(str(re.search(r"<title>(.*?)</title>", shown(file), re.DOTALL)[1])))  # type: ignore[index]
    runs = [run["run"] for run in filled.json(*ALL, "--dag", "jaffle_shop")["runs"]][::-1]
    assert told["runs"] == [runs[-1], runs[0], runs[1], runs[2]]
    assert told["rows"] == ["stg_orders", "not_null_stg_orders_id", "unique_stg_orders_id"]
    assert told["tip"].startswith("seed.jaffle_shop.raw_customers\nsuccess\nstart 1.0 s, ")
    assert told["wide"] is False


@in_browser
def test_no_runs_make_a_page(project: Project, tmp_path: Path) -> None:
    """An empty archive makes a page that says so."""
    file = tmp_path / "page.html"
    assert project.history("--html", str(file)).code == 0
    assert "No runs in this time." in shown(file)


def test_page_is_one_file(filled: Project, tmp_path: Path) -> None:
    """Nothing in it points elsewhere, its policy forbids loading, and it lies alone in its folder."""
    file = tmp_path / "out" / "page.html"
    file.parent.mkdir()
    assert filled.history(*ALL, "--html", str(file)).code == 0
    text = file.read_text()
    assert not re.search(r"https?://|@import|url\(|\bsrc=|\bhref=", text)
    assert "default-src 'none'" in text
    assert list(file.parent.iterdir()) == [file]
    data = text.split('id="data">')[1].split("</script>")[0]
    assert len(json.loads(data)["groups"]) == 2


def test_only_a_whole_page_replaces(filled: Project, tmp_path: Path) -> None:
    """A page that cannot be made leaves the old one, and nothing beside it; a link stays a link."""
    file, link = tmp_path / "out" / "page.html", tmp_path / "link.html"
    file.parent.mkdir()
    file.write_text("old")
    link.symlink_to(file)
    assert filled.history(*ALL, "--dag", "nowhere", "--html", str(file)).code == 1
    assert file.read_text() == "old"
    assert filled.history(*ALL, "--html", str(link)).code == 0
    assert link.is_symlink()
    assert file.read_text().endswith("</html>\n")
    refused = filled.history(*ALL, "--html", str(file.parent))
    assert (refused.code, "Traceback" in refused.err) == (1, False)
    assert list(file.parent.iterdir()) == [file]
    missing = filled.history(*ALL, "--html", str(tmp_path / "none" / "page.html"))
    assert (missing.code, "No such file or directory" in missing.err) == (1, True)


def test_data_is_put_in_as_it_is() -> None:
    """Nothing in the data is replaced, not even what looks like a place of the template."""
    text = "@POLICY@ @SCRIPT@ @DATA@ \\g<0> \u2028 </script> \ud800"
    page = render({"text": text})
    assert json.loads(page.split('id="data">')[1].split("</script>")[0]) == {"text": text}

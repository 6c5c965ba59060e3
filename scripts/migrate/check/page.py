"""The report as a page for a browser: no script, so nothing that a file says can run."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from scripts.migrate.check.examine import Report
from scripts.migrate.check.finding import SEVERITIES, Finding, rank
from scripts.migrate.check.report import PROVED
from scripts.page import write_whole

PAGE = Path(__file__).with_name("page.html")


def write(file: Path, report: Report) -> int:
    """Write the page whole or not at all, and return its size in bytes."""
    move, made = report.case.move, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    head = {
        "TITLE": f"Airflow {move.before} → {move.after}",
        "ABOUT": f"{report.case.place.root} · {report.seen} · {made}",
        "VERDICT": "Nothing breaks" if report.healthy else "Something breaks",
    }
    page = PAGE.read_text()
    for name, text in head.items():
        page = page.replace(f"@{name}@", html.escape(text))
    page = page.replace("@TILES@", "".join(_tiles(report))).replace("@FILES@", "".join(_files(report)))
    return write_whole(file, page)


def _tiles(report: Report) -> Iterator[str]:
    for severity, meaning in SEVERITIES.items():
        count = report.counts[severity]
        yield (
            f'<label class="tile {severity}"><input type="checkbox" id="show-{severity}" checked>'
            f"<b>{count}</b><span>{severity}</span><small>{html.escape(meaning)}</small></label>"
        )


def _files(report: Report) -> Iterator[str]:
    files = defaultdict[str, list[Finding]](list)
    for one in report.findings:
        files[one.file].append(one)
    for name, own in sorted(files.items(), key=lambda item: (min(rank(one.severity) for one in item[1]), item[0])):
        rows = "".join(map(_row, own))
        kinds = " ".join(sorted({one.severity for one in own}))
        head = f"<summary>{html.escape(name)} <i>{len(own)}</i></summary>"
        yield f'<details class="{kinds}" open>{head}<table>{rows}</table></details>'
    if not files:
        yield "<p>Nothing to mend.</p>"


def _row(one: Finding) -> str:
    what, fix, rule = html.escape(one.what), html.escape(one.fix), html.escape(one.rule)
    proved = f" · {PROVED}" if one.proved else ""
    return (
        f'<tr class="{one.severity}"><td class="n">{one.line or ""}</td><td class="mark">{one.severity}</td>'
        f"<td>{what}<small>{rule}{proved}</small></td><td>{fix}</td></tr>"
    )

"""One run, node by node."""

from __future__ import annotations

from rich.text import Text

from scripts.console import wide
from scripts.history import screen
from scripts.history.model import Node, Run
from scripts.history.text import count, kind, short

BAR = 24  # characters of the timeline


def show(run: Run, artifacts: str, failed: bool, limit: int | None) -> None:
    """Print a run: its nodes by their start, its errors, and where its raw artifacts are."""
    head = f"{run.title} · {run.run} · {screen.moment(run.at)} UTC · "
    wide(Text.assemble((head, "bold"), screen.state(run.state), f" · {run.seconds:.1f} s"))
    git = f" · git {run.git[:12]}" if run.git else ""
    wide(Text(f"release {run.release}{git} · project {run.project} · {count(len(run.nodes), 'node')}"))
    nodes = sorted(run.nodes.items(), key=lambda item: (item[1].start, item[0]))
    chosen = [(name, node) for name, node in nodes if node.failed or not failed][:limit]
    names = ("node", "kind", "state", "start", "seconds", "tries", "")
    whole = max((node.start + node.seconds for node in run.nodes.values()), default=0.0)
    if chosen:
        screen.table(screen.fitting(names), [screen.fitting(_row(name, node, whole)) for name, node in chosen])
    for name, text in run.errors.items():
        wide(Text(f"{short(name)}:", style="bold red"))
        wide(Text(text.rstrip()))
    wide(Text(f"artifacts: {artifacts}"))


def _row(name: str, node: Node, whole: float) -> list[str | Text]:
    start, seconds = screen.seconds(node.start), screen.seconds(node.seconds)
    return [short(name), kind(name), screen.state(node.status), start, seconds, str(node.tries), _bar(node, whole)]


def _bar(node: Node, whole: float) -> Text:
    if not node.ran or whole <= 0:
        return Text("")
    before = min(int(BAR * max(node.start, 0) / whole), BAR - 1)
    length = max(1, min(round(BAR * node.seconds / whole), BAR - before))
    return Text(" " * before + "━" * length, style=screen.COLOURS.get(node.status, "red"))

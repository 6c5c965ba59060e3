"""Configuration that code asks for or sets by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.env.renamed import rename
from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source, text_of

GONE = Rule("option-gone", "breaks", "code that asks for a configuration option that is gone")
RENAMED = Rule("option-renamed", "deprecated", "code that names a configuration option by its old name")
VARIABLE = re.compile(r"\bAIRFLOW__([A-Z][A-Z0-9_]*?)__([A-Z][A-Z0-9_]*)\b")
ASKED = re.compile(r"airflow\.configuration\.(conf\.)?(get|getboolean|getint|getfloat|getjson|getlist|getimport)")
# The database's own are told as such.
DATABASE = "sql_alchemy"


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield names of options that the new version does not know."""
    for call, _ in source.calls:
        if ASKED.fullmatch(source.dotted(call.func)):
            texts = [text_of(one) for one in call.args[:2]]
            if len(texts) == 2 and all(texts):  # noqa: PLR2004 - section and key
                yield from _told(source, call.lineno, f"{texts[0]}.{texts[1]}".lower(), move)
    for number, line in enumerate(source.text.splitlines(), 1):
        for found in VARIABLE.finditer(line):
            yield from _told(source, number, f"{found[1]}.{found[2]}".lower(), move)


def _told(source: Source, line: int, option: str, move: Move) -> Iterator[Finding]:
    new = rename(option, move.after)
    if DATABASE in option or new == option:
        return
    if new is None:
        what = f"Airflow {move.after} has no option {option}"
        yield source.finding(line, GONE, what, "leave it out, or give your code a setting of its own")
    else:
        yield source.finding(line, RENAMED, f"option {option} is {new} in Airflow {move.after}", f"write {new}")

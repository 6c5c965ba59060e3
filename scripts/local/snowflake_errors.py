"""The rehearsal's Snowflake fails in Snowflake's words.

fakesnow hands on what DuckDB and sqlglot say of a statement that the sender never wrote. Whatever reads errors,
dbt and the message in Slack among them, then meets here what it meets in production: code, SQL state, text, and the
line and position in the sender's own statement.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from scripts.local.snowflake_statement import Excerpt, Place, Statement, shown

COMPILATION = "SQL compilation error:"
# The code that fakesnow's connector has put in front.
CODE = re.compile(r"\A\d{6} \(\w+\): ")
# The statement, quoted behind an error: whatever words it has are not the error's.
SQL = re.compile(r"\n+LINE \d+: |\nSQL: |(?<=\.)\n  ")
NAMED = ("TABLE", "VIEW", "SCHEMA", "DATABASE")


class Failure(NamedTuple):
    """What Snowflake says of a statement."""

    code: str
    state: str
    text: str


type Found = re.Match[str]


def in_own_words(answer: dict[str, Any], statement: Statement) -> dict[str, Any]:
    """Return a failed answer as Snowflake gives it; one that no rule knows, as it is."""
    if answer.get("success"):
        return answer
    failure = translate(str(answer.get("message")), statement)
    if not failure:
        return answer
    data = {"errorCode": failure.code, "sqlState": failure.state, "queryId": str(uuid.uuid4())}
    return {"data": data, "code": failure.code, "message": failure.text, "success": False}


def translate(message: str, statement: Statement) -> Failure | None:
    """Return Snowflake's failure for what DuckDB or sqlglot said of a statement."""
    head = SQL.split(CODE.sub("", message))[0]
    for pattern, tell in RULES:
        if found := pattern.search(head):
            return tell(found, replace(statement, excerpt=Excerpt.of(message)))
    return None


def unknown_column(found: Found, statement: Statement) -> Failure:
    """Tell of a column that no table has."""
    column, table = found["column"], found.groupdict().get("table")
    names = [name for name in (table, column) if name]
    at = statement.find(names)
    if not at and table:
        names, at = [column], statement.find([column])
    return _invalid(names, at)


def unknown_alias(found: Found, statement: Statement) -> Failure:
    """Tell of a column whose table is not in the query."""
    names = (statement.excerpt.name or found["table"]).split(".")
    return _invalid(names, statement.find(names))


def _invalid(names: list[str], at: Place | None) -> Failure:
    name = ".".join(map(shown, names))
    where = f"error line {at[0]} at position {at[1]}" if at else ""
    return Failure("000904", "42000", f"{COMPILATION} {where}".rstrip() + f"\ninvalid identifier '{name}'")


def unknown_relation(found: Found, statement: Statement) -> Failure:
    """Tell of a table, view or schema that is not there."""
    written = statement.relation(found["name"])
    if found["schema"]:
        return _missing("Schema", written[:-1], "02000")
    if found["kind"] == "Schema":
        return _missing("Schema", statement.schema(found["name"]), "02000")
    verb = _verb(statement)
    named = verb[0] in ("DROP", "ALTER", "TRUNCATE", "DESCRIBE", "DESC") and verb[1] in NAMED
    return _missing(verb[1].title() if named else "Object", written, "42S02")


def _verb(statement: Statement) -> tuple[str, ...]:
    words = [token.text.upper() for token in statement.tokens[:2]]
    return (*words, "", "")[:2]


def _missing(kind: str, name: tuple[str, ...], state: str) -> Failure:
    written = ".".join(map(shown, name))
    return Failure("002003", state, f"{COMPILATION}\n{kind} '{written}' does not exist or not authorized.")


def existing(found: Found, statement: Statement) -> Failure:
    """Tell of a relation that is there already."""
    written = ".".join(map(shown, statement.relation(found["name"])))
    return Failure("002002", "42710", f"{COMPILATION}\nObject '{written}' already exists.")


def misread(found: Found, statement: Statement) -> Failure:
    """Tell of a word that sqlglot could not read."""
    line, column = int(found["line"]), int(found["column"])
    at, word = statement.at_column(line, column, following=found["message"].startswith("Expected END"))
    last = statement.tokens and (line, column) == (statement.tokens[-1].line, statement.tokens[-1].col)
    return _syntax(*(statement.end() if last and found["message"].startswith(("Required", "Expect")) else (at, word)))


def misread_late(found: Found, statement: Statement) -> Failure:
    """Tell of a word that DuckDB could not read, though sqlglot could."""
    word = found["word"] or ""
    names = [number for number, token in enumerate(statement.tokens) if token.text.upper() == word.upper()]
    at_end = not names or names[-1] == len(statement.tokens) - 1
    return _syntax(*(statement.end() if at_end else statement.unexpected(names[0])))


def _syntax(at: Place, word: str) -> Failure:
    text = f"{COMPILATION}\nsyntax error line {at[0]} at position {at[1]} unexpected '{word}'."
    return Failure("001003", "42000", text)


def unread(_: Found, statement: Statement) -> Failure:
    """Tell of a text or name whose closing quote is missing."""
    (line, position), word = statement.end()
    return Failure("001003", "42000", f"{COMPILATION}\nparse error line {line} at position {position} near '{word}'.")


def bad_number(found: Found, _: Statement) -> Failure:
    """Tell of a text that is no number, or no truth value."""
    kind = "Boolean" if found["type"].startswith("BOOL") else "Numeric"
    code = "100037" if kind == "Boolean" else "100038"
    return Failure(code, "22018", f"{kind} value '{found['value']}' is not recognized")


def bad_time(found: Found, _: Statement) -> Failure:
    """Tell of a text that is no date or timestamp."""
    code = "100040" if found["type"] == "date" else "100035"
    return Failure(code, "22007", f"{found['type'].title()} '{found['value']}' is not recognized")


RULES: tuple[tuple[re.Pattern[str], Callable[[Found, Statement], Failure]], ...] = (
    (re.compile(r"\A(?P<message>(?!The number of)[^\n]*?)\. Line (?P<line>\d+), Col: (?P<column>\d+)"), misread),
    (re.compile(r'Referenced (?:update )?column "?(?P<column>.+?)"? (?:was )?not found'), unknown_column),
    (re.compile(r'"(?P<table>[^"]+)" does not have a column (?:named|with name) "(?P<column>.+?)"'), unknown_column),
    (re.compile(r'Column "(?P<column>[^"]+)" does not exist on (?:left|right) side of join'), unknown_column),
    (re.compile(r'Referenced table "(?P<table>.+?)" not found'), unknown_alias),
    (
        re.compile(
            r'(?P<kind>Table|View|Schema) with name "?(?P<name>[^"\n]+?)"? does not exist'
            r'(?: because schema "(?P<schema>[^"]+)")?'
        ),
        unknown_relation,
    ),
    (re.compile(r'(?:Table|View|Schema) with name "?(?P<name>[^"\n]+?)"? already exists'), existing),
    (re.compile(r'Parser Error: syntax error at (?:or near "(?P<word>[^"]+)"|end of input)'), misread_late),
    (re.compile(r"TokenError: Error tokenizing|\AError tokenizing"), unread),
    (
        re.compile(
            r"Could not convert string (?P<q>['\"])(?P<value>(?s:.*))(?P=q) to (?P<type>BOOL|U?INT|DEC|DOUBLE|FLOAT)"
        ),
        bad_number,
    ),
    (
        re.compile(r'(?:invalid )?(?P<type>date|timestamp) field (?:format|value out of range): "(?P<value>[^"]*)"'),
        bad_time,
    ),
    (
        re.compile(r'Ambiguous reference to column name "(?P<column>[^"]+)"'),
        lambda found, _: Failure("002028", "42601", f"{COMPILATION}\nambiguous column name '{shown(found['column'])}'"),
    ),
    (
        re.compile(r'column "(?P<column>[^"]+)" must appear in the GROUP BY clause'),
        lambda found, _: Failure(
            "000979", "42601", f"{COMPILATION}\n[{found['column']}] is not a valid group by expression"
        ),
    ),
    (
        re.compile("NOT NULL constraint failed"),
        lambda *_: Failure("100072", "22000", "NULL result in a non-nullable column"),
    ),
    (re.compile("Division by zero"), lambda *_: Failure("100051", "22012", "Division by zero")),
)

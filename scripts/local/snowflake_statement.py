"""A statement as its sender wrote it, searched for what an error is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import sqlglot
from sqlglot import Token, TokenType
from sqlglot.errors import SqlglotError

type Place = tuple[int, int]

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")
_BEGINNINGS = ("SELECT", "WITH", "CREATE", "INSERT", "UPDATE", "DELETE", "MERGE", "DROP", "ALTER")
_NEAR = 8  # words on each side of a name that tell its occurrences apart


def shown(name: str) -> str:
    """Return a name as Snowflake prints it: quoted if it needs quotes."""
    return name if _PLAIN.fullmatch(name) else f'"{name}"'


@dataclass(frozen=True)
class Excerpt:
    """The words around an error in DuckDB's own statement, which is not the sender's."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    name: str = ""

    @classmethod
    def of(cls, message: str) -> Excerpt:
        """Read `LINE 1: …` and the line with the ^ under it."""
        found = re.search(r"^(LINE \d+: )(.*)\n( *)\^", message, re.MULTILINE)
        if not found:
            return cls()
        at = len(found[3]) - len(found[1])
        before, after = found[2][:at], found[2][at:]
        name = re.match(r"[\w$.\"]+", after)
        rest = after[name.end() :] if name else after
        return cls(_words(before, last=True), _words(rest), name[0].replace('"', "") if name else "")


def _words(text: str, *, last: bool = False) -> frozenset[str]:
    words = re.findall(r"\w+", text.upper())
    return frozenset(words[-_NEAR:] if last else words[:_NEAR])


@dataclass(frozen=True)
class Statement:
    """What was sent, what was asked of fakesnow in its place, and the words around what is wrong with it."""

    sent: str
    asked: str
    excerpt: Excerpt = Excerpt()

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens of what was sent, without comments; none if it cannot be read."""
        return _tokens(self.sent)

    def find(self, names: Sequence[str]) -> Place | None:
        """Return where these names stand, joined by dots, outside of comments and texts.

        Of several occurrences it is the one whose neighbours are most like the excerpt's.
        """
        found = [at for at, chain in self._chains() if [name for name, _ in chain][: len(names)] == list(names)]
        if not found:
            return None
        used = [at for at in found if at == 0 or self.tokens[at - 1].token_type != TokenType.ALIAS]
        best = max(used or found, key=self._likeness)
        return place(self.sent, self.tokens[best].start)

    def relation(self, name: str) -> tuple[str, ...]:
        """Return the whole name of the relation whose name ends so, as it was written."""
        parts = tuple(name.split("."))
        return next((written for written in self._written() if written[-len(parts) :] == parts), parts)

    def schema(self, name: str) -> tuple[str, ...]:
        """Return the whole name of this schema, as it was written in front of a relation or by itself."""
        written = (names[: names.index(name) + 1] for names in self._written() if name in names)
        return next(written, (name,))

    def at_column(self, line: int, column: int, following: int = 0) -> tuple[Place, str]:
        """Return the token that ends there in what was asked, counted from the end: rewrites change beginnings only."""
        asked = _tokens(self.asked)
        number = next((n for n, t in enumerate(asked) if (t.line, t.col) == (line, column)), len(asked))
        at = len(self.tokens) - (len(asked) - number) + following
        return self.unexpected(at) if 0 <= at < len(self.tokens) else self.end()

    def unexpected(self, at: int) -> tuple[Place, str]:
        """Return the token that a reader stumbles over: a misspelt first word, else the one at this index."""
        depth, first = 0, 0
        for number in range(at - 1, -1, -1):
            depth += {TokenType.R_PAREN: 1, TokenType.L_PAREN: -1}.get(self.tokens[number].token_type, 0)
            if depth < 0:
                first = number + 1
                break
        opening = self.tokens[first]
        misspelt = opening.token_type == TokenType.VAR and get_close_matches(opening.text.upper(), _BEGINNINGS)
        token = opening if misspelt else self.tokens[at]
        return place(self.sent, token.start), self.sent[token.start : token.end + 1]

    def end(self) -> tuple[Place, str]:
        """Return the end of the statement, by Snowflake's name for it."""
        return place(self.sent, len(self.sent.rstrip())), "<EOF>"

    def _written(self) -> Iterator[tuple[str, ...]]:
        for _, chain in self._chains():
            yield tuple(name for name, _ in chain)

    def _chains(self) -> Iterator[tuple[int, list[tuple[str, Token]]]]:
        """Return each name with its parts, and the index where it begins."""
        at = 0
        while at < len(self.tokens):
            chain = self._chain(at)
            if chain:
                yield at, chain
            at += max(1, 2 * len(chain) - 1)

    def _chain(self, at: int) -> list[tuple[str, Token]]:
        chain: list[tuple[str, Token]] = []
        while at < len(self.tokens) and (name := _name(self.tokens[at])):
            chain.append((name, self.tokens[at]))
            if at + 1 >= len(self.tokens) or self.tokens[at + 1].token_type != TokenType.DOT:
                break
            at += 2
        return chain

    def _likeness(self, at: int) -> int:
        before = {token.text.upper() for token in self.tokens[max(0, at - _NEAR) : at]}
        after = {token.text.upper() for token in self.tokens[at + 1 : at + 1 + _NEAR]}
        return len(before & self.excerpt.before) + len(after & self.excerpt.after)


def place(text: str, offset: int) -> Place:
    """Return line, counted from 1, and position in it, counted from 0."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1)


def _tokens(sql: str) -> list[Token]:
    try:
        tokens = sqlglot.tokenize(sql, read="snowflake")
    except SqlglotError:
        return []
    return [token for token in tokens if token.token_type != TokenType.SEMICOLON]


def _name(token: Token) -> str | None:
    if token.token_type == TokenType.IDENTIFIER:
        return token.text
    word = re.fullmatch(r"[A-Za-z_][\w$]*", token.text)
    return token.text.upper() if word and not token.token_type.name.endswith("STRING") else None

"""How long a token of the rehearsal's MWAA lives, and how many calls a second there are, on a clock of the test's."""

from __future__ import annotations

from scripts.local.throttle import Throttle
from scripts.local.tokens import LIFE, Tokens


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_token_lives_a_minute() -> None:
    """A token may be used again for 60 s, and never after that; others are not touched by its end."""
    clock = Clock()
    tokens = Tokens(clock)
    first = tokens.issue()
    clock.now += 30
    second = tokens.issue()
    assert first != second
    assert tokens.valid(first)
    assert tokens.valid(first)
    clock.now += 29.9
    assert tokens.valid(first)
    clock.now += 0.2
    assert (tokens.valid(first), tokens.valid(second)) == (False, True)
    assert LIFE == 60


def test_only_tokens_are_valid() -> None:
    """What was never given out is not valid, whatever it is made of."""
    tokens = Tokens()
    assert not tokens.valid("")
    given = tokens.issue()
    assert len(given) > 80
    assert [tokens.valid(text) for text in ("", given[:-1], given + "a", "é", "\udce9")] == [False] * 5
    assert not Tokens().valid(given)


def test_room_comes_back() -> None:
    """Ten calls at once have room, then one each tenth of a second; a rest makes room for ten again, not for more."""
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.take() for _ in range(12)] == [True] * 10 + [False] * 2
    clock.now += 0.1001
    assert [throttle.take() for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [throttle.take() for _ in range(12)] == [True] * 10 + [False] * 2

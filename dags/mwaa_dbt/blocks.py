"""Slack's blocks: text from elsewhere stays text, and every block keeps within Slack's limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

HEADER, SECTION = 150, 3000
FENCE = 2400  # characters between two fences, once escaped; leaves room for a heading in the same section
LINE = 300

type Block = dict[str, Any]


def clip(text: str, length: int) -> str:
    """Return a text of at most this length."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def escape(text: str) -> str:
    """Return a text in which Slack sees no mention, link or entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str, length: int = 150) -> str:
    """Return a text as inline code."""
    return f"`{escape(clip(' '.join(text.split()), length).replace('`', chr(39)))}`"


def fence(lines: Iterable[str]) -> str:
    """Return lines as a block of code, as many as fit."""
    kept: list[str] = []
    room = FENCE
    for line in lines:
        # A fence within would end the block.
        shown = escape(clip(line.rstrip(), LINE).replace("```", "'''"))
        if len(shown) >= room:
            kept.append("…")
            break
        kept.append(shown)
        room -= len(shown) + 1
    return "\n".join(("```", *kept, "```"))


def link(url: str, text: str) -> str:
    """Return a link, or the text alone if there is no address."""
    return f"<{escape(url)}|{escape(text)}>" if url else escape(text)


def header(text: str) -> Block:
    """Return a heading; it is no mrkdwn, so nothing in it has a meaning."""
    return {"type": "header", "text": {"type": "plain_text", "text": clip(text, HEADER), "emoji": True}}


def section(*paragraphs: str) -> Block:
    """Return a paragraph; names of people and channels in it are not looked up."""
    text = clip("\n".join(filter(None, paragraphs)), SECTION)
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def context(parts: Sequence[str]) -> list[Block]:
    """Return a line in small print; none if there is nothing to say."""
    text = clip(" · ".join(filter(None, parts)), SECTION)
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}] if text else []

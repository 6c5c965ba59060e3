"""CloudWatch's log groups."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from scripts.aws.errors import Told

GONE, THERE = "ResourceNotFoundException", "ResourceAlreadyExistsException"
# Of one call of PutLogEvents: the API takes 10,000 events and a megabyte of UTF-8, 26 bytes more per event.
EVENTS, BYTES, MORE = 10_000, 1_000_000, 26


class Line(NamedTuple):
    """A line of a log stream, with the time that it was written at."""

    at: datetime
    stream: str
    text: str


class Logs:
    """The log groups of a region. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, told: Told) -> None:
        self._client, self._told = client, told

    def lines(self, group: str, streams: str, since: datetime, pattern: str = "") -> Iterator[Line]:
        """Yield the lines of the streams with this prefix, oldest first; none if there is no such group.

        Args:
            group: the group's name.
            streams: what the streams' names begin with; all if empty.
            since: the earliest moment.
            pattern: CloudWatch's filter pattern, for less to be sent.
        """
        wanted = {
            "logGroupName": group,
            "startTime": int(since.timestamp() * 1000),
            **({"logStreamNamePrefix": streams} if streams else {}),
            **({"filterPattern": pattern} if pattern else {}),
        }
        with self._told("logs:FilterLogEvents", group), _allowed(GONE):
            for page in self._client.get_paginator("filter_log_events").paginate(**wanted):
                yield from (_line(event) for event in page["events"] if event["logStreamName"].startswith(streams))

    def write(self, group: str, stream: str, texts: Sequence[str]) -> None:
        """Write lines to a stream, as of now; group and stream are made if need be. Empty lines are left out."""
        with self._told("logs:PutLogEvents", group):
            for create, names in (
                (self._client.create_log_group, {}),
                (self._client.create_log_stream, {"logStreamName": stream}),
            ):
                with _allowed(THERE):
                    create(logGroupName=group, **names)
            now = int(datetime.now(UTC).timestamp() * 1000)
            for part in _parts([text for text in texts if text.strip()]):
                events = [{"timestamp": now, "message": text} for text in part]
                self._client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@contextlib.contextmanager
def _allowed(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    part, size = list[str](), 0
    for text in texts:
        more = len(text.encode()) + MORE
        if part and (len(part) == EVENTS or size + more > BYTES):
            yield part
            part, size = [], 0
        part.append(text)
        size += more
    if part:
        yield part


def _line(event: dict[str, Any]) -> Line:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return Line(at, str(event["logStreamName"]), str(event["message"]))

"""CloudWatch's log groups."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from scripts.aws.errors import Told

GONE, THERE = "ResourceNotFoundException", "ResourceAlreadyExistsException"
# Of one call of PutLogEvents: the API takes 10,000 events, a megabyte of UTF-8, 26 bytes more per event, and a day.
EVENTS, BYTES, MORE, DAY = 10_000, 1_000_000, 26, 86_400_000
OLDEST = 14  # days that PutLogEvents takes, and those of the group's retention if they are fewer


class Event(NamedTuple):
    """An event of a log stream: milliseconds since the epoch, and its text."""

    at: int
    text: str


class Stream(NamedTuple):
    """A log stream with the times of its first and last event, in milliseconds; 0 while it has none.

    CloudWatch may tell these times an hour late.
    """

    name: str
    first: int
    last: int


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

    def streams(self, group: str) -> Iterator[Stream]:
        """Yield the streams of a group, those first that were written last; none if there is no such group."""
        wanted = {"logGroupName": group, "orderBy": "LastEventTime", "descending": True}
        with self._told("logs:DescribeLogStreams", group), _allowed(GONE):
            for page in self._client.get_paginator("describe_log_streams").paginate(**wanted):
                for found in page["logStreams"]:
                    times = (int(found.get(f"{name}EventTimestamp") or 0) for name in ("first", "last"))
                    yield Stream(str(found["logStreamName"]), *times)

    def events(self, group: str, stream: str) -> list[Event]:
        """Return all events of a stream, oldest first; none if there is no such stream."""
        wanted = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        events, token = list[Event](), ""
        with self._told("logs:GetLogEvents", group), _allowed(GONE):
            while True:
                page = self._client.get_log_events(**wanted, **({"nextToken": token} if token else {}))
                events += [Event(int(found["timestamp"]), str(found["message"])) for found in page["events"]]
                # At its end a stream gives the token back that it was asked with.
                if page["nextForwardToken"] == token:
                    break
                token = page["nextForwardToken"]
        return events

    def days(self, group: str) -> int | None:
        """Return how old an event may be that a group takes; None if there is no such group."""
        with self._told("logs:DescribeLogGroups", group):
            for page in self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group):
                for found in page["logGroups"]:
                    if found["logGroupName"] == group:
                        return min(OLDEST, int(found.get("retentionInDays") or OLDEST))
        return None

    def write(self, group: str, stream: str, texts: Sequence[str]) -> None:
        """Write lines to a stream, as of now; group and stream are made if need be. Empty lines are left out."""
        now = int(datetime.now(UTC).timestamp() * 1000)
        with self._told("logs:PutLogEvents", group), _allowed(THERE):
            self._client.create_log_group(logGroupName=group)
        self.append(group, stream, [Event(now, text) for text in texts if text.strip()])

    def append(self, group: str, stream: str, events: Sequence[Event]) -> int:
        """Write events with their times, oldest first, and return how many CloudWatch took.

        The stream is made if need be. Events of one millisecond are written by one call, if that can hold them: who is
        ended in between leaves a stream whose last event is not that of the whole.
        """
        taken = 0
        with self._told("logs:PutLogEvents", group):
            with _allowed(THERE):
                self._client.create_log_stream(logGroupName=group, logStreamName=stream)
            for part in _parts(events):
                sent = [{"timestamp": event.at, "message": event.text} for event in part]
                told = self._client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=sent)
                taken += len(part) - _refused(told.get("rejectedLogEventsInfo") or {}, len(part))
        return taken


def _refused(told: dict[str, int], sent: int) -> int:
    old = max(told.get("tooOldLogEventEndIndex", 0), told.get("expiredLogEventEndIndex", 0))
    return old + sent - told.get("tooNewLogEventStartIndex", sent)


@contextlib.contextmanager
def _allowed(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise


def _parts(events: Sequence[Event]) -> Iterator[list[Event]]:
    part, size = list[Event](), 0
    for event in events:
        more = len(event.text.encode()) + MORE
        if part and (len(part) == EVENTS or size + more > BYTES or event.at - part[0].at >= DAY):
            cut = _cut(part, event)
            yield part[:cut]
            part = part[cut:]
            size = sum(len(one.text.encode()) + MORE for one in part)
        part.append(event)
        size += more
    if part:
        yield part


def _cut(part: Sequence[Event], coming: Event) -> int:
    """Return where to cut, so that no millisecond is in two parts; at the end if one fills the whole."""
    same = next((number for number, event in enumerate(part) if event.at == coming.at), len(part))
    return same or len(part)


def _line(event: dict[str, Any]) -> Line:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return Line(at, str(event["logStreamName"]), str(event["message"]))

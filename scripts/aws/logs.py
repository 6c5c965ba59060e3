"""CloudWatch's log groups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from scripts.aws.errors import Told

GONE = "ResourceNotFoundException"


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
        with self._told("logs:FilterLogEvents", group):
            try:
                for page in self._client.get_paginator("filter_log_events").paginate(**wanted):
                    yield from (_line(event) for event in page["events"] if event["logStreamName"].startswith(streams))
            except ClientError as error:
                if error.response["Error"]["Code"] != GONE:
                    raise


def _line(event: dict[str, Any]) -> Line:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return Line(at, str(event["logStreamName"]), str(event["message"]))

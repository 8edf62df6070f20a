"""Who started a run, by CloudTrail: an execution itself is not told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bedrock_customization_runtime.aws_protocols import EventHistory

# The manifest's start is a few seconds after the call; a queue of executions may add minutes.
_AROUND = timedelta(hours=1)


class _Identity(msgspec.Struct):
    arn: str | None = None


class _Started(msgspec.Struct, rename="camel"):
    execution_arn: str | None = None


class _Event(msgspec.Struct, rename="camel"):
    """What we read of a record of CloudTrail."""

    user_identity: _Identity
    response_elements: _Started | None = None
    """None where the call was refused."""


def submitter_of(history: EventHistory, execution_arn: str, *, started: str) -> str | None:
    """Return the ARN of who called StartExecution, None if no event says so (yet).

    Args:
        history: CloudTrail's client; it learns of a call within about five minutes and forgets it
            after 90 days.
        execution_arn: The run.
        started: When, ISO 8601.
    """
    for text in _events(history, datetime.fromisoformat(started)):
        event = msgspec.json.decode(text, type=_Event)
        if event.response_elements and event.response_elements.execution_arn == execution_arn:
            return event.user_identity.arn
    return None


def _events(history: EventHistory, around: datetime) -> Iterator[str]:
    request: dict[str, object] = {
        "LookupAttributes": [
            {"AttributeKey": "EventName", "AttributeValue": "StartExecution"},
        ],
        "StartTime": around - _AROUND,
        "EndTime": around + _AROUND,
    }
    while True:
        page = history.lookup_events(**request)
        found: Sequence[Mapping[str, str]] = page["Events"]  # type: ignore[assignment] # as its API says
        yield from (one["CloudTrailEvent"] for one in found)
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]

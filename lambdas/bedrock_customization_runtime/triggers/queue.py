"""The queue of a pipeline as a value: who asks, what was started, what is to be done next.

It is one JSON document in S3, written only over the version that was read, so it survives whatever
dies between two steps. It does not hold events but what they ask for: a hundred new files ask once,
and what data there are, the bucket itself says. Pure: knows no AWS and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from bedrock_customization_runtime.contract.triggers import TriggerKind, Watch

NO_DATA = ""
"""Digest of a prefix that holds no data."""
_MAX_RESTLESS = 12
"""Looks at data that never rest, before a run takes what is there."""
_MAX_HANDLED = 100
_FIRST_POLL_SECONDS, _POLL_GROWTH, _MAX_POLL_SECONDS = 60, 1.1, 3600


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks for a run."""

    kind: TriggerKind
    occasion: str = ""


class StartedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that the queue started, or is about to."""

    name: str
    """Of the execution."""
    data: str
    """Digest of the list of data when it was decided."""
    started: bool = False
    """Whether Step Functions is known to have taken it."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Who waits for a run."""

    requests: tuple[Request, ...] = ()
    handled: tuple[str, ...] = ()
    """Occasions that are dealt with, the latest last: events may come twice."""
    watcher: str | None = None
    """Name of the execution that watches the queue, None while nobody asks."""
    watchers: int = 0
    """How many there have been."""
    run: StartedRun | None = None
    """The latest."""
    runs: int = 0
    """How many were started."""
    succeeded: str | None = None
    """Digest of the data of the latest run that came to a decision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """What a look at the world shows.

    Args:
        data: Digest of the list of data.
        is_running: Whether any run of the pipeline is under way.
        has_succeeded: Whether the queue's latest run came to a decision.
    """

    data: str
    is_running: bool
    has_succeeded: bool


def asked(queue: Queue, request: Request) -> Queue:
    """Return the queue with a request, and with a watcher; as it is, if the request is known."""
    if request.occasion and request.occasion in queue.handled:
        return queue
    if request not in queue.requests:
        queue = replace(queue, requests=(*queue.requests, request))
    return queue if queue.watcher else _watched_anew(queue)


def watched_by_another(queue: Queue, dead: str) -> Queue:
    """Return the queue with a new watcher, if it still waits for one that has ended."""
    return _watched_anew(queue) if queue.watcher == dead else queue


def looked_at(
    queue: Queue, sight: Sight, watch: Watch | None, *, quiet_seconds: int
) -> tuple[Queue, Watch]:
    """Return the queue after a look, with a run to be started if it is time, and what to do next.

    Args:
        queue: As it was before the look: what is asked for since then is for the next.
        sight: What the look showed.
        watch: Of the look before, None at a watcher's first.
        quiet_seconds: For so long data must rest.
    """
    if queue.run and sight.has_succeeded:
        queue = replace(queue, succeeded=queue.run.data)
    queue = _without(queue, [one for one in queue.requests if _is_moot(one, queue, sight)])
    looks = watch["looks"] if watch else 0
    changed = watch is None or watch["seen"] != sight.data
    restless = (watch["restless"] if watch else 0) + 1 if changed else 0
    after: Watch = {
        "finished": False,
        "wait_seconds": 0,
        "looks": looks,
        "restless": restless,
        "seen": sight.data,
    }
    if not queue.requests:
        return replace(queue, watcher=None), {**after, "finished": True}
    has_new_data = any(one.kind is TriggerKind.NEW_DATA for one in queue.requests)
    if has_new_data and 0 < restless <= _MAX_RESTLESS:
        return queue, {**after, "wait_seconds": quiet_seconds}
    if sight.is_running:
        return queue, {**after, "wait_seconds": _poll_seconds(looks), "looks": looks + 1}
    # The watcher stays until the run is known to have begun: what dies in between is done again.
    return _with_run(queue, sight.data), after


def begun(queue: Queue, name: str) -> Queue:
    """Return the queue when Step Functions has taken its run; nobody watches if nobody asks."""
    if not queue.run or queue.run.name != name:
        return queue
    known = replace(queue, run=replace(queue.run, started=True))
    return known if known.requests else replace(known, watcher=None)


def _watched_anew(queue: Queue) -> Queue:
    number = queue.watchers + 1
    return replace(queue, watcher=f"watch-{number}", watchers=number)


def _is_moot(request: Request, queue: Queue, sight: Sight) -> bool:
    """Return whether a run would show nothing that is not known."""
    match request.kind:
        case TriggerKind.NEW_DATA:
            return sight.data in {NO_DATA, queue.run.data if queue.run else NO_DATA}
        case TriggerKind.SCHEDULE:
            return sight.data in {NO_DATA, queue.succeeded}
        case TriggerKind.ALARM:
            return False


def _without(queue: Queue, requests: list[Request]) -> Queue:
    handled = (*queue.handled, *(one.occasion for one in requests if one.occasion))
    return replace(
        queue,
        requests=tuple(one for one in queue.requests if one not in requests),
        handled=handled[-_MAX_HANDLED:],
    )


def _with_run(queue: Queue, data: str) -> Queue:
    number, first = queue.runs + 1, queue.requests[0]
    occasions = sorted(f"{one.kind}:{one.occasion}" for one in queue.requests)
    digest = sha256("\n".join([data, *occasions]).encode()).hexdigest()[:12]
    run = StartedRun(name=f"{first.kind}-{number}-{digest}", data=data)
    return replace(_without(queue, list(queue.requests)), run=run, runs=number)


def _poll_seconds(looks: int) -> int:
    """Return how long to wait for a run that goes on: about a tenth of what it has taken."""
    # Growth ends where it is an hour anyway, before the power is too large for a float.
    return min(_MAX_POLL_SECONDS, round(_FIRST_POLL_SECONDS * _POLL_GROWTH ** min(looks, 99)))

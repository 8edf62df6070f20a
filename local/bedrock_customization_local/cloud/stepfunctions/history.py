"""The event history of an execution, in botocore's shapes."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.untyped import Json

EVENT_LIMIT: Final = 25_000
"""Events a Standard execution may have, the last one included."""

_DATA_FIELDS: Final = frozenset(
    {"assignedVariables", "cause", "error", "input", "output", "parameters"}
)


class History:
    """The events of one execution, numbered in the order they happened.

    Args:
        clock: Tells the time of each event.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._events: list[dict[str, Json]] = []

    def add(self, kind: str, details: Mapping[str, Json] | None, previous: int) -> int:
        """Append an event.

        Args:
            kind: A `HistoryEventType`.
            details: The members of its details, if it has any.
            previous: The id of the event that led to it.

        Returns:
            Its id.

        Raises:
            StateError: `States.Runtime`: the history is full.
        """
        with self._lock:
            if len(self._events) >= EVENT_LIMIT - 1 and not kind.startswith("Execution"):
                raise StateError(
                    ErrorName.RUNTIME,
                    f"The execution reached the maximum number of history events ({EVENT_LIMIT}).",
                )
            event: dict[str, Json] = {
                "id": len(self._events) + 1,
                "previousEventId": previous,
                "timestamp": self._clock.now(),
                "type": kind,
            }
            if details is not None:
                event[_details_key(kind)] = dict(details)
            self._events.append(event)
            return int(event["id"])

    def events(self, *, reverse: bool = False, include_data: bool = True) -> list[dict[str, Json]]:
        """Return the events so far.

        Args:
            reverse: Newest first.
            include_data: Whether inputs, outputs, errors and causes are shown.
        """
        with self._lock:
            events = list(self._events)
        if reverse:
            events.reverse()
        return events if include_data else [_without_data(event) for event in events]

    def __len__(self) -> int:
        """Return how many events there are."""
        with self._lock:
            return len(self._events)


class Trail:
    """One line of events in a history: each leads to the next. Branches fork.

    Args:
        history: Where the events go.
        last: The id of the event that leads to the first.
    """

    def __init__(self, history: History, last: int = 0) -> None:
        self._history = history
        self.last = last

    def add(self, kind: str, details: Mapping[str, Json] | None = None) -> int:
        """Append an event that the last one led to, and return its id."""
        self.last = self._history.add(kind, details, self.last)
        return self.last

    def fork(self) -> "Trail":
        """Return a line of its own that begins after the last event."""
        return Trail(self._history, self.last)

    def join(self, trails: Sequence["Trail"]) -> None:
        """Go on after the newest event of lines that have ended."""
        self.last = max([self.last, *(trail.last for trail in trails)])


def _details_key(kind: str) -> str:
    if kind.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if kind.endswith("StateExited"):
        return "stateExitedEventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def _without_data(event: Mapping[str, Json]) -> dict[str, Json]:
    return {
        key: {
            name: member
            for name, member in value.items()
            if name.removesuffix("Details") not in _DATA_FIELDS
        }
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }

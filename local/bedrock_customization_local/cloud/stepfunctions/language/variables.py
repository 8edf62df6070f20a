"""Workflow variables: what `Assign` stores and later states read."""

from collections.abc import Iterator, Mapping

from bedrock_customization_local.cloud.stepfunctions.errors import ErrorName, StateError
from bedrock_customization_local.cloud.stepfunctions.language.values import (
    PAYLOAD_LIMIT,
    copy,
    size,
)
from bedrock_customization_local.cloud.untyped import Json


class Variables(Mapping[str, Json]):
    """The variables that a list of states sees: its own, and those of the state around it.

    Args:
        outer: The variables of the state around it; read only from here.
    """

    def __init__(self, outer: "Variables | None" = None) -> None:
        self._outer = outer
        self._own: dict[str, Json] = {}

    def assign(self, values: Mapping[str, Json]) -> None:
        """Store values for the states that follow.

        Raises:
            StateError: `States.DataLimitExceeded`: a value is larger than 256 KiB.
        """
        for name, value in values.items():
            if size(value) > PAYLOAD_LIMIT:
                raise StateError(
                    ErrorName.DATA_LIMIT_EXCEEDED,
                    f"The variable '{name}' has a size exceeding the maximum number of bytes "
                    "service limit.",
                )
        self._own.update({name: copy(value) for name, value in values.items()})

    def __getitem__(self, name: str) -> Json:
        """Return a variable, the innermost of its name."""
        if name in self._own:
            return self._own[name]
        if self._outer is None:
            raise KeyError(name)
        return self._outer[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names that can be seen, each once."""
        yield from self._own
        if self._outer is not None:
            yield from (name for name in self._outer if name not in self._own)

    def __len__(self) -> int:
        """Return how many names can be seen."""
        return sum(1 for _ in self)

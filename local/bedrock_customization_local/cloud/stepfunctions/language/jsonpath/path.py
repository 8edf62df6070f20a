"""A parsed path, and finding what it selects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bedrock_customization_local.cloud.untyped import Json


class PathError(ValueError):
    """A path is malformed, or names nothing in the document."""


Step = Callable[[Json, Json], Iterator[Json]]
"""From a value and the document to the values it selects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """A parsed path.

    Args:
        text: The path as written.
        root: "" for the document, "$" for the context object, otherwise a variable's name.
        steps: What follows the root.
        keys: Names and indexes, if the path is made of those alone.
        definite: Whether it names at most one value; a query yields a list.
        function: A function at the end, such as `length`.
    """

    text: str
    root: str
    steps: tuple[Step, ...]
    keys: tuple[str | int, ...] | None
    definite: bool
    function: str | None

    def find(self, document: Json) -> Json:
        """Return what the path selects in `document`.

        Raises:
            PathError: A path that names one value names none.
        """
        found = [document]
        for step in self.steps:
            found = [value for item in found for value in step(item, document)]
        if self.definite and not found:
            raise PathError(f"no results for path {self.text}")
        result = found[0] if self.definite else found
        return FUNCTIONS[self.function](result) if self.function else result


def _numbers(values: Json) -> list[float]:
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


FUNCTIONS: Final[dict[str, Callable[[Json], Json]]] = {
    "length": len,
    "min": lambda values: min(_numbers(values)),
    "max": lambda values: max(_numbers(values)),
    "sum": lambda values: sum(_numbers(values)),
    "avg": lambda values: sum(_numbers(values)) / len(_numbers(values)),
    "keys": list,
}
"""What may stand at the end of a path."""

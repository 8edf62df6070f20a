"""How services of the embedded AWS tell what they measure about themselves."""

from collections.abc import Mapping
from typing import Protocol


class Measures(Protocol):
    """Takes what is measured."""

    def put(self, namespace: str, name: str, value: float, dimensions: Mapping[str, str]) -> None:
        """Keep a value of a metric.

        Args:
            namespace: Like `AWS/Lambda`.
            name: Of the metric.
            value: In the metric's own unit.
            dimensions: Names and values.
        """

    def read(self, line: str) -> None:
        """Keep the metrics that a line of a log holds in the embedded metric format, if any."""


class Unmeasured:
    """Keeps nothing: for services that run without CloudWatch."""

    def put(self, namespace: str, name: str, value: float, dimensions: Mapping[str, str]) -> None:
        """Forget a value."""

    def read(self, line: str) -> None:
        """Forget a line."""

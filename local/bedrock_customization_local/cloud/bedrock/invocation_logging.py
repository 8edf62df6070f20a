"""The account's model invocation logging configuration: one for each account and Region.

It is kept and returned; invocations are not logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class InvocationLogging:
    """The configuration."""

    def __init__(self) -> None:
        self._configuration: dict[str, Any] | None = None

    def get_model_invocation_logging_configuration(
        self, _parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """GetModelInvocationLoggingConfiguration."""
        return {} if self._configuration is None else {"loggingConfig": self._configuration}

    def put_model_invocation_logging_configuration(
        self, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """PutModelInvocationLoggingConfiguration."""
        self._configuration = dict(parameters["loggingConfig"])
        return {}

    def delete_model_invocation_logging_configuration(
        self, _parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """DeleteModelInvocationLoggingConfiguration."""
        self._configuration = None
        return {}

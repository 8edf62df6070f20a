"""Client request tokens: the same request again gets the same answer, and nothing happens twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.errors import ConflictError, ValidationError
from bedrock_customization_local.cloud.bedrock.shapes import declares

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = "clientRequestToken"


class Tokens:
    """The tokens that were used, each with what was asked and answered."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}

    def replay(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the reply that the same request got before, or None if it is a new one.

        Raises:
            ConflictError: The token was used with other parameters.
            ValidationError: The same, where the operation declares no ConflictException.
        """
        used = self._used.get((operation, parameters.get(_TOKEN, "")))
        if used is None:
            return None
        asked, reply = used
        if asked == dict(parameters):
            return reply
        message = "clientRequestToken: it was used for a request with other parameters"
        raise (ConflictError if declares(operation, ConflictError.code) else ValidationError)(
            message
        )

    def remember(
        self, operation: str, parameters: Mapping[str, Any], reply: dict[str, Any]
    ) -> None:
        """Keep the answer to a request, if it carries a token."""
        if _TOKEN in parameters:
            self._used[operation, parameters[_TOKEN]] = (dict(parameters), reply)

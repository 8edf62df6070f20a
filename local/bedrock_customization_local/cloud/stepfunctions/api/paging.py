"""Lists in pages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.untyped import Json

_DEFAULT_SIZE: Final = 100


def page(parameters: Mapping[str, Json], name: str, items: Sequence[Json]) -> dict[str, Json]:
    """Return the page of a list that `nextToken` and `maxResults` ask for.

    Args:
        parameters: The operation's parameters.
        name: The response's member for the items.
        items: The whole list.

    Raises:
        ApiError: `InvalidToken`: the token is none of ours.
    """
    start = _position(parameters.get("nextToken"))
    end = start + (parameters.get("maxResults") or _DEFAULT_SIZE)
    response: dict[str, Json] = {name: list(items[start:end])}
    if end < len(items):
        response["nextToken"] = urlsafe_b64encode(f"item:{end}".encode()).decode()
    return response


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(urlsafe_b64decode(token).decode().removeprefix("item:"))
    except ValueError as error:
        raise ApiError("InvalidToken", f"Invalid Token: '{token}'") from error

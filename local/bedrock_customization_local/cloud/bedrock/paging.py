"""Lists: filters, order and pages, the same for every family of resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bedrock_customization_local.cloud.bedrock.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

_PAGE = 100
_Item = TypeVar("_Item")


def page(
    items: Sequence[_Item],
    parameters: Mapping[str, Any],
    *,
    name: Callable[[_Item], str],
    created: Callable[[_Item], datetime],
) -> tuple[list[_Item], dict[str, str]]:
    """Return the items of one page and, if there are more, `nextToken`.

    Args:
        items: All that match the request's own filters.
        parameters: The request: name, creation time, order, page size, token.
        name: Returns an item's name.
        created: Returns an item's creation time.

    Raises:
        ValidationError: The token is not one of ours.
    """
    after = parameters.get("creationTimeAfter") or parameters.get("createdAfter")
    before = parameters.get("creationTimeBefore") or parameters.get("createdBefore")
    wanted = [
        item
        for item in items
        if parameters.get("nameContains", "") in name(item)
        and (after is None or created(item) > after)
        and (before is None or created(item) < before)
    ]
    wanted.sort(key=created, reverse=parameters.get("sortOrder") != "Ascending")
    token = parameters.get("nextToken", "0")
    if not token.isdecimal() or int(token) > len(wanted):
        raise ValidationError("nextToken: not a token of this list; use the one of the last page")
    start = int(token)
    end = start + parameters.get("maxResults", _PAGE)
    return wanted[start:end], ({"nextToken": str(end)} if end < len(wanted) else {})

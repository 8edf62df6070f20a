"""What stands below a construct, of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from constructs import Construct

_Kind = TypeVar("_Kind")


def below(scope: Construct, kind: type[_Kind]) -> list[_Kind]:
    """Return all constructs of a kind at and below a construct."""
    return [one for one in scope.node.find_all() if isinstance(one, kind)]

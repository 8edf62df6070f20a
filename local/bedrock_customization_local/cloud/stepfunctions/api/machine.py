"""A state machine as the API keeps it: its revision, versions and aliases."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bedrock_customization_local.cloud.stepfunctions.api.errors import ApiError
from bedrock_customization_local.cloud.untyped import Json

_NAME: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """What a machine is at a time: the part that a version keeps.

    Args:
        definition: Its definition as text.
        role_arn: Whose permissions its tasks have.
        settings: Its logging, tracing and encryption configurations.
        id: What the API calls `revisionId`; none before the first update.
    """

    definition: str
    role_arn: str
    settings: Mapping[str, Json]
    id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A published revision."""

    arn: str
    revision: Revision
    description: str | None
    created: datetime


@dataclass(slots=True)
class Alias:
    """A name for one or two versions."""

    arn: str
    name: str
    routes: list[Json]
    description: str | None
    created: datetime
    updated: datetime


@dataclass(slots=True)
class Machine:
    """A state machine."""

    arn: str
    name: str
    is_express: bool
    revision: Revision
    created: datetime
    updated: datetime
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    published: int = 0


def check_name(name: str) -> str:
    """Return a name that AWS would accept.

    Raises:
        ApiError: `InvalidName`.
    """
    if not _NAME.fullmatch(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")
    return name

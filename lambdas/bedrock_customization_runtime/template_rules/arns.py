"""ARNs of which parts are known only to a deployment."""

from __future__ import annotations

from typing import NamedTuple

from bedrock_customization_runtime.template_rules.intrinsics import masked

_PARTS = 6


class Arn(NamedTuple):
    """An ARN's parts; `_` stands for what is not known."""

    partition: str
    service: str
    region: str
    account: str
    resource: str


def arn_of(text: str) -> Arn | None:
    """Return the parts of a resolved text that is an ARN."""
    parts = masked(text).split(":", _PARTS - 1)
    return Arn(*parts[1:]) if len(parts) == _PARTS and parts[0] == "arn" else None

"""A key that is gone before anyone misses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.values import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_DAYS = 30


@rule(
    id="key-gone-soon",
    title="a key that can be gone in less than 30 days",
    why="with its key a custom model and all data are gone; monthly work notices too late",
    fix="leave PendingWindowInDays out, or set it to 30",
    anchor="https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
    severity=Severity.WARNING,
)
def key_gone_soon(template: Template) -> Iterator[Found]:
    """Find keys with a shorter waiting period than the longest there is."""
    for key in template.of_type("AWS::KMS::Key"):
        days = number(key.get("PendingWindowInDays"))
        if days is not None and days < _DAYS:
            yield Found(key, "Properties.PendingWindowInDays", f"{days:g} days")

"""A condition that compares with nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="condition-without-value",
    title="a condition compares with nothing, or with an ARN that ends where its name belongs",
    why="it never holds: what it allows is refused at the first run",
    fix="give the resource a name that is known here, or compare with a pattern that ends in *",
    anchor="https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html",
)
def condition_without_value(template: Template) -> Iterator[Found]:
    """Find conditions whose value is empty or an ARN without its end."""
    for each in template.policies.all:
        for condition in each.conditions:
            cut = [
                value
                for value in condition.values
                if not value or (value.startswith("arn:") and value.endswith((":", "/")))
            ]
            if cut and condition.is_positive:
                yield Found(each.resource, each.path, f"{condition.key} {cut[0] or 'empty'}")

"""Rights to all but what is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="allow-all-but",
    title="Allow with NotAction, NotResource or NotPrincipal",
    why="everything that is not named is allowed, and what AWS adds tomorrow is too",
    fix="name what is allowed; NotAction and NotResource are for Deny",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
)
def allow_all_but(template: Template) -> Iterator[Found]:
    """Find statements that allow by naming what they do not allow."""
    for each in template.policies.all:
        if not each.is_allow or each.kind is PolicyKind.BOUNDARY:
            continue
        for name, is_there in (
            ("NotAction", each.not_actions),
            ("NotResource", each.not_resources),
            ("NotPrincipal", each.has_not_principal),
        ):
            if is_there:
                yield Found(each.resource, each.path, name)

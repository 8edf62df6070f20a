"""An import role that reads buckets of any account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind, is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, Severity, rule
from bedrock_customization_runtime.template_rules.rules.trust.deputies import (
    kind_of,
    source_arns,
    trusts_of_bedrock,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template


@rule(
    id="import-from-any-account",
    title="the role of model imports reads a bucket whoever owns it",
    why="a bucket that is deleted and made anew by a stranger is imported from as before",
    fix="add the condition StringEquals aws:ResourceAccount with the bucket's account",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/model-import-iam-role.html",
    severity=Severity.WARNING,
)
def import_from_any_account(template: Template) -> Iterator[Found]:
    """Find rights to read objects without the owner, of roles for model-import-job."""
    roles = {
        trust.resource.logical_id: trust.resource
        for trust in trusts_of_bedrock(template)
        if any(kind_of(arn) == "model-import-job" for arn in source_arns(trust))
    }
    for role in roles.values():
        for each in template.policies.of_holder(role, PolicyKind.IDENTITY):
            if (
                each.is_allow
                and each.covers("s3:GetObject")
                and not is_narrowed(each, "aws:resourceaccount", "s3:resourceaccount")
            ):
                yield Found(role, f"{each.resource.logical_id} {each.path}", "s3:GetObject")

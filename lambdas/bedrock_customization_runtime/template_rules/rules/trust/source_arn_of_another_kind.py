"""A service role whose jobs are of another kind than those that may be made with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import references
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.trust.deputies import (
    JOB_KINDS,
    kind_of,
    source_arns,
    trusts_of_bedrock,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_LOOK_ALIKE = ("job", "custom", "evaluation", "import")
"""In a type of resource that is none of Bedrock's jobs, and was meant to be."""


@rule(
    id="trust-of-another-kind",
    title="the role's aws:SourceArn names another kind of job than is made with it",
    why="Bedrock cannot assume the role: every job fails, after it was accepted",
    fix="name the kind of job: model-customization-job, model-import-job, evaluation-job, "
    "model-invocation-job",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-iam-role.html",
)
def trust_of_another_kind(template: Template) -> Iterator[Found]:
    """Find kinds that do not exist, and those that nobody who passes the role can make."""
    for trust in trusts_of_bedrock(template):
        made = _kinds_made_with(template, trust.resource.logical_id)
        for arn in source_arns(trust):
            kind = kind_of(arn)
            if kind in JOB_KINDS:
                if made and kind not in made:
                    told = " or ".join(sorted(made))
                    yield Found(trust.resource, trust.path, f"{kind}, but {told} is made with it")
            elif "*" not in kind and any(word in kind for word in _LOOK_ALIKE):
                yield Found(trust.resource, trust.path, f"{kind} is no kind of job")


def _kinds_made_with(template: Template, role: str) -> set[str]:
    """Return the kinds of job that those can make who may pass a role."""
    passing = {
        holder
        for each in template.policies.identity()
        if each.is_allow and each.covers("iam:PassRole")
        for arn in each.resources
        if role in references(arn)
        for holder in each.holders
    }
    return {
        kind
        for kind, action in JOB_KINDS.items()
        for each in template.policies.identity()
        if each.is_allow and passing.intersection(each.holders) and each.covers(action)
    }

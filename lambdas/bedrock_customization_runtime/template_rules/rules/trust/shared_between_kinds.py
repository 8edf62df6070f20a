"""One service role for jobs of several kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    id="trust-shared-between-kinds",
    title="one role serves jobs of several kinds",
    why="each kind has the rights of the others: an evaluation could read what only training may",
    fix="make a role for each kind of job",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-iam-role.html",
    severity=Severity.WARNING,
)
def trust_shared_between_kinds(template: Template) -> Iterator[Found]:
    """Find roles of Bedrock whose trusts name several kinds, or a `*` where the kind belongs."""
    kinds: dict[str, set[str]] = {}
    for trust in trusts_of_bedrock(template):
        role = trust.resource
        named = kinds.setdefault(role.logical_id, set())
        named.update(kind_of(arn) for arn in source_arns(trust) if arn != "*")
        named.discard("")
        if "*" in "".join(named) and not _writes_logs_alone(template, role.logical_id):
            yield Found(role, trust.path, "a * where the kind belongs")
        elif len(named) > 1:
            yield Found(role, trust.path, ", ".join(sorted(named)))


def _writes_logs_alone(template: Template, role: str) -> bool:
    """Return whether a role is the one of invocation logging, which names no kind."""
    actions = [
        action
        for each in template.policies.identity()
        if role in each.holders
        for action in each.actions
    ]
    return bool(actions) and all(action.startswith("logs:") for action in actions)

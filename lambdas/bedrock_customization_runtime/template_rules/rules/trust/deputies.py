"""Services that act for those who call them, and say on whose behalf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.arns import arn_of
from bedrock_customization_runtime.template_rules.policies import PolicyKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.policies import Statement
    from bedrock_customization_runtime.template_rules.template import Template

_DEPUTIES = {"bedrock", "states", "scheduler"}
"""Services whose documents name the keys aws:SourceAccount and aws:SourceArn for their roles."""
JOB_KINDS = {
    "model-customization-job": "bedrock:CreateModelCustomizationJob",
    "model-import-job": "bedrock:CreateModelImportJob",
    "evaluation-job": "bedrock:CreateEvaluationJob",
    "model-invocation-job": "bedrock:CreateModelInvocationJob",
    "model-copy-job": "bedrock:CreateModelCopyJob",
}
"""Type of an ARN, and the action that makes such a job."""


def trusts_of_deputies(template: Template) -> Iterator[tuple[str, Statement]]:
    """Yield the trusts of services that should say for whom they act, with the service."""
    for trust in template.policies.of_kind(PolicyKind.TRUST):
        if trust.is_allow and trust.covers("sts:AssumeRole"):
            for service in trust.services():
                if service in _DEPUTIES:
                    yield service, trust


def trusts_of_bedrock(template: Template) -> Iterator[Statement]:
    """Yield the trusts of roles that Bedrock assumes."""
    for service, trust in trusts_of_deputies(template):
        if service == "bedrock":
            yield trust


def source_arns(trust: Statement) -> list[str]:
    """Return what aws:SourceArn must be."""
    return [
        value
        for each in trust.condition("aws:sourcearn")
        if each.is_positive
        for value in each.values
    ]


def kind_of(arn: str) -> str:
    """Return the type of resource that a source ARN names; empty if that is not known."""
    parts = arn_of(arn)
    return parts.resource.partition("/")[0].strip("_") if parts else ""

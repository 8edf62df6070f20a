"""The one way we tell cdk-nag why a finding is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Stack, Validations

if TYPE_CHECKING:
    from constructs import Construct


def acknowledge(scope: Construct, reason: str, *ids: str) -> None:
    """Acknowledge findings on a construct and what is below it."""
    Validations.of(scope).acknowledge(
        *(Acknowledgment(id=finding, reason=reason) for finding in ids)
    )


def acknowledge_wildcard(scope: Construct, reason: str, *arns: str) -> None:
    """Acknowledge that policies below a construct hold resources with a `*`.

    Args:
        scope: The owner of the policy.
        reason: Why no narrower resource can be named.
        arns: The resources as the policy holds them, tokens included; those without a `*` need
            nothing.
    """
    stack = Stack.of(scope)
    written = [_as_cdk_nag_writes(stack.resolve(arn)) for arn in arns]
    acknowledge(
        scope, reason, *(f"AwsSolutions-IAM5[Resource::{arn}]" for arn in written if "*" in arn)
    )


def _as_cdk_nag_writes(value: Any) -> str:  # noqa: ANN401 - resolved CloudFormation
    match value:
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"<{logical_id}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_as_cdk_nag_writes(part) for part in parts)
        case _:
            return str(value)

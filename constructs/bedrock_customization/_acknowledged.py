"""The one way we tell cdk-nag why a finding is meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Validations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import Stack
    from constructs import Construct

    from bedrock_customization._access import Right


def acknowledge(scope: Construct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings on a construct and what is below it.

    Args:
        scope: The construct.
        reasons: By the finding's id.
    """
    Validations.of(scope).acknowledge(
        *(Acknowledgment(id=finding, reason=reason) for finding, reason in reasons.items())
    )


def wildcards(stack: Stack, rights: Sequence[Right]) -> dict[str, str]:
    """Return the findings on resources with a `*`, and why they are meant.

    Args:
        stack: Where the rights are given.
        rights: All that are given there.
    """
    because = {
        arn: right.wildcard_because
        for right in rights
        if right.wildcard_because
        for arn in right.resources
    }
    written = [_as_cdk_nag_writes(arn) for arn in stack.resolve(list(because))]
    return {
        f"AwsSolutions-IAM5[Resource::{arn}]": reason
        for arn, reason in zip(written, because.values(), strict=True)
        if "*" in arn
    }


def _as_cdk_nag_writes(value: Any) -> str:  # noqa: ANN401 - resolved CloudFormation
    match value:
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"<{logical_id}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_as_cdk_nag_writes(part) for part in parts)
        case dict():
            return json.dumps(value, separators=(",", ":"))
        case _:
            return str(value)

"""Data that go with the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.data.buckets import KEEPING, is_kept
from bedrock_customization_runtime.template_rules.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_STATEFUL = (
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::KMS::Key",
    "AWS::OpenSearchService::Domain",
    "AWS::S3::Bucket",
)


@rule(
    id="stateful-without-retain",
    title="data, or the key that opens them, are deleted with the stack or a replacement",
    why="a deleted stack, or a renamed construct, takes data and models that cannot be made again",
    fix="set DeletionPolicy and UpdateReplacePolicy to Retain (RemovalPolicy.RETAIN)",
    anchor="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
)
def stateful_without_retain(template: Template) -> Iterator[Found]:
    """Find stores and keys that do not outlive their stack."""
    for resource in template.of_type(*_STATEFUL):
        if not is_kept(resource):
            outlives = text(resource.body.get("DeletionPolicy")) in KEEPING
            missing = "UpdateReplacePolicy" if outlives else "DeletionPolicy"
            yield Found(resource, missing, f"no {missing}: Retain")

"""Stacks of pipelines whose house is kept, destroyed ones too, and what those left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.housekeeping.pipelines import is_retired

if TYPE_CHECKING:
    from datetime import datetime

    from boto3 import Session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from bedrock_customization_runtime.contract import KeptPipeline

_NO_SUCH_STACK = "ValidationError"
_DESTROYED: Final = "DELETE_COMPLETE"
_PREVIOUS = "/previous"


@dataclass(frozen=True, slots=True)
class Retained:
    """A resource that stayed when its stack went.

    Args:
        type: As CloudFormation calls it.
        name: Physical id.
    """

    type: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineStack:
    """A stack with a pipeline, or what is left of one.

    Args:
        name: Of the stack.
        pipeline: What housekeeping needs to know of it.
        destroyed: When the stack was destroyed; None while it stands.
        is_retired: Whether no run can go on or begin any more.
        retained: What stayed when the stack was destroyed.
    """

    name: str
    pipeline: KeptPipeline
    destroyed: datetime | None
    is_retired: bool
    retained: tuple[Retained, ...]


def find(session: Session, name: str | None) -> PipelineStack:
    """Find a pipeline's stack; by its name or id also one destroyed in the last 90 days.

    Args:
        session: Of the user.
        name: Of the stack, or its id; None for the only one that stands.

    Raises:
        CommandError: There is none, or several fit.
    """
    client = session.client("cloudformation")
    described = None if name is None else _described(client, name)
    if described is not None and described["StackStatus"] == _DESTROYED:
        return _destroyed(session, client, described)
    pipeline = DeployedPipeline.find(session, name)
    return PipelineStack(
        name=pipeline.stack,
        pipeline=_kept(pipeline),
        destroyed=None,
        is_retired=False,
        retained=(),
    )


def _described(client: CloudFormationClient, name: str) -> StackTypeDef:
    try:
        return client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != _NO_SUCH_STACK:
            raise
    pages = client.get_paginator("list_stacks").paginate(StackStatusFilter=[_DESTROYED])
    stacks = [one for page in pages for one in page["StackSummaries"] if one["StackName"] == name]
    if not stacks:
        raise CommandError(
            f"there is no stack {name}, nor was one destroyed in the last 90 days",
            advice=("check the name, the account and the Region of your AWS configuration",),
        )
    # Of one name there may have been several, one after the other.
    last = max(stacks, key=lambda stack: stack["CreationTime"])
    return client.describe_stacks(StackName=last["StackId"])["Stacks"][0]


def _destroyed(
    session: Session, client: CloudFormationClient, stack: StackTypeDef
) -> PipelineStack:
    pipeline = DeployedPipeline.of_stack(stack)
    if pipeline is None:
        raise CommandError(
            f"the destroyed stack {stack['StackName']} held no pipeline that its outputs name",
            advice=("name another stack, or its id if there were several of that name",),
        )
    kept = _kept(pipeline)
    return PipelineStack(
        name=stack["StackName"],
        pipeline=kept,
        destroyed=stack.get("DeletionTime", stack["CreationTime"]),
        is_retired=is_retired(session.client("stepfunctions"), kept),
        retained=_retained(client, stack["StackId"]),
    )


def _retained(client: CloudFormationClient, stack_id: str) -> tuple[Retained, ...]:
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    found = {
        Retained(event.get("ResourceType", ""), event.get("PhysicalResourceId", ""))
        for page in pages
        for event in page["StackEvents"]
        if event.get("ResourceStatus") == "DELETE_SKIPPED"
    }
    return tuple(sorted(found, key=lambda one: (one.type, one.name)))


def _kept(pipeline: DeployedPipeline) -> KeptPipeline:
    if pipeline.data_bucket is None or pipeline.blind_bucket is None:
        raise CommandError(
            f"the stack {pipeline.stack} has no outputs DataBucketName and BlindBucketName",
            advice=("call define_outputs() of your own pipeline",),
        )
    return {
        "name": pipeline.state_machine_arn.rpartition(":")[2],
        "state_machine_arn": pipeline.state_machine_arn,
        "alias_parameter": pipeline.alias_parameter,
        "previous_parameter": f"{pipeline.alias_parameter}{_PREVIOUS}",
        "data_bucket": pipeline.data_bucket,
        "blind_bucket": pipeline.blind_bucket,
        "artifacts_bucket": pipeline.artifacts_bucket,
    }

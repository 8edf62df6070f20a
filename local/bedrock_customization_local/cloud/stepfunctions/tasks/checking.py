"""What is wrong with a task before it runs: unknown services, actions and parameters."""

from collections.abc import Iterator

from bedrock_customization_local.cloud.stepfunctions.language.resources import (
    Kind,
    Pattern,
    Resource,
)
from bedrock_customization_local.cloud.stepfunctions.tasks.api import Api
from bedrock_customization_local.cloud.stepfunctions.tasks.jobs import JOBS
from bedrock_customization_local.cloud.stepfunctions.tasks.naming import (
    boto3_name,
    optimized_boto3_name,
)
from bedrock_customization_local.cloud.stepfunctions.tasks.services import ACTIONS
from bedrock_customization_local.cloud.stepfunctions.tasks.shapes import unknown_fields
from bedrock_customization_local.cloud.untyped import Json


def problems(api: Api, resource: Resource, template: Json) -> Iterator[str]:
    """Yield what is wrong with a task.

    Args:
        api: Where the services are; their models say what exists.
        resource: What the task calls.
        template: Its `Arguments` or `Parameters`, not computed.
    """
    if resource.kind in {Kind.LAMBDA, Kind.ACTIVITY}:
        return
    key = (resource.service, resource.action)
    if resource.kind is Kind.OPTIMIZED and key not in ACTIONS:
        yield (
            f"calls {resource.service}:{resource.action}, which is not emulated: use "
            f"aws-sdk:{resource.service}, or one of {', '.join(sorted(map(':'.join, ACTIONS)))}"
        )
        return
    if resource.pattern in {Pattern.SYNC, Pattern.SYNC_2} and (
        resource.kind is Kind.SDK or key not in JOBS
    ):
        yield f"cannot wait for {resource.service}:{resource.action} with .{resource.pattern}"
        return
    try:
        operation = api.operation(_service(resource), resource.action)
    except ValueError as error:
        yield str(error)
        return
    # Payload and Body take any JSON; below them there is nothing to compare with.
    for field in unknown_fields(operation.input_shape, template):
        yield f"the field {field!r} is not supported by {resource.service}:{resource.action}"


def _service(resource: Resource) -> str:
    if resource.kind is Kind.SDK:
        return boto3_name(resource.service)
    if resource.action == "invokeModel":
        return "bedrock-runtime"
    return optimized_boto3_name(resource.service)

"""What a Task state's `Resource` says: which service, which action, how to wait for it."""

from dataclasses import dataclass
from enum import StrEnum

from botocore.utils import ArnParser


class Kind(StrEnum):
    """How a resource is called."""

    ACTIVITY = "activity"
    LAMBDA = "lambda"
    OPTIMIZED = "optimized"
    SDK = "aws-sdk"


class Pattern(StrEnum):
    """How a task waits for what it starts."""

    REQUEST_RESPONSE = ""
    SYNC = "sync"
    SYNC_2 = "sync:2"
    TASK_TOKEN = "waitForTaskToken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A parsed `Resource`.

    Args:
        arn: As written.
        kind: How it is called.
        service: The service's name as the ARN has it: `lambda`, `bedrock`, `dynamodb`.
        action: The action as the ARN has it: `invoke`, `createModelCustomizationJob`.
        pattern: How the task waits.
    """

    arn: str
    kind: Kind
    service: str = ""
    action: str = ""
    pattern: Pattern = Pattern.REQUEST_RESPONSE

    @property
    def type_in_events(self) -> str:
        """What history events call `resourceType`."""
        return f"aws-sdk:{self.service}" if self.kind is Kind.SDK else self.service

    @property
    def name_in_events(self) -> str:
        """What history events call `resource`."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action


def parse(arn: str) -> Resource:
    """Parse a `Resource`.

    Raises:
        ValueError: It is no ARN that a Task state may name.
    """
    if not ArnParser.is_arn(arn):
        raise ValueError(f"{arn!r} is not an ARN")
    parts = ArnParser().parse_arn(arn)
    service, region, rest = parts["service"], parts["region"], parts["resource"]
    if service == "lambda" and rest.startswith("function:"):
        return Resource(arn=arn, kind=Kind.LAMBDA, service="lambda", action="invoke")
    if service == "states" and rest.startswith("activity:"):
        return Resource(arn=arn, kind=Kind.ACTIVITY, pattern=Pattern.TASK_TOKEN)
    if service != "states" or region:
        raise ValueError(f"{arn!r} is not a resource that a Task state can call")
    kind = Kind.OPTIMIZED
    if rest.startswith("aws-sdk:"):
        kind, rest = Kind.SDK, rest.removeprefix("aws-sdk:")
    name, separator, action = rest.partition(":")
    action, _, pattern = action.partition(".")
    if not separator or not action:
        raise ValueError(f"{arn!r} names no action")
    if pattern not in set(Pattern):
        raise ValueError(f"{arn!r} has the unknown integration pattern {pattern!r}")
    return Resource(arn=arn, kind=kind, service=name, action=action, pattern=Pattern(pattern))

"""The one way this library defines a Lambda function."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aws_cdk import (
    Duration,
    RemovalPolicy,
    Size,
    aws_iam as iam,
    aws_lambda as lambda_,
)
from constructs import Construct

from bedrock_customization import _access, _code
from bedrock_customization._access import Right, policy_of
from bedrock_customization._acknowledged import acknowledge, wildcards
from bedrock_customization_runtime.contract import SIGNING_KEY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sqs as sqs

    from bedrock_customization_runtime.contract import Handler

# Few lengths, many functions.
_minutes = cache(Duration.minutes)
_HANDLERS = "bedrock_customization_runtime.handlers"
_TRACING = Right(
    actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    resources=["*"],
    wildcard_because="X-Ray has no resource-level permissions",
)
_MEANT = {"Serverless-LambdaStarPermissions": _TRACING.wildcard_because}
SYNCHRONOUS = "only invoked synchronously, by what sees its errors and acts on them"
"""Why a function has no queue of dead letters."""


class HandlerFunction(Construct):
    """A function of the runtime with a role and published versions of its own.

    Args:
        scope: Parent.
        id: Id below the parent.
        handler: Which module of the runtime runs.
        description: What the function does, in the console.
        rights: What its role may do, beside writing logs and traces.
        memory_mebibytes: Also decides the share of a processor.
        timeout_minutes: At most 15.
        ephemeral_storage: Room below `/tmp`.
        environment: Variables.
        dead_letters: Takes the events it fails on, if it is invoked asynchronously.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: Handler,
        description: str,
        rights: Sequence[Right],
        memory_mebibytes: int = 512,
        timeout_minutes: int = 2,
        ephemeral_storage: Size | None = None,
        environment: Mapping[str, str] | None = None,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.rights = [*rights]
        runtime = _code.FunctionRuntime.of(self)
        if key := _access.signing_key_arn(rights):
            # Whoever may sign manifests must: a version without a signature is a stranger's.
            environment = {**(environment or {}), SIGNING_KEY_VARIABLE: key}
        logging = Right(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[runtime.log_group_arn],
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=runtime.principal,
            description=description,
            inline_policies={"Rights": policy_of([logging, _TRACING, *rights])},
        )
        function = lambda_.Function(
            self,
            "Function",
            runtime=_code.RUNTIME,
            architecture=_code.ARCHITECTURE,
            handler=f"{_HANDLERS}.{handler}.handler",
            code=runtime.code,
            layers=[runtime.libraries],
            description=f"{description} (libraries {_code.libraries_digest()})",
            role=role,
            memory_size=memory_mebibytes,
            timeout=_minutes(timeout_minutes),
            ephemeral_storage_size=ephemeral_storage,
            environment=environment,
            dead_letter_queue=dead_letters,
            log_group=runtime.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            # A run keeps the version it started with, so a deployment in between keeps it too.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        resource = function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101 - true of every Function
        # `tracing` would add a second policy to the role, which has the rights already.
        resource.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
        self.handler = handler
        self.is_unseen = dead_letters is not None
        """Whether no run waits for it, so that its errors show nowhere else."""
        self.function = function
        self.timeout_seconds = 60 * timeout_minutes
        self.version_arn: str = function.current_version.function_arn
        """ARN of the version that new runs invoke."""
        self.invoking = Right(
            actions=["lambda:InvokeFunction"],
            resources=[f"{function.function_arn}:*"],
            wildcard_because="a run that is under way while the stack changes goes on with the "
            "versions it began with",
        )
        """What a state machine must be allowed."""
        meant = _MEANT if dead_letters else {**_MEANT, "Serverless-LambdaDLQ": SYNCHRONOUS}
        acknowledge(self, {**wildcards(runtime.stack, [_TRACING, *rights]), **meant})

"""The one way this library defines a Lambda function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    Duration,
    RemovalPolicy,
    Size,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_logs as logs,
)
from constructs import Construct

from bedrock_customization import _access, _code
from bedrock_customization._acknowledged import acknowledge, acknowledge_wildcard

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from bedrock_customization_runtime.contract import Handler

_HANDLERS = "bedrock_customization_runtime.handlers"


class HandlerFunction(Construct):
    """A function of the runtime with a role, a log group and published versions of its own.

    Args:
        scope: Parent.
        id: Id below the parent.
        handler: Which module of the runtime runs.
        description: What the function does, in the console.
        memory_size: Also decides the share of a processor.
        timeout: At most 15 minutes.
        ephemeral_storage: Room below `/tmp`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: Handler,
        description: str,
        memory_size: Size | None = None,
        timeout: Duration | None = None,
        ephemeral_storage: Size | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.timeout = timeout or Duration.minutes(2)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=description,
        )
        log_group.grant_write(self.role)
        function = lambda_.Function(
            self,
            "Function",
            runtime=_code.RUNTIME,
            architecture=_code.ARCHITECTURE,
            handler=f"{_HANDLERS}.{handler}.handler",
            code=_code.runtime_code(),
            layers=[_code.libraries_layer(self)],
            description=f"{description} (libraries {_code.libraries_digest()})",
            role=self.role,
            memory_size=(memory_size or Size.mebibytes(512)).to_mebibytes(),
            timeout=self.timeout,
            ephemeral_storage_size=ephemeral_storage,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            # A run keeps the version it started with, so a deployment in between keeps it too.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        self.function = function
        self.version = function.current_version
        acknowledge_wildcard(self.role, "X-Ray has no resource-level permissions", "*")
        acknowledge(
            self,
            "only invoked synchronously, by a state machine that retries and catches",
            "Serverless-LambdaDLQ",
        )

    @property
    def arn_of_versions(self) -> str:
        """ARN pattern of the function's published versions."""
        return f"{self.function.function_arn}:*"

    def may_read(self, bucket: s3.IBucket, prefix: str) -> None:
        """Allow reading objects below a prefix that ends in `*`."""
        _access.read_objects(self.role, bucket, prefix)
        self._acknowledge(bucket, prefix)

    def may_write(self, bucket: s3.IBucket, prefix: str) -> None:
        """Allow writing objects below a prefix that ends in `*`."""
        _access.write_objects(self.role, bucket, prefix)
        self._acknowledge(bucket, prefix)

    def may_call(
        self, actions: list[str], resources: list[str], *, wildcard_because: str | None = None
    ) -> None:
        """Allow API calls.

        Args:
            actions: IAM actions, without wildcards.
            resources: ARNs.
            wildcard_because: Why some of them hold a `*`.
        """
        self.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        if wildcard_because:
            acknowledge_wildcard(self.role, wildcard_because, *resources)

    def _acknowledge(self, bucket: s3.IBucket, prefix: str) -> None:
        acknowledge_wildcard(
            self.role,
            "runs make their objects while the pipeline lives, so only a prefix can name them",
            bucket.arn_for_objects(prefix),
        )

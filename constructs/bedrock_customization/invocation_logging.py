"""Model invocation logging into the data bucket, where a distillation learns from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Annotations, CfnOutput, Duration, aws_iam as iam, aws_s3 as s3
from constructs import Construct

from bedrock_customization._access import Right, give
from bedrock_customization._function import HandlerFunction
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization_runtime.contract import Handler, LoggingAction

if TYPE_CHECKING:
    from bedrock_customization.storage import CustomizationStorage

_PREFIX = "incoming/invocation-logs"
_COMMANDS = {"TurnOn": LoggingAction.TURN_ON, "TurnOff": LoggingAction.TURN_OFF}
_DAY = Duration.days(1)


class InvocationLogging(Construct):
    """Let Bedrock log the account's model invocations into the data bucket of a pipeline.

    An account has one logging configuration in each Region, and CloudFormation has no type for it.
    So the stack only lets Bedrock write, and defines a function that turns logging on and off; the
    outputs `TurnOn` and `TurnOff` are the commands that invoke it. It reads the configuration
    first: none becomes this one, this one stays, and another team's is never overwritten
    (`LoggingConfiguredElsewhere` says where the logs go instead, and what to do).

    Text is logged; images, embeddings, audio and video are not, since no student learns from them.
    What callers send as `requestMetadata` is logged with it.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Whose data bucket takes the logs, below `incoming/invocation-logs/`.
        keep_for: After so long logs are deleted. Without it they are kept.

    Attributes:
        function: Turns logging on and off.
        source: S3 URI of all logs; a part of it, such as a day, does as a run's `source` too.

    Raises:
        ValueError: `keep_for` is given for a bucket of your own, whose lifecycle is yours to say.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        keep_for: Duration | None = None,
    ) -> None:
        super().__init__(scope, id)
        bucket = storage.data_bucket
        logs = f"{_PREFIX}/AWSLogs/{ACCOUNT_ID}/BedrockModelInvocationLogs"
        self.source = f"s3://{bucket.bucket_name}/{logs}/{REGION}/"
        if keep_for is not None:
            _delete_after(bucket, keep_for)
        self._let_bedrock_write(storage, f"{logs}/*")
        self.function = HandlerFunction(
            self,
            "Configure",
            handler=Handler.CONFIGURE_LOGGING,
            description="Turns model invocation logging on and off, if nobody else uses it",
            rights=[
                Right(
                    actions=[
                        "bedrock:GetModelInvocationLoggingConfiguration",
                        "bedrock:PutModelInvocationLoggingConfiguration",
                        "bedrock:DeleteModelInvocationLoggingConfiguration",
                    ],
                    resources=["*"],
                    wildcard_because="the configuration is the account's and has no ARN",
                )
            ],
            environment={"LOGS_BUCKET": bucket.bucket_name, "LOGS_PREFIX": _PREFIX},
        )
        for name, action in _COMMANDS.items():
            CfnOutput(
                self,
                name,
                description="Model invocation logging of this account and Region",
                value=f"aws lambda invoke --function-name {self.function.version_arn} "
                "--cli-binary-format raw-in-base64-out "
                f'--payload \'{{"action": "{action}"}}\' /dev/stdout',
            )

    def grant_configure(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow turning logging on and off."""
        return give(grantee, [self.function.invoking])

    def _let_bedrock_write(self, storage: CustomizationStorage, logs: str) -> None:
        bucket, bedrock = storage.data_bucket, iam.ServicePrincipal("bedrock.amazonaws.com")
        conditions = {
            "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": f"arn:{PARTITION}:bedrock:{REGION}:{ACCOUNT_ID}:*"},
        }
        writes = bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ModelInvocationLogs",
                principals=[bedrock],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(logs)],
                conditions=conditions,
            )
        )
        key = bucket.encryption_key or storage.key
        encrypts = key and key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ModelInvocationLogs",
                principals=[bedrock],
                actions=["kms:GenerateDataKey"],
                resources=["*"],
                conditions=conditions,
            )
        )
        missing = [
            name
            for name, added in (("bucket", writes), ("key", encrypts))
            if added and not added.statement_added
        ]
        if missing:
            Annotations.of(self).add_warning_v2(
                "bedrock_customization:logsMayNotBeWritten",
                f"the policy of an imported {' and '.join(missing)} is out of reach: let "
                "bedrock.amazonaws.com write the logs there yourself (docs/distillation.md)",
            )


def _delete_after(bucket: s3.IBucket, keep_for: Duration) -> None:
    if not isinstance(bucket, s3.Bucket):
        raise ValueError(  # noqa: TRY004 - the type is what tells whose it is
            f"keep_for must be left out for a data bucket of your own, got {keep_for.to_days()} "
            f"days: give the bucket a lifecycle rule for {_PREFIX}/"
        )
    bucket.add_lifecycle_rule(
        prefix=f"{_PREFIX}/", expiration=keep_for, noncurrent_version_expiration=_DAY
    )

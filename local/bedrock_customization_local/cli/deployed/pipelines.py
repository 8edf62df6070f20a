"""A pipeline that is deployed in an AWS account, or on the embedded AWS, by its stack's outputs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_runtime.errors import CustomizationError
from bedrock_customization_runtime.names import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3 import Session
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

_OUTPUTS = ("ArtifactsBucketName", "StateMachineArn", "AliasParameterName")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedPipeline:
    """What a stack says of its pipeline."""

    stack: str
    artifacts_bucket: str
    state_machine_arn: str
    alias_parameter: str
    approval_url: str | None
    """None where nobody is asked."""
    data_bucket: str | None = None
    """None where the stack does not say; so the next."""
    blind_bucket: str | None = None
    signing_key: str | None = None
    """ARN of the key that signs manifests; None where none does."""

    @classmethod
    def find(cls, session: Session, stack: str | None, execution_arn: str | None = None) -> Self:
        """Find a pipeline by its stack, by an execution, or because there is only one.

        Args:
            session: Of the user.
            stack: Name.
            execution_arn: One of the pipeline's.

        Raises:
            CommandError: There is none, or several fit.
        """
        found = [
            pipeline
            for one in stacks(session, stack)
            if (pipeline := cls.of_stack(one))
            and (execution_arn is None or pipeline.has_execution(execution_arn))
        ]
        match found:
            case [one]:
                return one
            case []:
                raise CommandError(
                    f"no stack has the outputs {', '.join(_OUTPUTS)}"
                    + (f" and the execution {execution_arn}" if execution_arn else ""),
                    advice=(
                        "use CustomizationStack, or call define_outputs() of your own pipeline",
                        "check the account and the Region of your AWS configuration",
                    ),
                )
        raise usage_error(
            f"several stacks hold a pipeline: {', '.join(one.stack for one in found)}",
            "name one with --stack",
        )

    @classmethod
    def of_stack(cls, stack: StackTypeDef) -> Self | None:
        """Return the pipeline that a stack's outputs name; None if they name none."""
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        if any(name not in outputs for name in _OUTPUTS):
            return None
        return cls(
            stack=stack["StackName"],
            artifacts_bucket=outputs["ArtifactsBucketName"],
            state_machine_arn=outputs["StateMachineArn"],
            alias_parameter=outputs["AliasParameterName"],
            approval_url=outputs.get("ApprovalUrl"),
            data_bucket=outputs.get("DataBucketName"),
            blind_bucket=outputs.get("BlindBucketName"),
            signing_key=outputs.get("SigningKeyArn"),
        )

    def has_execution(self, arn: str) -> bool:
        """Return whether an execution is one of this pipeline's."""
        machine = self.state_machine_arn.replace(":stateMachine:", ":execution:")
        return arn.rpartition(":")[0] == machine


def run_of(given: str) -> tuple[str, str | None]:
    """Return a run's key and, where one was given, its execution's ARN.

    Args:
        given: The name of a run, or the ARN of its execution.
    """
    is_arn = given.startswith("arn:")
    return key_of(given.rpartition(":")[2] if is_arn else given), given if is_arn else None


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn what AWS and the runtime refuse into messages.

    Raises:
        CommandError: Something was refused.
    """
    try:
        yield
    except CustomizationError as error:
        raise CommandError(f"{type(error).__name__}: {error}") from error
    except ClientError as error:
        code, operation = error.response["Error"].get("Code", ""), error.operation_name
        raise CommandError(
            f"{operation} was refused: {code}: {error.response['Error'].get('Message', '')}",
            advice=("check your credentials' rights, the account and the Region",),
        ) from error
    except BotoCoreError as error:
        raise CommandError(
            str(error), advice=("configure credentials and a Region, as for the AWS CLI",)
        ) from error


def stacks(session: Session, name: str | None) -> Iterator[StackTypeDef]:
    """Yield the stacks of an account and Region, or the one of a name."""
    client = session.client("cloudformation")
    pages = client.get_paginator("describe_stacks")
    for page in pages.paginate(StackName=name) if name else pages.paginate():
        yield from page["Stacks"]

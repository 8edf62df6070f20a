"""The name under which consumers find the model that is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aws_cdk import Token, aws_ssm as ssm
from constructs import Construct

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    give,
    opening_model_key,
)

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam, aws_kms as kms

_PREVIOUS = "/previous"


class Alias(Construct):
    """Name the parameter that holds the ARN to invoke: what is promoted, until something else is.

    Consumers read it when they run, not when they are deployed, and keep it for minutes at most, so
    that they follow each promotion and rollback. The parameter is not a resource of any stack:
    CloudFormation would write its own value back one day. The first promotion makes it.

    Args:
        scope: Parent.
        id: Id below the parent.
        parameter_name: Of the SSM parameter, with a leading slash.
        model_key: What encrypts the custom models. Without one, a key that AWS owns does.
        imported: Whether it names imported models.

    Raises:
        ValueError: The name has no leading slash.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        parameter_name: str,
        model_key: kms.IKey | None = None,
        imported: bool = False,
    ) -> None:
        if not Token.is_unresolved(parameter_name) and not parameter_name.startswith("/"):
            raise ValueError(
                f"parameter_name must begin with a slash, got {parameter_name!r}: take the value "
                "of the pipeline's `alias.parameter_name`"
            )
        super().__init__(scope, id)
        self.model_key = model_key
        self._imported = imported
        self.arn_parameter: ssm.IStringParameter = (
            ssm.StringParameter.from_string_parameter_attributes(
                self, "Parameter", parameter_name=parameter_name, simple_name=False
            )
        )
        """Holds the ARN to invoke; there is none before the first promotion."""
        self.parameter_name: str = parameter_name
        """Of that parameter."""
        self.parameter_arn: str = self.arn_parameter.parameter_arn
        """Of that parameter."""
        self.previous_parameter_name = f"{parameter_name}{_PREVIOUS}"
        """Of the parameter that holds what the alias held before."""
        self.previous_parameter_arn = f"{self.parameter_arn}{_PREVIOUS}"
        """Of the parameter that holds what the alias held before."""

    @classmethod
    def from_parameter_name(
        cls,
        scope: Construct,
        id: str,
        parameter_name: str,
        *,
        model_key: kms.IKey | None = None,
        imported: bool = False,
    ) -> Self:
        """Name the alias of a pipeline in another stack or app of the same account and Region.

        Args:
            scope: Parent.
            id: Id below the parent.
            parameter_name: The output `AliasParameterName` of the pipeline's stack.
            model_key: The pipeline's, if it has one of yours.
            imported: Whether it is the alias of a `ModelImportPipeline`.

        Raises:
            ValueError: The name has no leading slash.
        """
        return cls(scope, id, parameter_name=parameter_name, model_key=model_key, imported=imported)

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the alias, and what it held before, and invoking what they may name."""
        kinds = ["custom-model-deployment", "provisioned-model"]
        if self._imported:
            kinds = ["imported-model"]
        rights = [
            Right(
                actions=["ssm:GetParameter"],
                resources=[self.parameter_arn, self.previous_parameter_arn],
            ),
            Right(
                actions=["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
                resources=[bedrock_arn(kind) for kind in kinds],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
            *opening_model_key(self.model_key),
        ]
        return give(grantee, rights)

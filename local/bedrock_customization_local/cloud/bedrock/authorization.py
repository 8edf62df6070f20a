"""What a job asks of identity and access management before it touches the customer's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bedrock_customization_local.cloud.bedrock.errors import ValidationError
from bedrock_customization_local.cloud.iam import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_local.cloud.iam import Permission

SERVICE_PRINCIPAL = "bedrock.amazonaws.com"


class RoleAuthorizer(Protocol):
    """Evaluates policies. Every method raises `cloud.iam.AccessDenied`."""

    def assume(self, role_arn: str, service: str, *, source_arn: str, source_account: str) -> None:
        """Check that a service may assume a role on behalf of a resource."""

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Mapping[str, object]
    ) -> None:
        """Check that a role may call an operation."""

    def require(self, role_arn: str, needed: Permission) -> None:
        """Check that a role has a permission that no call of its own needs."""

    def require_of_service(self, service: str, needed: Permission) -> None:
        """Check that the policy of a resource lets a service itself do something."""


def assume_for_job(
    authorizer: RoleAuthorizer, role_arn: str, *, job_arn: str, account_id: str
) -> None:
    """Check that Bedrock may assume the role of a job, before there is one.

    Raises:
        ValidationError: It may not.
    """
    try:
        authorizer.assume(
            role_arn, SERVICE_PRINCIPAL, source_arn=job_arn, source_account=account_id
        )
    except AccessDenied as error:
        raise ValidationError(
            "Could not assume provided IAM role. Please ensure that the role exists and that its "
            f"trust policy allows {SERVICE_PRINCIPAL}. ({error})"
        ) from error

"""What a job asks of identity and access management before it touches the customer's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_PRINCIPAL = "bedrock.amazonaws.com"


class RoleAuthorizer(Protocol):
    """Evaluates the policies of a service role. Every method raises `cloud.iam.AccessDenied`."""

    def assume(self, role_arn: str, service: str, *, source_arn: str, source_account: str) -> None:
        """Check that a service may assume a role on behalf of a resource."""

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Mapping[str, object]
    ) -> None:
        """Check that a role may call an operation."""

"""How much of something an account may have: Service Quotas says it, or the catalogue must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from bedrock_customization_runtime.catalog import Quota


class Allowed(NamedTuple):
    """A quota of the account."""

    value: int
    source: str
    """Who says so, for people."""
    is_certain: bool
    """Whether it is the account's own; a new account's may have been raised."""


def allowed(service_quotas: ServiceQuotasClient, quota: Quota, *, as_of: object) -> Allowed:
    """Return the account's quota, or the catalogue's where Service Quotas does not answer.

    Args:
        service_quotas: Client.
        quota: Of the catalogue.
        as_of: Date of the catalogue's figure.
    """
    if quota.code is not None:
        try:
            found = service_quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=quota.code)
        except (ClientError, BotoCoreError):
            pass
        else:
            return Allowed(int(found["Quota"]["Value"]), "by Service Quotas", is_certain=True)
    return Allowed(quota.value, f"a new account's quota of {as_of}", is_certain=False)

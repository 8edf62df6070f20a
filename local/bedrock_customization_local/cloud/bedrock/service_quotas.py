"""The account's Bedrock quotas as Service Quotas tells them, for those whose code is known.

moto's Service Quotas know the VPC alone.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from moto.servicequotas.models import ServiceQuotasBackend

from bedrock_customization_local.cloud.bedrock.quotas import known_quotas

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_local.cloud.bedrock.arns import Place
    from bedrock_customization_local.cloud.bedrock.quotas import Quotas

_SERVICE = "bedrock"


def install(quotas: Quotas, place: Place) -> Callable[[], None]:
    """Answer moto's Service Quotas requests about Bedrock.

    Returns:
        Undoes it.
    """
    known = _described(quotas, place)
    listing = ServiceQuotasBackend.list_aws_default_service_quotas
    getting = ServiceQuotasBackend.get_service_quota

    @functools.wraps(listing)
    def list_quotas(self: ServiceQuotasBackend, service_code: str) -> list[dict[str, Any]]:
        return list(known.values()) if service_code == _SERVICE else listing(self, service_code)

    @functools.wraps(getting)
    def get_quota(self: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
        found = known.get(quota_code) if service_code == _SERVICE else None
        return found or getting(self, service_code, quota_code)

    undo = ExitStack()
    for original, new in ((listing, list_quotas), (getting, get_quota)):
        setattr(ServiceQuotasBackend, original.__name__, new)
        undo.callback(setattr, ServiceQuotasBackend, original.__name__, original)
    return undo.close


def _described(quotas: Quotas, place: Place) -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = {}
    for name, quota in known_quotas().items():
        if quota.code is not None:
            described[quota.code] = {
                "ServiceCode": _SERVICE,
                "ServiceName": "Amazon Bedrock",
                "QuotaArn": f"arn:{place.partition}:servicequotas:{place.region}:"
                f"{place.account_id}:{_SERVICE}/{quota.code}",
                "QuotaCode": quota.code,
                "QuotaName": name.replace("_", " "),
                "Value": float(getattr(quotas, name)),
                "Unit": "None",
                "Adjustable": quota.adjustable,
                "GlobalQuota": False,
            }
    return described

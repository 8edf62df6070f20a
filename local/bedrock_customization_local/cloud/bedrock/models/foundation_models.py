"""Foundation models: what the catalogue says of them, as the API shows it.

A customizable model has two entries: one to invoke it, one (with the size of its context in the id)
to customize it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import split_arn
from bedrock_customization_local.cloud.bedrock.errors import NotFoundError, ValidationError
from bedrock_customization_local.cloud.bedrock.shapes import CONTROL_PLANE, service_model
from bedrock_customization_runtime.catalog import BaseModel, LifecycleStatus, base_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_customization_local.cloud.bedrock.account import Account

# A system inference profile is a foundation model's id behind the name of a geography.
_PROFILE = re.compile(r"(?P<geography>us|us-gov|eu|apac|jp|au|ca|global)\.(?P<model>.+)")
MEMBER_REGIONS = {"us": ("us-east-1", "us-east-2", "us-west-2")}
"""Where the profiles of a geography send requests, for those that the catalogue's teachers have."""
_INVALID = "The provided model identifier is invalid."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    id: str
    model: BaseModel
    customizable: bool
    by_profile: bool = False


@lru_cache(maxsize=1024)
def split_profile(identifier: str) -> tuple[str, str]:
    """Return the geography of an inference profile, "" for none, and the foundation model's id.

    Args:
        identifier: Id or ARN of a foundation model or of a system inference profile.
    """
    _, name = split_arn(identifier)
    found = _PROFILE.fullmatch(name)
    return (found["geography"], found["model"]) if found else ("", name)


class FoundationModels:
    """The foundation models of the Region."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._withheld: set[str] = set()

    def withhold(self, model_id: str) -> None:
        """Let the account have no access to a model, as an organization's policy may."""
        self._withheld.add(model_id)

    def get_foundation_model_availability(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetFoundationModelAvailability."""
        model_id = parameters["modelId"]
        if model_id not in {entry.id for entry in self._entries()}:
            raise NotFoundError(f"Could not resolve the foundation model from {model_id}")
        has_access = model_id not in self._withheld
        return {
            "modelId": model_id,
            "agreementAvailability": {"status": "AVAILABLE" if has_access else "NOT_AVAILABLE"},
            "authorizationStatus": "AUTHORIZED" if has_access else "NOT_AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }

    def get_foundation_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetFoundationModel."""
        _, model_id = split_arn(parameters["modelIdentifier"])
        for entry in self._entries():
            if entry.id == model_id:
                return {"modelDetails": self._details(entry)}
        raise NotFoundError(
            f"Could not resolve the foundation model from the model identifier: {model_id}"
        )

    def list_foundation_models(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListFoundationModels."""
        summaries = [self._details(entry) for entry in self._entries()]
        for member, name in (
            ("byCustomizationType", "customizationsSupported"),
            ("byOutputModality", "outputModalities"),
            ("byInferenceType", "inferenceTypesSupported"),
        ):
            wanted = parameters.get(member)
            summaries = [one for one in summaries if wanted is None or wanted in one[name]]
        provider = parameters.get("byProvider", "").lower()
        return {
            "modelSummaries": [
                one for one in summaries if provider in {"", one["providerName"].lower()}
            ]
        }

    def get_inference_profile(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetInferenceProfile, of the system's own."""
        geography, model_id = split_profile(parameters["inferenceProfileIdentifier"])
        place = self._account.place
        for entry in self._entries():
            if geography in MEMBER_REGIONS and entry.id == model_id and not entry.customizable:
                profile = f"{geography}.{model_id}"
                regions = MEMBER_REGIONS[geography]
                return {
                    "inferenceProfileName": f"{geography.upper()} {entry.model.name}",
                    "inferenceProfileId": profile,
                    "inferenceProfileArn": place.arn("inference-profile", profile),
                    "models": [
                        {"modelArn": replace(place, region=region).foundation_model_arn(model_id)}
                        for region in regions
                    ],
                    "status": "ACTIVE",
                    "type": "SYSTEM_DEFINED",
                }
        raise NotFoundError("The specified inference profile does not exist.")

    def invocable(self, identifier: str) -> BaseModel:
        """Return the model that an id, an inference profile or an ARN of either invokes on demand.

        Raises:
            ValidationError: It is no such model, or one that is only there to be customized.
            NotFoundError: It has reached the end of its life.
        """
        kind, _ = split_arn(identifier)
        if kind not in {"", "foundation-model", "inference-profile"}:
            raise ValidationError(_INVALID)
        geography, model_id = split_profile(identifier)
        for entry in self._entries(retired=True):
            if entry.id != model_id:
                continue
            if entry.customizable or (entry.by_profile and not geography):
                raise ValidationError(
                    f"Invocation of model ID {identifier} with on-demand throughput isn't "
                    "supported. Retry your request with the ID or ARN of an inference profile that "
                    "contains this model."
                )
            if self._status(entry.model) is LifecycleStatus.RETIRED:
                raise NotFoundError("This model version has reached the end of its life.")
            return entry.model
        raise ValidationError(_INVALID)

    def _entries(self, *, retired: bool = False) -> Iterator[_Entry]:
        for model in base_models():
            if not retired and self._status(model) is LifecycleStatus.RETIRED:
                continue
            profile, plain = split_profile(model.inference_id)
            if model.id != plain:
                yield _Entry(id=plain, model=model, customizable=False, by_profile=bool(profile))
            if self._account.place.region in model.regions:
                yield _Entry(id=model.id, model=model, customizable=model.id != plain)

    def _status(self, model: BaseModel) -> LifecycleStatus:
        return model.lifecycle.status_on(self._account.now().date())

    def _details(self, entry: _Entry) -> dict[str, Any]:
        model, status = entry.model, self._status(entry.model)
        lifecycle: dict[str, Any] = {"status": status.value}
        for member, day in (
            ("legacyTime", model.lifecycle.legacy_date),
            ("endOfLifeTime", model.lifecycle.end_of_life),
        ):
            if day is not None:
                lifecycle[member] = _midnight(day)
        inference = [] if entry.by_profile else ["ON_DEMAND"]
        customizable = model.id == entry.id
        known = _enum("ModelCustomization")
        modalities = _enum("ModelModality")
        return {
            "modelArn": self._account.place.foundation_model_arn(entry.id),
            "modelId": entry.id,
            "modelName": model.name,
            "providerName": model.provider,
            "inputModalities": [one.value for one in model.input_modalities if one in modalities],
            "outputModalities": [one.value for one in model.output_modalities if one in modalities],
            "responseStreamingSupported": not customizable,
            "customizationsSupported": [
                method.value for method in model.methods if customizable and method in known
            ],
            "inferenceTypesSupported": ["PROVISIONED"] if entry.customizable else inference,
            "modelLifecycle": lifecycle,
        }


def _enum(shape: str) -> list[str]:
    values: list[str] = service_model(CONTROL_PLANE).shape_for(shape).metadata["enum"]
    return values


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

"""Provisioned throughput: what bills by the hour until it is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id, split_arn
from bedrock_customization_local.cloud.bedrock.errors import (
    ConflictError,
    NotFoundError,
    QuotaExceededError,
    ServiceError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_runtime.catalog import (
    BaseModel,
    LifecycleStatus,
    UnknownBaseModelError,
    base_model,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.models.custom_models import (
        CustomModel,
        CustomModels,
    )

_CREATING_SECONDS = 600
_UPDATING_SECONDS = 300
_COMMITMENTS = {"OneMonth": timedelta(days=30), "SixMonths": timedelta(days=182)}


@dataclass(frozen=True, slots=True)
class Target:
    """What a throughput serves.

    Args:
        arn: Of a custom or a foundation model.
        base: The foundation model.
        model: The custom model; None for a foundation model.
    """

    arn: str
    base: BaseModel
    model: CustomModel | None


@dataclass(kw_only=True, slots=True)
class ProvisionedThroughput:
    """A provisioned throughput.

    Args:
        arn: Its ARN.
        name: Unique while it exists.
        units: Model units.
        target: What answers.
        desired: What an update brings.
        commitment: OneMonth, SixMonths or None.
        created: When.
        modified: When it last changed.
        status: Creating, InService or Updating.
    """

    arn: str
    name: str
    units: int
    target: Target
    desired: Target
    commitment: str | None
    created: datetime
    modified: datetime
    status: str = "Creating"

    @property
    def committed_until(self) -> datetime | None:
        """End of the commitment, if there is one."""
        return None if self.commitment is None else self.created + _COMMITMENTS[self.commitment]


class ProvisionedThroughputs:
    """The provisioned throughputs of the account."""

    def __init__(self, account: Account, models: CustomModels) -> None:
        self._account, self._models = account, models
        self._throughputs: dict[str, ProvisionedThroughput] = {}
        models.protect(self._uses)

    def find(self, identifier: str) -> ProvisionedThroughput:
        """Return a throughput by ARN or name.

        Raises:
            NotFoundError: There is none.
        """
        for throughput in self._throughputs.values():
            if identifier in {throughput.arn, throughput.name}:
                return throughput
        raise NotFoundError(f"there is no provisioned model throughput {identifier}")

    def create_provisioned_model_throughput(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateProvisionedModelThroughput."""
        account = self._account
        target = self._target(parameters["modelId"])
        self._check_name(parameters["provisionedModelName"])
        units, commitment = parameters["modelUnits"], parameters.get("commitmentDuration")
        if commitment is None:
            self._check_quota(target, units)
        now = account.now()
        throughput = ProvisionedThroughput(
            arn=account.place.arn("provisioned-model", new_id()),
            name=parameters["provisionedModelName"],
            units=units,
            target=target,
            desired=target,
            commitment=commitment,
            created=now,
            modified=now,
        )
        account.tags.create(throughput.arn, parameters.get("tags", []))
        self._throughputs[throughput.arn] = throughput
        # The catalogue's price is without commitment; what a commitment saves is not known.
        price = target.base.prices.provisioned_per_model_unit_hour if commitment is None else None
        account.meter.start_throughput(throughput.arn, units, price)
        account.background.later(_CREATING_SECONDS, lambda: self._settle(throughput))
        return {"provisionedModelArn": throughput.arn}

    def get_provisioned_model_throughput(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetProvisionedModelThroughput."""
        return self._details(self.find(parameters["provisionedModelId"]))

    def list_provisioned_model_throughputs(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListProvisionedModelThroughputs."""
        found, more = page(
            [
                throughput
                for throughput in self._throughputs.values()
                if parameters.get("statusEquals") in {None, throughput.status}
                and parameters.get("modelArnEquals") in {None, throughput.target.arn}
            ],
            parameters,
            name=lambda throughput: throughput.name,
            created=lambda throughput: throughput.created,
        )
        return {"provisionedModelSummaries": [self._details(one) for one in found], **more}

    def update_provisioned_model_throughput(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateProvisionedModelThroughput: another name, another custom model."""
        throughput = self._settled(parameters, ValidationError)
        name, model_id = (
            parameters.get("desiredProvisionedModelName"),
            parameters.get("desiredModelId"),
        )
        if name is not None and name != throughput.name:
            self._check_name(name)
        if model_id is not None:
            desired = self._target(model_id)
            if desired.base.id != throughput.target.base.id:
                raise ValidationError(
                    f"desiredModelId: {model_id} descends from {desired.base.id}, not from "
                    f"{throughput.target.base.id}"
                )
            throughput.desired, throughput.status = desired, "Updating"
            self._account.background.later(_UPDATING_SECONDS, lambda: self._settle(throughput))
        throughput.name = name or throughput.name
        throughput.modified = self._account.now()
        return {}

    def delete_provisioned_model_throughput(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteProvisionedModelThroughput."""
        throughput = self._settled(parameters, ConflictError)
        until = throughput.committed_until
        if until is not None and self._account.now() < until:
            raise ConflictError(
                f"{throughput.arn} has a commitment until {until:%Y-%m-%d} and cannot be deleted "
                "before"
            )
        del self._throughputs[throughput.arn]
        self._account.tags.forget(throughput.arn)
        self._account.meter.stop(throughput.arn)
        return {}

    def _target(self, identifier: str) -> Target:
        kind, name = split_arn(identifier)
        model: CustomModel | None = None
        if kind == "custom-model" or (not kind and self._models.has_name(name)):
            model = self._models.find(identifier)
            if model.status != "Active":
                raise ValidationError(f"{model.arn} is {model.status}; wait until it is Active")
            base, arn = model.base, model.arn
        else:
            try:
                base = base_model(name)
            except UnknownBaseModelError as error:
                raise ValidationError(
                    f"The provided model identifier is invalid. {error}"
                ) from error
            arn = self._account.place.foundation_model_arn(base.id)
        status = base.lifecycle.status_on(self._account.now().date())
        if not base.deployability.provisioned or status is not LifecycleStatus.ACTIVE:
            raise ValidationError(f"Provisioned Throughput is not supported for {base.id}.")
        return Target(arn, base, model)

    def _check_name(self, name: str) -> None:
        if any(throughput.name == name for throughput in self._throughputs.values()):
            raise ValidationError(f"provisionedModelName: {name} belongs to another throughput")

    def _check_quota(self, target: Target, units: int) -> None:
        quota = self._account.quotas.provisioned_model_units_without_commitment
        if not quota:
            raise QuotaExceededError(
                "Your account does not currently have any no commitment model units reserved for "
                f"{target.base.id}."
            )
        used = sum(one.units for one in self._throughputs.values() if one.commitment is None)
        if used + units > quota:
            raise QuotaExceededError(
                f"The account uses {used} of {quota} no commitment model units; {units} more do "
                "not fit."
            )

    def _settled(
        self, parameters: Mapping[str, Any], refusal: type[ServiceError]
    ) -> ProvisionedThroughput:
        throughput = self.find(parameters["provisionedModelId"])
        if throughput.status != "InService":
            raise refusal(f"{throughput.arn} is {throughput.status}: wait until it is InService")
        return throughput

    def _uses(self, model_arn: str) -> bool:
        return any(
            model_arn in {one.target.arn, one.desired.arn} for one in self._throughputs.values()
        )

    def _settle(self, throughput: ProvisionedThroughput) -> None:
        with self._account.lock:
            throughput.target, throughput.status = throughput.desired, "InService"
            throughput.modified = self._account.now()

    def _details(self, throughput: ProvisionedThroughput) -> dict[str, Any]:
        details: dict[str, Any] = {
            "provisionedModelName": throughput.name,
            "provisionedModelArn": throughput.arn,
            "modelUnits": throughput.units,
            "desiredModelUnits": throughput.units,
            "modelArn": throughput.target.arn,
            "desiredModelArn": throughput.desired.arn,
            "foundationModelArn": self._account.place.foundation_model_arn(
                throughput.target.base.id
            ),
            "status": throughput.status,
            "creationTime": throughput.created,
            "lastModifiedTime": throughput.modified,
        }
        if throughput.commitment is not None:
            details["commitmentDuration"] = throughput.commitment
            details["commitmentExpirationTime"] = throughput.committed_until
        return details

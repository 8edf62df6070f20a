"""Custom models: what customization jobs leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.errors import ConflictError, NotFoundError
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_runtime.catalog import service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model
    from bedrock_customization_runtime.catalog import BaseModel

_CREATING_SECONDS = 60


@dataclass(kw_only=True, slots=True)
class CustomModel:
    """A custom model.

    Args:
        arn: Its ARN.
        name: Unique while it exists.
        base: The foundation model it descends from.
        base_arn: What its job started from: a foundation model, or another custom model.
        model: The network.
        details: Members of GetCustomModel that the job decides.
        created: When.
        status: Creating, Active or Failed.
        failure: Why it failed.
    """

    arn: str
    name: str
    base: BaseModel
    base_arn: str
    model: Model
    details: Mapping[str, Any]
    created: datetime
    status: str = "Creating"
    failure: str | None = None


class CustomModels:
    """The custom models of the account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._models: dict[str, CustomModel] = {}
        self._users: list[Callable[[str], bool]] = []

    def protect(self, is_used: Callable[[str], bool]) -> None:
        """Register a family of resources that may use a model; a model in use is not deleted."""
        self._users.append(is_used)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._models)

    def names(self) -> list[str]:
        """Return the names of all."""
        return [model.name for model in self._models.values()]

    def has_name(self, name: str) -> bool:
        """Tell whether a model has a name."""
        return name in self.names()

    def find(self, identifier: str) -> CustomModel:
        """Return a model by ARN or name.

        Raises:
            NotFoundError: There is none.
        """
        for model in self._models.values():
            if identifier in {model.arn, model.name}:
                return model
        raise NotFoundError(f"there is no custom model {identifier}")

    def add(self, model: CustomModel, tags: list[dict[str, str]]) -> None:
        """Take in a job's model; it becomes Active a little later."""
        self.keep(model, tags)
        self._account.background.later(_CREATING_SECONDS, lambda: self._activate(model))

    def keep(self, model: CustomModel, tags: list[dict[str, str]]) -> None:
        """Take in a model that becomes Active, or fails, when whoever makes it says so."""
        account = self._account
        self._models[model.arn] = model
        account.tags.create(model.arn, tags)
        account.meter.start_storage(model.arn, service().storage_per_model_month)

    def fail(self, model: CustomModel, failure: str) -> None:
        """A model that was being made has failed; it costs nothing any more."""
        model.status, model.failure = "Failed", failure
        self._account.meter.stop(model.arn)

    def get_custom_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetCustomModel."""
        model = self.find(parameters["modelIdentifier"])
        return {
            **model.details,
            "modelArn": model.arn,
            "modelName": model.name,
            "baseModelArn": model.base_arn,
            "creationTime": model.created,
            "modelStatus": model.status,
            **({"failureMessage": model.failure} if model.failure else {}),
        }

    def list_custom_models(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListCustomModels."""
        foundation = parameters.get("foundationModelArnEquals")
        place = self._account.place
        models = [
            model
            for model in self._models.values()
            if parameters.get("isOwned", True)
            and parameters.get("modelStatus") in {None, model.status}
            and parameters.get("baseModelArnEquals") in {None, model.base_arn}
            and foundation in {None, place.foundation_model_arn(model.base.id)}
        ]
        found, more = page(
            models, parameters, name=lambda model: model.name, created=lambda model: model.created
        )
        summaries = [
            {
                "modelArn": model.arn,
                "modelName": model.name,
                "creationTime": model.created,
                "baseModelArn": model.base_arn,
                "baseModelName": model.base.name,
                "customizationType": model.details["customizationType"],
                "ownerAccountId": place.account_id,
                "modelStatus": model.status,
            }
            for model in found
        ]
        return {"modelSummaries": summaries, **more}

    def delete_custom_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteCustomModel."""
        model = self.find(parameters["modelIdentifier"])
        if any(is_used(model.arn) for is_used in self._users):
            raise ConflictError(
                f"{model.arn} is in use: delete its deployments and provisioned throughput first"
            )
        del self._models[model.arn]
        self._account.tags.forget(model.arn)
        self._account.meter.stop(model.arn)
        return {}

    def _activate(self, model: CustomModel) -> None:
        with self._account.lock:
            model.status = "Active"

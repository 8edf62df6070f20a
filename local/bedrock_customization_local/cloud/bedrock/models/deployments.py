"""On-demand deployments of custom models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id
from bedrock_customization_local.cloud.bedrock.errors import (
    NotFoundError,
    QuotaExceededError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.models.custom_models import (
        CustomModel,
        CustomModels,
    )

_CREATING_SECONDS = 120
_UPDATING_SECONDS = 60


@dataclass(kw_only=True, slots=True)
class Deployment:
    """A deployment.

    Args:
        arn: Its ARN.
        name: Unique while it exists.
        model: What answers.
        description: As given.
        created: When.
        modified: When it last changed.
        status: Creating or Active.
        next_model: What an update brings, or brought.
        update_status: Of the last update.
    """

    arn: str
    name: str
    model: CustomModel
    description: str | None
    created: datetime
    modified: datetime
    status: str = "Creating"
    next_model: CustomModel | None = None
    update_status: str | None = None

    @property
    def is_changing(self) -> bool:
        """Whether it can be neither updated nor deleted now."""
        return self.status == "Creating" or self.update_status == "Updating"


class Deployments:
    """The deployments of the account."""

    def __init__(self, account: Account, models: CustomModels) -> None:
        self._account, self._models = account, models
        self._deployments: dict[str, Deployment] = {}
        models.protect(self._uses)

    def find(self, identifier: str) -> Deployment:
        """Return a deployment by ARN or name.

        Raises:
            NotFoundError: There is none.
        """
        for deployment in self._deployments.values():
            if identifier in {deployment.arn, deployment.name}:
                return deployment
        raise NotFoundError(f"there is no custom model deployment {identifier}")

    def create_custom_model_deployment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateCustomModelDeployment."""
        account = self._account
        model = self._deployable(parameters["modelArn"])
        name = parameters["modelDeploymentName"]
        if any(deployment.name == name for deployment in self._deployments.values()):
            raise ValidationError(f"modelDeploymentName: {name} belongs to another deployment")
        quotas = account.quotas
        changing = sum(deployment.is_changing for deployment in self._deployments.values())
        if len(self._deployments) >= quotas.custom_model_deployments:
            raise QuotaExceededError(
                f"The account has {quotas.custom_model_deployments} custom model deployments, its "
                "quota."
            )
        if changing >= quotas.custom_model_deployments_in_progress:
            raise QuotaExceededError(
                f"The account has {changing} custom model deployments in progress, its quota."
            )
        now = account.now()
        deployment = Deployment(
            arn=account.place.arn("custom-model-deployment", new_id()),
            name=name,
            model=model,
            description=parameters.get("description"),
            created=now,
            modified=now,
        )
        account.tags.create(deployment.arn, parameters.get("tags", []))
        self._deployments[deployment.arn] = deployment
        account.background.later(_CREATING_SECONDS, lambda: self._activate(deployment))
        return {"customModelDeploymentArn": deployment.arn}

    def get_custom_model_deployment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetCustomModelDeployment."""
        deployment = self.find(parameters["customModelDeploymentIdentifier"])
        details: dict[str, Any] = {
            "customModelDeploymentArn": deployment.arn,
            "modelDeploymentName": deployment.name,
            "modelArn": deployment.model.arn,
            "createdAt": deployment.created,
            "lastUpdatedAt": deployment.modified,
            "status": deployment.status,
        }
        if deployment.description is not None:
            details["description"] = deployment.description
        if deployment.next_model is not None:
            details["updateDetails"] = {
                "modelArn": deployment.next_model.arn,
                "updateStatus": deployment.update_status,
            }
        return details

    def list_custom_model_deployments(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListCustomModelDeployments."""
        found, more = page(
            [
                deployment
                for deployment in self._deployments.values()
                if parameters.get("statusEquals") in {None, deployment.status}
                and parameters.get("modelArnEquals") in {None, deployment.model.arn}
            ],
            parameters,
            name=lambda deployment: deployment.name,
            created=lambda deployment: deployment.created,
        )
        summaries = [
            {
                "customModelDeploymentArn": deployment.arn,
                "customModelDeploymentName": deployment.name,
                "modelArn": deployment.model.arn,
                "createdAt": deployment.created,
                "lastUpdatedAt": deployment.modified,
                "status": deployment.status,
            }
            for deployment in found
        ]
        return {"modelDeploymentSummaries": summaries, **more}

    def update_custom_model_deployment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateCustomModelDeployment: another model under the same ARN."""
        deployment = self._settled(parameters)
        model = self._deployable(parameters["modelArn"])
        if model.base.id != deployment.model.base.id:
            raise ValidationError(
                f"modelArn: {model.arn} descends from {model.base.id}, the deployment's model from "
                f"{deployment.model.base.id}"
            )
        deployment.next_model, deployment.update_status = model, "Updating"
        deployment.modified = self._account.now()
        self._account.background.later(_UPDATING_SECONDS, lambda: self._finish_update(deployment))
        return {"customModelDeploymentArn": deployment.arn}

    def delete_custom_model_deployment(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteCustomModelDeployment."""
        deployment = self._settled(parameters)
        del self._deployments[deployment.arn]
        self._account.tags.forget(deployment.arn)
        return {}

    def _deployable(self, identifier: str) -> CustomModel:
        model = self._models.find(identifier)
        deployability = model.base.deployability
        if not deployability.on_demand:
            raise ValidationError(
                f"modelArn: custom models of {model.base.id} cannot be deployed on demand; buy "
                "Provisioned Throughput"
            )
        since = deployability.customized_since
        if since is not None and model.created.date() < since:
            raise ValidationError(
                f"modelArn: only models customized on {since} or later can be deployed on demand"
            )
        if model.status != "Active":
            raise ValidationError(
                f"modelArn: {model.arn} is {model.status}; wait until it is Active"
            )
        return model

    def _settled(self, parameters: Mapping[str, Any]) -> Deployment:
        deployment = self.find(parameters["customModelDeploymentIdentifier"])
        if deployment.is_changing:
            raise ValidationError("Custom model deployment is in a mutating state")
        return deployment

    def _uses(self, model_arn: str) -> bool:
        return any(
            model is not None and model.arn == model_arn
            for deployment in self._deployments.values()
            for model in (
                deployment.model,
                deployment.next_model if deployment.is_changing else None,
            )
        )

    def _activate(self, deployment: Deployment) -> None:
        with self._account.lock:
            deployment.status, deployment.modified = "Active", self._account.now()

    def _finish_update(self, deployment: Deployment) -> None:
        with self._account.lock:
            if deployment.next_model is not None:
                deployment.model = deployment.next_model
            deployment.update_status, deployment.modified = "UpdateCompleted", self._account.now()

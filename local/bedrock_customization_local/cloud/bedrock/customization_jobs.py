"""Customization jobs: what is asked, refused, shown. `job_run` is what happens then."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id, split_arn
from bedrock_customization_local.cloud.bedrock.authorization import SERVICE_PRINCIPAL
from bedrock_customization_local.cloud.bedrock.datasets import LEARNABLE
from bedrock_customization_local.cloud.bedrock.errors import (
    ConflictError,
    NotEmulatedError,
    NotFoundError,
    QuotaExceededError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_local.cloud.iam import AccessDenied
from bedrock_customization_runtime.catalog import (
    BaseModel,
    HyperparameterError,
    Method,
    MethodRules,
    UnknownBaseModelError,
    UnsupportedCustomizationError,
    base_model,
)
from bedrock_customization_runtime.catalog.hyperparameters import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.custom_models import CustomModel, CustomModels

_OPERATION = "CreateModelCustomizationJob"
_RUNNING = {"InProgress", "Stopping"}
PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


@dataclass(slots=True)
class Phase:
    """One of a job's phases.

    Args:
        status: In the API's words.
        created: When it began.
        modified: When its status last changed.
    """

    status: str = "NotStarted"
    created: datetime | None = None
    modified: datetime | None = None

    def shown(self) -> dict[str, Any]:
        """Return what `statusDetails` shows."""
        times = {"creationTime": self.created, "lastModifiedTime": self.modified}
        return {"status": self.status, **{key: time for key, time in times.items() if time}}


@dataclass(kw_only=True, slots=True)
class CustomizationJob:
    """A customization job.

    Args:
        id: Twelve characters: the end of its ARN and of its model's.
        arn: Its ARN.
        parameters: The request.
        base: The foundation model.
        base_arn: What it starts from: a foundation model, or a custom model.
        parent: That custom model.
        method: How it customizes.
        rules: Of base model and method.
        hyperparameters: Given and default ones.
        created: When.
    """

    id: str
    arn: str
    parameters: Mapping[str, Any]
    base: BaseModel
    base_arn: str
    parent: CustomModel | None
    method: Method
    rules: MethodRules
    hyperparameters: dict[str, str]
    created: datetime
    status: str = "InProgress"
    phases: dict[str, Phase] = field(default_factory=lambda: {name: Phase() for name in PHASES})
    failure: str | None = None
    modified: datetime | None = None
    ended: datetime | None = None
    model_arn: str | None = None
    training_loss: float | None = None
    validation_loss: float | None = None
    stop_asked: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """Its name, taken for ever."""
        name: str = self.parameters["jobName"]
        return name

    def change_status(self, status: str, now: datetime) -> None:
        """Enter another status."""
        self.status, self.modified = status, now
        if status not in _RUNNING:
            self.ended = now


class CustomizationJobs:
    """The customization jobs of the account.

    Args:
        account: The account.
        models: Where the jobs' models go.
        authorizer: Evaluates the jobs' roles.
        run: Does what a job is for, beside the request.
        notify: Told of every change of status.
    """

    def __init__(
        self,
        account: Account,
        models: CustomModels,
        *,
        authorizer: RoleAuthorizer,
        run: Callable[[CustomizationJob], None],
        notify: Callable[[CustomizationJob], None],
    ) -> None:
        self._account, self._models, self._authorizer = account, models, authorizer
        self._run, self._notify = run, notify
        self._jobs: dict[str, CustomizationJob] = {}

    def create_model_customization_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelCustomizationJob."""
        account = self._account
        job = self._new_job(parameters)
        self._check_names(parameters)
        self._check_quotas()
        account.tags.check(parameters.get("customModelTags", []))
        try:
            self._authorizer.assume(
                parameters["roleArn"],
                SERVICE_PRINCIPAL,
                source_arn=job.arn,
                source_account=account.place.account_id,
            )
        except AccessDenied as error:
            raise ValidationError(
                "Could not assume provided IAM role. Please ensure that the role exists and that "
                f"its trust policy allows {SERVICE_PRINCIPAL}. ({error})"
            ) from error
        account.tags.create(job.arn, parameters.get("jobTags", []))
        self._jobs[job.arn] = job
        self._notify(job)
        account.background.start(lambda: self._run(job))
        return {"jobArn": job.arn}

    def get_model_customization_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetModelCustomizationJob."""
        return job_details(self._find(parameters["jobIdentifier"]), self._account)

    def list_model_customization_jobs(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListModelCustomizationJobs."""
        status = parameters.get("statusEquals")
        jobs = [job for job in self._jobs.values() if status in {None, job.status}]
        found, more = page(
            jobs, parameters, name=lambda job: job.name, created=lambda job: job.created
        )
        return {"modelCustomizationJobSummaries": [self._summary(job) for job in found], **more}

    def stop_model_customization_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """StopModelCustomizationJob."""
        job = self._find(parameters["jobIdentifier"])
        if job.status != "InProgress":
            raise ConflictError(f"{job.arn} is {job.status}: only a job InProgress can be stopped")
        self.stop(job)
        return {}

    def stop(self, job: CustomizationJob) -> None:
        """Ask a job to stop."""
        job.change_status("Stopping", self._account.now())
        job.stop_asked.set()
        self._notify(job)

    def _new_job(self, parameters: Mapping[str, Any]) -> CustomizationJob:
        account = self._account
        method = self._method(parameters.get("customizationType", Method.FINE_TUNING.value))
        base, parent = self._base(parameters["baseModelIdentifier"])
        if account.place.region not in base.regions:
            raise ValidationError(
                f"baseModelIdentifier: {base.id} can be customized in {', '.join(base.regions)}, "
                f"not in {account.place.region}"
            )
        given = parameters.get("hyperParameters", {})
        try:
            rules = base.require(method, today=account.now().date())
            hyperparameters = base.check_hyperparameters(method, given)
        except UnsupportedCustomizationError as error:
            raise ValidationError(f"baseModelIdentifier: {error}") from error
        except HyperparameterError as error:
            raise ValidationError(f"hyperParameters: {error}") from error
        if rules.record_format not in LEARNABLE or method is not Method.FINE_TUNING:
            raise NotEmulatedError(
                f"customizationType: {method} of {base.id} is not emulated; the embedded Bedrock "
                "does FINE_TUNING on text"
            )
        if "s3Uri" not in parameters["trainingDataConfig"]:
            raise ValidationError("trainingDataConfig.s3Uri: FINE_TUNING needs it")
        defaults = {
            name: rendered(hyperparameter.default)
            for name, hyperparameter in rules.hyperparameters.items()
            if hyperparameter.default is not None
        }
        job_id = new_id()
        return CustomizationJob(
            id=job_id,
            arn=account.place.arn("model-customization-job", f"{base.id}/{job_id}"),
            parameters=parameters,
            base=base,
            base_arn=parent.arn if parent else account.place.foundation_model_arn(base.id),
            parent=parent,
            method=method,
            rules=rules,
            hyperparameters=defaults | hyperparameters,
            created=account.now(),
        )

    def _method(self, customization_type: str) -> Method:
        try:
            return Method(customization_type)
        except ValueError:
            raise ValidationError(
                f"customizationType: no job has the type {customization_type}; use FINE_TUNING"
            ) from None

    def _base(self, identifier: str) -> tuple[BaseModel, CustomModel | None]:
        kind, name = split_arn(identifier)
        if kind == "custom-model" or (not kind and self._models.has_name(name)):
            try:
                parent = self._models.find(identifier)
            except NotFoundError as error:
                raise ValidationError(f"baseModelIdentifier: {error.message}") from error
            if parent.status != "Active":
                raise ValidationError(f"baseModelIdentifier: {parent.arn} is {parent.status}")
            return parent.base, parent
        try:
            return base_model(name), None
        except UnknownBaseModelError as error:
            raise ValidationError(
                f"The provided model identifier is invalid. baseModelIdentifier: {error}"
            ) from error

    def _check_names(self, parameters: Mapping[str, Any]) -> None:
        job_name, model_name = parameters["jobName"], parameters["customModelName"]
        if any(job.name == job_name for job in self._jobs.values()):
            raise ConflictError(
                f"The provided job name is currently in use. jobName: {job_name} belongs to "
                "another job; names of jobs are never free again"
            )
        running = (job for job in self._jobs.values() if job.status in _RUNNING)
        taken = {job.parameters["customModelName"] for job in running}
        if model_name in taken or self._models.has_name(model_name):
            raise ConflictError(
                f"The provided custom model name is currently in use. customModelName: {model_name}"
            )

    def _check_quotas(self) -> None:
        quotas = self._account.quotas
        running = sum(job.status in _RUNNING for job in self._jobs.values())
        if running >= quotas.scheduled_customization_jobs:
            raise QuotaExceededError(
                f"You have {running} scheduled customization jobs, the quota is "
                f"{quotas.scheduled_customization_jobs}. Wait until one ends."
            )
        if running + self._models.count >= quotas.custom_models:
            raise QuotaExceededError(
                f"The account would have more than {quotas.custom_models} custom models. "
                "Delete one or request an increase."
            )

    def _find(self, identifier: str) -> CustomizationJob:
        for job in self._jobs.values():
            if identifier in {job.arn, job.name}:
                return job
        raise NotFoundError(f"there is no model customization job {identifier}")

    def _summary(self, job: CustomizationJob) -> dict[str, Any]:
        details = job_details(job, self._account)
        kept = (
            *("jobArn", "jobName", "baseModelArn", "status", "statusDetails", "creationTime"),
            *("lastModifiedTime", "endTime", "customizationType"),
        )
        summary = {name: details[name] for name in kept if name in details}
        summary["customModelName"] = details["outputModelName"]
        if job.model_arn is not None:
            summary["customModelArn"] = job.model_arn
        return summary


def job_details(job: CustomizationJob, account: Account) -> dict[str, Any]:
    """Return what GetModelCustomizationJob shows."""
    asked = job.parameters
    optional: dict[str, Any] = {
        "outputModelArn": job.model_arn,
        "clientRequestToken": asked.get("clientRequestToken"),
        "failureMessage": job.failure,
        "lastModifiedTime": job.modified or job.created,
        "endTime": job.ended,
        "vpcConfig": asked.get("vpcConfig"),
        "outputModelKmsKeyArn": _key_arn(asked.get("customModelKmsKeyId"), account),
    }
    if job.training_loss is not None:
        optional["trainingMetrics"] = {"trainingLoss": job.training_loss}
    if job.validation_loss is not None:
        optional["validationMetrics"] = [{"validationLoss": job.validation_loss}]
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "outputModelName": asked["customModelName"],
        "roleArn": asked["roleArn"],
        "status": job.status,
        "statusDetails": {name: phase.shown() for name, phase in job.phases.items()},
        "creationTime": job.created,
        "baseModelArn": account.place.foundation_model_arn(job.base.id),
        "hyperParameters": job.hyperparameters,
        "trainingDataConfig": asked["trainingDataConfig"],
        "validationDataConfig": asked.get("validationDataConfig", {"validators": []}),
        "outputDataConfig": asked["outputDataConfig"],
        "customizationType": job.method.value,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _key_arn(key: str | None, account: Account) -> str | None:
    if key is None or key.startswith("arn:"):
        return key
    place = account.place
    name = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{place.partition}:kms:{place.region}:{place.account_id}:{name}"

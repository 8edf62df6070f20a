"""Customization jobs: begun, shown, listed, stopped.

`requests` is what is refused before, `run` what happens then.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.authorization import assume_for_job
from bedrock_customization_local.cloud.bedrock.errors import (
    ConflictError,
    NotFoundError,
    QuotaExceededError,
)
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_runtime.catalog import (
    BaseModel,
    HyperparameterValue,
    Method,
    MethodRules,
)
from bedrock_customization_runtime.catalog.hyperparameters import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.jobs.teachers import Teacher
    from bedrock_customization_local.cloud.bedrock.models.custom_models import (
        CustomModel,
        CustomModels,
    )

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
        typed_hyperparameters: Given and default ones, in their own types.
        teacher: Of a distillation.
        key_arn: The customer's key of the model.
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
    typed_hyperparameters: dict[str, HyperparameterValue]
    teacher: Teacher | None
    key_arn: str | None
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

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The hyperparameters as the string map of the API."""
        return {name: rendered(value) for name, value in self.typed_hyperparameters.items()}

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
        make: Makes a job of a request, or refuses it.
        authorizer: Evaluates the jobs' roles.
        run: Does what a job is for, beside the request.
        notify: Told of every change of status.
    """

    def __init__(
        self,
        account: Account,
        models: CustomModels,
        *,
        make: Callable[[Mapping[str, Any]], CustomizationJob],
        authorizer: RoleAuthorizer,
        run: Callable[[CustomizationJob], None],
        notify: Callable[[CustomizationJob], None],
    ) -> None:
        self._account, self._models, self._authorizer = account, models, authorizer
        self._make, self._run, self._notify = make, run, notify
        self._jobs: dict[str, CustomizationJob] = {}

    def create_model_customization_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateModelCustomizationJob."""
        account = self._account
        job = self._make(parameters)
        self._check_names(parameters)
        self._check_quotas()
        account.tags.check(parameters.get("customModelTags", []))
        assume_for_job(
            self._authorizer,
            parameters["roleArn"],
            job_arn=job.arn,
            account_id=account.place.account_id,
        )
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
        now = self._account.now()
        job.change_status("Stopping", now)
        for phase in job.phases.values():
            if phase.status == "InProgress":
                phase.status, phase.modified = "Stopping", now
        job.stop_asked.set()
        self._notify(job)

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
        "outputModelKmsKeyArn": job.key_arn,
        "customizationConfig": _configuration(job),
    }
    if job.method is not Method.REINFORCEMENT_FINE_TUNING:
        optional["hyperParameters"] = job.hyperparameters
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
        "trainingDataConfig": asked["trainingDataConfig"],
        "validationDataConfig": asked.get("validationDataConfig", {"validators": []}),
        "outputDataConfig": asked["outputDataConfig"],
        "customizationType": job.method.value,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _configuration(job: CustomizationJob) -> dict[str, Any] | None:
    """Return the method's own configuration, with the defaults of what was left out."""
    asked: dict[str, Any] | None = job.parameters.get("customizationConfig")
    if asked is None or job.method is not Method.REINFORCEMENT_FINE_TUNING:
        return asked
    return {"rftConfig": {**asked["rftConfig"], "hyperParameters": job.typed_hyperparameters}}

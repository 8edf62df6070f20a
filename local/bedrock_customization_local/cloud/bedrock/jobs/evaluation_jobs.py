"""Evaluation jobs with a judge of answers that were given before: begun, shown, listed, stopped.

`evaluation_run` is what happens then. Other kinds of evaluation jobs are not emulated.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id
from bedrock_customization_local.cloud.bedrock.authorization import assume_for_job
from bedrock_customization_local.cloud.bedrock.errors import (
    ConflictError,
    NotEmulatedError,
    NotFoundError,
    QuotaExceededError,
    ServiceError,
    ValidationError,
)
from bedrock_customization_local.cloud.bedrock.paging import page
from bedrock_customization_runtime.catalog import judges
from bedrock_customization_runtime.contract import JudgeMetric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.models.foundation_models import FoundationModels

JUDGED_TASK = "General"
_MOST_SUMMARIES = 5
"""Of a page, by the API's model."""
_RUNNING = {"InProgress", "Stopping"}
_BUILT_IN = frozenset(metric.value for metric in JudgeMetric)


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedDataset:
    """A dataset of a job.

    Args:
        name: Its name.
        uri: Where it is.
        metrics: Names of what is judged.
    """

    name: str
    uri: str
    metrics: Sequence[str]


@dataclass(kw_only=True, slots=True)
class EvaluationJob:
    """An evaluation job.

    Args:
        arn: Its ARN.
        parameters: The request.
        judge: Who judges, as the request names it.
        source: Whose answers are judged.
        datasets: What is judged.
        scales: Values that a judge may give, by custom metric; in no order.
        created: When.
    """

    arn: str
    parameters: Mapping[str, Any]
    judge: str
    source: str
    datasets: Sequence[JudgedDataset]
    scales: Mapping[str, Sequence[float]]
    created: datetime
    status: str = "InProgress"
    failures: list[str] = field(default_factory=list)
    modified: datetime | None = None
    stop_asked: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """Its name."""
        name: str = self.parameters["jobName"]
        return name

    def change_status(self, status: str, now: datetime) -> None:
        """Enter another status."""
        self.status, self.modified = status, now


class EvaluationJobs:
    """The evaluation jobs of the account.

    Args:
        account: The account.
        foundation_models: Among which judges are.
        authorizer: Evaluates the jobs' roles.
        run: Does what a job is for, beside the request.
    """

    def __init__(
        self,
        account: Account,
        foundation_models: FoundationModels,
        *,
        authorizer: RoleAuthorizer,
        run: Callable[[EvaluationJob], None],
    ) -> None:
        self._account, self._foundation_models = account, foundation_models
        self._authorizer, self._run = authorizer, run
        self._jobs: dict[str, EvaluationJob] = {}

    def create_evaluation_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """CreateEvaluationJob."""
        account = self._account
        job = self._job_of(parameters)
        if any(known.name == job.name for known in self._jobs.values()):
            raise ConflictError(f"jobName: {job.name} belongs to another evaluation job")
        running = sum(known.status in _RUNNING for known in self._jobs.values())
        if running >= account.quotas.concurrent_evaluation_jobs:
            raise QuotaExceededError(
                f"You have {running} evaluation jobs in progress, the quota is "
                f"{account.quotas.concurrent_evaluation_jobs}. Wait until one ends."
            )
        assume_for_job(
            self._authorizer,
            parameters["roleArn"],
            job_arn=job.arn,
            account_id=account.place.account_id,
        )
        account.tags.create(job.arn, parameters.get("jobTags", []))
        self._jobs[job.arn] = job
        account.background.start(lambda: self._run(job))
        return {"jobArn": job.arn}

    def get_evaluation_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetEvaluationJob."""
        job = self._find(parameters["jobIdentifier"])
        kept = (
            *("jobName", "jobDescription", "roleArn", "customerEncryptionKeyId"),
            *("applicationType", "evaluationConfig", "inferenceConfig", "outputDataConfig"),
        )
        return {
            **{name: job.parameters[name] for name in kept if name in job.parameters},
            "jobArn": job.arn,
            "status": job.status,
            "jobType": "Automated",
            "creationTime": job.created,
            "lastModifiedTime": job.modified or job.created,
            **({"failureMessages": job.failures} if job.failures else {}),
        }

    def list_evaluation_jobs(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """ListEvaluationJobs."""
        status, kind = parameters.get("statusEquals"), parameters.get("applicationTypeEquals")
        jobs = [
            job
            for job in self._jobs.values()
            if status in {None, job.status} and kind in {None, "ModelEvaluation"}
        ]
        most = min(parameters.get("maxResults", _MOST_SUMMARIES), _MOST_SUMMARIES)
        found, more = page(
            jobs,
            {**parameters, "maxResults": most},
            name=lambda job: job.name,
            created=lambda job: job.created,
        )
        # The API's model knows no empty list.
        return {"jobSummaries": [_summary(job) for job in found], **more} if found else {}

    def stop_evaluation_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """StopEvaluationJob."""
        job = self._find(parameters["jobIdentifier"])
        if job.status != "InProgress":
            raise ConflictError(f"{job.arn} is {job.status}: only a job InProgress can be stopped")
        job.change_status("Stopping", self._account.now())
        job.stop_asked.set()
        return {}

    def batch_delete_evaluation_job(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """BatchDeleteEvaluationJob."""
        errors, deleted = [], []
        for identifier in parameters["jobIdentifiers"]:
            try:
                job = self._find(identifier)
                if job.status in _RUNNING:
                    raise ConflictError(f"{identifier} is {job.status}: stop it first")
            except ServiceError as error:
                errors.append(
                    {"jobIdentifier": identifier, "code": error.code, "message": error.message}
                )
                continue
            del self._jobs[job.arn]
            self._account.tags.forget(job.arn)
            deleted.append({"jobIdentifier": identifier, "jobStatus": "Deleting"})
        return {"errors": errors, "evaluationJobs": deleted}

    def _find(self, arn: str) -> EvaluationJob:
        if arn not in self._jobs:
            raise NotFoundError(f"there is no evaluation job {arn}")
        return self._jobs[arn]

    def _job_of(self, parameters: Mapping[str, Any]) -> EvaluationJob:
        automated = parameters["evaluationConfig"].get("automated")
        if automated is None:
            raise NotEmulatedError("evaluationConfig.human: people are not emulated")
        source = _source(parameters["inferenceConfig"])
        custom = automated.get("customMetricConfig")
        scales = _scales(custom) if custom else {}
        datasets = [_dataset(config, scales) for config in automated["datasetMetricConfigs"]]
        is_built_in = any(metric in _BUILT_IN for dataset in datasets for metric in dataset.metrics)
        named = [
            config["evaluatorModelConfig"]
            for config, wanted in ((automated, is_built_in), (custom or {}, bool(scales)))
            if wanted and "evaluatorModelConfig" in config
        ]
        if len(named) != is_built_in + bool(scales):
            raise ValidationError("evaluatorModelConfig: built-in metrics need a judge")
        identifiers = {one["bedrockEvaluatorModels"][0]["modelIdentifier"] for one in named}
        if len(identifiers) != 1:
            raise NotEmulatedError("evaluatorModelConfig: several judges in a job")
        (judge,) = identifiers
        if not judges().lists(judge, built_in=is_built_in, custom=bool(scales)):
            raise ValidationError(
                f"evaluatorModelConfig: {judge} is not supported as an evaluator model"
            )
        self._foundation_models.invocable(judge)
        account = self._account
        return EvaluationJob(
            arn=account.place.arn("evaluation-job", new_id()),
            parameters=parameters,
            judge=judge,
            source=source,
            datasets=datasets,
            scales=scales,
            created=account.now(),
        )


def _source(inference: Mapping[str, Any]) -> str:
    models = inference.get("models", [])
    if len(models) != 1:
        raise ValidationError("inferenceConfig.models: an automated job takes exactly one")
    precomputed = models[0].get("precomputedInferenceSource")
    if precomputed is None:
        raise NotEmulatedError(
            "inferenceConfig.models: only answers that were given before are judged here "
            "(precomputedInferenceSource)"
        )
    source: str = precomputed["inferenceSourceIdentifier"]
    return source


def _scales(custom: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    scales: dict[str, Sequence[float]] = {}
    for metric in custom["customMetrics"]:
        definition = metric["customMetricDefinition"]
        if "{{prediction}}" not in definition["instructions"]:
            raise ValidationError(
                f"customMetrics: the instructions of {definition['name']} lack {{{{prediction}}}}"
            )
        values = [item["value"].get("floatValue") for item in definition.get("ratingScale", [])]
        if not values or None in values:
            raise NotEmulatedError("customMetrics: only rating scales of numbers are emulated")
        scales[definition["name"]] = values
    return scales


def _dataset(config: Mapping[str, Any], scales: Mapping[str, object]) -> JudgedDataset:
    if config["taskType"] != JUDGED_TASK:
        raise NotEmulatedError(
            f"taskType: {config['taskType']} is judged by algorithms, which are not emulated; a "
            f"judge's is {JUDGED_TASK}"
        )
    unknown = [name for name in config["metricNames"] if name not in _BUILT_IN | scales.keys()]
    if unknown:
        raise ValidationError(f"metricNames: {unknown[0]} is neither built in nor defined")
    location = config["dataset"].get("datasetLocation", {}).get("s3Uri")
    if location is None:
        raise ValidationError("dataset.datasetLocation: a judge needs a dataset of yours")
    return JudgedDataset(
        name=config["dataset"]["name"], uri=location, metrics=config["metricNames"]
    )


def _summary(job: EvaluationJob) -> dict[str, Any]:
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "status": job.status,
        "creationTime": job.created,
        "jobType": "Automated",
        "evaluationTaskTypes": [JUDGED_TASK],
        "evaluatorModelIdentifiers": [job.judge],
        "inferenceConfigSummary": {
            "modelConfigSummary": {"precomputedInferenceSourceIdentifiers": [job.source]}
        },
        "applicationType": "ModelEvaluation",
    }

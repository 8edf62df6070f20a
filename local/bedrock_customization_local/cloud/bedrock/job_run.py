"""What a customization job does: check the data as its role, train, leave artifacts and a model."""

from __future__ import annotations

import csv
import io
import logging
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.bedrock.custom_models import CustomModel
from bedrock_customization_local.cloud.bedrock.customization_jobs import (
    CustomizationJob,
    job_details,
)
from bedrock_customization_local.cloud.bedrock.datasets import (
    BadDataError,
    Example,
    check_counts,
    read_examples,
)
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.bedrock.tinylm.training import Plan, Progress, Settings
from bedrock_customization_local.cloud.bedrock.tinylm.worker import Worker, WorkerFailedError
from bedrock_customization_local.cloud.iam import AccessDenied
from bedrock_customization_runtime.storage import S3Uri

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.custom_models import CustomModels

_VALIDATION_SECONDS = 180
_PROCESSING_SECONDS = 60
_QUEUE_SECONDS = 300
_ANNOUNCE_SECONDS = 60
_TRAINING_METRICS = "training_artifacts/step_wise_training_metrics.csv"
_VALIDATION_METRICS = "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"
_LAST_STEPS = 20
_MODEL_DETAILS = (
    *("jobName", "jobArn", "customizationType", "hyperParameters", "trainingDataConfig"),
    *("validationDataConfig", "outputDataConfig", "trainingMetrics", "validationMetrics"),
)

logger = logging.getLogger(__name__)


class _JobFailedError(Exception):
    """The job ends as Failed, with this message."""


class _JobStoppedError(Exception):
    """The job ends as Stopped."""


@dataclass(frozen=True, slots=True)
class _Data:
    train: Sequence[Example]
    validation: Sequence[Example]


class JobRunner:
    """Runs jobs.

    Args:
        account: The account.
        models: Where models go.
        s3: Returns an S3 client for a Region.
        authorizer: Evaluates the jobs' roles.
        notify: Told of every change of status.
    """

    def __init__(
        self,
        account: Account,
        models: CustomModels,
        *,
        s3: Callable[[str], S3Client],
        authorizer: RoleAuthorizer,
        notify: Callable[[CustomizationJob], None],
    ) -> None:
        self._account, self._models = account, models
        self._s3, self._authorizer, self._notify = s3, authorizer, notify

    def run(self, job: CustomizationJob) -> None:
        """Take a job from InProgress to its end."""
        try:
            self._run(job, self._account.faults.of_job())
        except _JobStoppedError:
            self._end(job, "Stopped")
        except (_JobFailedError, BadDataError) as error:
            self._end(job, "Failed", str(error))
        except Exception:
            logger.exception("job %s broke", job.arn)
            self._end(job, "Failed", "Internal server error while running the job.")

    def _run(self, job: CustomizationJob, fault: Fault | None) -> None:
        self._begin(job, "validationDetails")
        self._pause(job, _VALIDATION_SECONDS)
        data = self._read_data(job)
        self._write(job, ".write_access_check_file.tmp", b"")
        self._complete(job, "validationDetails")
        self._begin(job, "dataProcessingDetails")
        self._pause(job, _PROCESSING_SECONDS)
        self._complete(job, "dataProcessingDetails")
        if fault is not None and fault.kind is FaultKind.STALL_JOB:
            self._account.background.wait(job.stop_asked)
            raise _JobStoppedError
        self._pause(job, _QUEUE_SECONDS)
        self._begin(job, "trainingDetails")
        self._pause(job, _ANNOUNCE_SECONDS)
        if fault is not None and fault.kind is FaultKind.FAIL_JOB:
            raise _JobFailedError(fault.message or "Internal error: the training failed.")
        if fault is not None and fault.kind is FaultKind.STOP_JOB:
            self._set_status(job, "Stopping")
            raise _JobStoppedError
        self._train(job, data)

    def _train(self, job: CustomizationJob, data: _Data) -> None:
        with tempfile.TemporaryDirectory(prefix="bedrock-job-") as folder:
            worker = Worker(
                Path(folder),
                [(example.prompt, example.completion) for example in data.train],
                [(example.prompt, example.completion) for example in data.validation],
                _settings(job),
                None if job.parent is None else job.parent.model,
            )
            try:
                progress = self._watch(job, worker, data)
                model = worker.model()
            except WorkerFailedError as error:
                self._raise_if_stopped(job)
                raise _JobFailedError(f"Internal error: the training failed ({error}).") from error
            finally:
                worker.close()
        losses = [one.loss for one in progress if not one.validation]
        checks = [one.loss for one in progress if one.validation]
        job.training_loss = sum(losses[-_LAST_STEPS:]) / len(losses[-_LAST_STEPS:])
        job.validation_loss = min(checks, default=None)
        folder_key = f"model-customization-job-{job.id}"
        self._write(job, f"{folder_key}/{_TRAINING_METRICS}", _metrics(progress, validation=False))
        if checks:
            self._write(
                job, f"{folder_key}/{_VALIDATION_METRICS}", _metrics(progress, validation=True)
            )
        with self._account.lock:
            self._raise_if_stopped(job)
            model_arn = self._account.place.arn("custom-model", f"{job.base.id}/{job.id}")
            self._models.add(
                CustomModel(
                    arn=model_arn,
                    name=job.parameters["customModelName"],
                    base=job.base,
                    base_arn=job.base_arn,
                    model=model,
                    details=_model_details(job, self._account),
                    created=self._account.now(),
                ),
                job.parameters.get("customModelTags", []),
            )
            job.model_arn = model_arn
            self._complete(job, "trainingDetails")
            self._set_status(job, "Completed")

    def _watch(self, job: CustomizationJob, worker: Worker, data: _Data) -> list[Progress]:
        """Collect a training's progress; end it when the job is to stop. Bill what was computed."""
        progress: list[Progress] = []
        plan: Plan | None = None
        try:
            for event in worker.progress():
                if isinstance(event, Plan):
                    plan = event
                    _log_plan(job, plan)
                    continue
                self._raise_if_stopped(job)
                if not math.isfinite(event.loss):
                    raise _JobFailedError("The training diverged: the loss is not a number.")
                progress.append(event)
        finally:
            if plan is not None and progress:
                epochs = (progress[-1].step + 1) / plan.steps_per_epoch
                tokens = round(epochs * sum(example.tokens for example in data.train))
                self._account.meter.count_tokens(
                    job.arn, Unit.TRAINING_TOKENS, tokens, job.base.prices.training_per_1k_tokens
                )
        return progress

    def _read_data(self, job: CustomizationJob) -> _Data:
        asked = job.parameters
        validators = asked.get("validationDataConfig", {}).get("validators", [])
        if validators and job.rules.validation is None:
            raise _JobFailedError(
                f"A validation dataset is not supported for {job.base.id}. Remove "
                "validationDataConfig."
            )
        train = self._read(job, asked["trainingDataConfig"]["s3Uri"], "train")
        validation = [
            example
            for validator in validators
            for example in self._read(job, validator["s3Uri"], "validation")
        ]
        check_counts(train, validation, job.rules)
        if not train:
            raise _JobFailedError("The training dataset holds no records.")
        return _Data(train, validation)

    def _read(self, job: CustomizationJob, uri: str, what: str) -> list[Example]:
        where = _uri(uri)
        refusal = (
            "Could not validate GetObject permissions to access Amazon S3 bucket: "
            f"{where.bucket} at key {where.key}"
        )
        self._authorize(job, "GetObject", where, refusal)
        try:
            client = self._s3(self._account.place.region)
            body = client.get_object(Bucket=where.bucket, Key=where.key)["Body"].read()
        except ClientError as error:
            raise _JobFailedError(f"{refusal} ({error.response['Error']['Code']})") from error
        return read_examples(body, key=where.key, what=what, rules=job.rules)

    def _write(self, job: CustomizationJob, name: str, body: bytes) -> None:
        prefix = job.parameters["outputDataConfig"]["s3Uri"].rstrip("/")
        where = _uri(f"{prefix}/{name}")
        refusal = (
            "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to "
            f"access S3 bucket: {where.bucket} at key {where.key}"
        )
        self._authorize(job, "PutObject", where, refusal)
        try:
            client = self._s3(self._account.place.region)
            client.put_object(Bucket=where.bucket, Key=where.key, Body=body)
        except ClientError as error:
            raise _JobFailedError(f"{refusal} ({error.response['Error']['Code']})") from error

    def _authorize(self, job: CustomizationJob, operation: str, where: S3Uri, refusal: str) -> None:
        try:
            self._authorizer.authorize(
                role_arn=job.parameters["roleArn"],
                service="s3",
                operation=operation,
                parameters={"Bucket": where.bucket, "Key": where.key},
            )
        except AccessDenied as error:
            raise _JobFailedError(refusal) from error

    def _pause(self, job: CustomizationJob, seconds: float) -> None:
        if not self._account.background.pause(seconds, job.stop_asked):
            raise _JobStoppedError

    def _raise_if_stopped(self, job: CustomizationJob) -> None:
        if job.stop_asked.is_set() or self._account.background.closing.is_set():
            raise _JobStoppedError

    def _begin(self, job: CustomizationJob, phase: str) -> None:
        with self._account.lock:
            now = self._account.now()
            found = job.phases[phase]
            found.status, found.created, found.modified = "InProgress", now, now
            job.modified = now

    def _complete(self, job: CustomizationJob, phase: str) -> None:
        with self._account.lock:
            now = self._account.now()
            found = job.phases[phase]
            found.status, found.modified = "Completed", now
            job.modified = now

    def _end(self, job: CustomizationJob, status: str, failure: str | None = None) -> None:
        with self._account.lock:
            for phase in job.phases.values():
                if phase.status == "InProgress":
                    phase.status, phase.modified = status, self._account.now()
            job.failure = failure
            self._set_status(job, status)

    def _set_status(self, job: CustomizationJob, status: str) -> None:
        with self._account.lock:
            job.change_status(status, self._account.now())
            self._notify(job)


def _settings(job: CustomizationJob) -> Settings:
    """Translate a job's hyperparameters; what only matters to large models is left aside."""
    given = job.hyperparameters
    factor = float(given.get("learningRateMultiplier", 1))
    rate = job.rules.hyperparameters.get("learningRate")
    if rate is not None and isinstance(rate.default, float | int) and rate.default:
        factor = float(given["learningRate"]) / rate.default
    patience = given.get("earlyStoppingPatience")
    return Settings(
        epochs=int(given.get("epochCount", 1)),
        rate_factor=factor,
        warmup=int(given.get("learningRateWarmupSteps", 10)),
        patience=None if patience is None else int(patience),
        threshold=float(given.get("earlyStoppingThreshold", 0)),
    )


def _log_plan(job: CustomizationJob, plan: Plan) -> None:
    logger.info(
        "%s: an epoch is %.2f local passes, %d steps; %d records reach the context's end",
        job.arn,
        plan.passes_per_epoch,
        plan.steps_per_epoch,
        plan.truncated,
    )


def _model_details(job: CustomizationJob, account: Account) -> dict[str, Any]:
    details = job_details(job, account)
    kept = {name: details[name] for name in _MODEL_DETAILS if name in details}
    if "outputModelKmsKeyArn" in details:
        kept["modelKmsKeyArn"] = details["outputModelKmsKeyArn"]
    return kept


def _metrics(progress: Sequence[Progress], *, validation: bool) -> bytes:
    loss_column = "validation_loss" if validation else "training_loss"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step_number", "epoch_number", loss_column, "perplexity"])
    for one in progress:
        if one.validation is validation:
            writer.writerow([one.step, one.epoch, one.loss, math.exp(min(one.loss, 700))])
    return text.getvalue().encode()


def _uri(uri: str) -> S3Uri:
    try:
        return S3Uri.parse(uri)
    except ValueError as error:
        raise _JobFailedError(str(error)) from error

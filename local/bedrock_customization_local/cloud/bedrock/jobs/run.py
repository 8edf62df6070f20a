"""What a customization job goes through: its phases, its training, its artifacts and its model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.jobs.access import JobAccess
from bedrock_customization_local.cloud.bedrock.jobs.customization_jobs import (
    CustomizationJob,
    job_details,
)
from bedrock_customization_local.cloud.bedrock.jobs.distillation import Distillation
from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError, JobStoppedError
from bedrock_customization_local.cloud.bedrock.jobs.fine_tuning import FineTuning
from bedrock_customization_local.cloud.bedrock.jobs.grading import Grader
from bedrock_customization_local.cloud.bedrock.jobs.reinforcement import ReinforcementFineTuning
from bedrock_customization_local.cloud.bedrock.jobs.work import JobWork
from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModel
from bedrock_customization_runtime.catalog import Method

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.authorization import RoleAuthorizer
    from bedrock_customization_local.cloud.bedrock.inference.invocation import Invocation
    from bedrock_customization_local.cloud.bedrock.jobs.work import Customization, Outcome
    from bedrock_customization_local.cloud.bedrock.models.custom_models import CustomModels

_VALIDATION_SECONDS = 180
_PROCESSING_SECONDS = 60
_QUEUE_SECONDS = 300
_ANNOUNCE_SECONDS = 60
_STOPPED_SHARE = 0.5
_MODEL_DETAILS = (
    *("jobName", "jobArn", "customizationType", "hyperParameters", "trainingDataConfig"),
    *("validationDataConfig", "outputDataConfig", "trainingMetrics", "validationMetrics"),
    "customizationConfig",
)

logger = logging.getLogger(__name__)


class JobRunner:
    """Runs jobs.

    Args:
        account: The account.
        models: Where models go.
        invocation: Asks teachers.
        clients: Returns the embedded AWS's client of a service.
        authorizer: Evaluates the jobs' roles.
        notify: Told of every change of status.
    """

    def __init__(
        self,
        account: Account,
        models: CustomModels,
        invocation: Invocation,
        *,
        clients: Callable[[str], Any],
        authorizer: RoleAuthorizer,
        notify: Callable[[CustomizationJob], None],
    ) -> None:
        self._account, self._models, self._invocation = account, models, invocation
        self._clients, self._authorizer, self._notify = clients, authorizer, notify

    def run(self, job: CustomizationJob) -> None:
        """Take a job from InProgress to its end."""
        try:
            self._run(job, self._account.faults.of_job(job.name))
        except JobStoppedError:
            if job.status != "Stopping":
                self._set_status(job, "Stopping")
            self._end(job, "Stopped")
        except JobFailedError as error:
            self._end(job, "Failed", str(error))
        except Exception:
            logger.exception("job %s broke", job.arn)
            self._end(job, "Failed", "Internal server error while running the job.")

    def _run(self, job: CustomizationJob, fault: Fault | None) -> None:
        access = JobAccess(
            job_arn=job.arn,
            parameters=job.parameters,
            place=self._account.place,
            clients=self._clients,
            authorizer=self._authorizer,
        )
        stops = fault is not None and fault.kind is FaultKind.STOP_JOB
        work = JobWork(
            job=job,
            account=self._account,
            access=access,
            last_share=_STOPPED_SHARE if stops else None,
        )
        customization = self._customization(work)
        self._begin(job, "validationDetails")
        self._pause(job, _VALIDATION_SECONDS)
        access.check_model_key()
        access.check_network()
        customization.validate()
        access.write(".write_access_check_file.tmp", b"")
        self._complete(job, "validationDetails")
        self._begin(job, "dataProcessingDetails")
        self._pause(job, _PROCESSING_SECONDS)
        customization.process()
        self._complete(job, "dataProcessingDetails")
        if fault is not None and fault.kind is FaultKind.STALL_JOB:
            self._account.background.wait(job.stop_asked)
            raise JobStoppedError
        self._pause(job, _QUEUE_SECONDS)
        self._begin(job, "trainingDetails")
        self._pause(job, _ANNOUNCE_SECONDS)
        if fault is not None and fault.kind is FaultKind.FAIL_JOB:
            raise JobFailedError(fault.message or "Internal error: the training failed.")
        self._complete_job(job, customization.train())

    def _customization(self, work: JobWork) -> Customization:
        job = work.job
        if job.method is Method.DISTILLATION and job.teacher is not None:
            return Distillation(work, job.teacher, self._invocation)
        if job.method is Method.REINFORCEMENT_FINE_TUNING:
            grader = job.parameters["customizationConfig"]["rftConfig"]["graderConfig"]
            return ReinforcementFineTuning(work, Grader(work, grader["lambdaGrader"]["lambdaArn"]))
        return FineTuning(work)

    def _complete_job(self, job: CustomizationJob, outcome: Outcome) -> None:
        job.training_loss = outcome.training_loss
        job.validation_loss = outcome.validation_loss
        with self._account.lock:
            if job.stop_asked.is_set() or self._account.background.closing.is_set():
                raise JobStoppedError
            model_arn = self._account.place.arn("custom-model", f"{job.base.id}/{job.id}")
            self._models.add(
                CustomModel(
                    arn=model_arn,
                    name=job.parameters["customModelName"],
                    base=job.base,
                    base_arn=job.base_arn,
                    model=outcome.model,
                    details=_model_details(job, self._account),
                    created=self._account.now(),
                ),
                job.parameters.get("customModelTags", []),
            )
            job.model_arn = model_arn
            self._complete(job, "trainingDetails")
            self._set_status(job, "Completed")

    def _pause(self, job: CustomizationJob, seconds: float) -> None:
        if not self._account.background.pause(seconds, job.stop_asked):
            raise JobStoppedError

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
                if phase.status in {"InProgress", "Stopping"}:
                    phase.status, phase.modified = status, self._account.now()
            job.failure = failure
            self._set_status(job, status)

    def _set_status(self, job: CustomizationJob, status: str) -> None:
        with self._account.lock:
            job.change_status(status, self._account.now())
            self._notify(job)


def _model_details(job: CustomizationJob, account: Account) -> dict[str, Any]:
    details = job_details(job, account)
    kept = {name: details[name] for name in _MODEL_DETAILS if name in details}
    if "outputModelKmsKeyArn" in details:
        kept["modelKmsKeyArn"] = details["outputModelKmsKeyArn"]
    return kept

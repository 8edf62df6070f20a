"""From training records to a custom model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
)
from bedrock_customization._asl import Phase, States, run_tags
from bedrock_customization._function import HandlerFunction
from bedrock_customization.method import FineTuning
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import ErrorName, Handler

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.storage import CustomizationStorage

_JOBS, _MODELS = bedrock_arn("model-customization-job"), bedrock_arn("custom-model")
_LONGEST_JOB = Duration.days(8)
# Waits double from a minute: with the one that follows this, they add up to four hours.
_LONGEST_WAIT = 10_000
_METHOD = catalog.Method.FINE_TUNING


class ModelCustomization(Phase):
    """Customize a base model and wait until the custom model can be used.

    The job is one task that waits for its end; stopping the execution stops the job. Its name and
    its client request token come from `$run`, so a repeated state adopts the job that exists.

    Input: `$run`, `$preparation`.
    Output: `$customization` (`contract.Customization`).
    Errors: `CustomizationFailed`, and what Bedrock says of the job.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where records are, and the job's outputs go.
        base_model: What is customized.
        method: How, with hyperparameters.
        role: A service role of your own (see `ServiceRole`). Without one, a role is defined.
        timeout: After it the job is stopped. Jobs wait for capacity, sometimes for hours.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: The base model is retired, is not customized that way or in that Region, or
            refuses a hyperparameter.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: FineTuning | None = None,
        role: iam.IRole | None = None,
        timeout: Duration | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        method = method or FineTuning()
        hyperparameters = base_model.check_method(_METHOD, method.hyperparameters)
        super().__init__(scope, id)
        base_model.check_region(self)
        self.service_role = ServiceRole(
            self, "ServiceRole", kind=JobKind.CUSTOMIZATION, storage=storage, role=role
        )
        self.function = HandlerFunction(
            self,
            "Record",
            handler=Handler.RECORD_CUSTOMIZATION,
            description="Records a customization job, its losses and its model",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=["bedrock:GetModelCustomizationJob", "bedrock:GetCustomModel"],
                    resources=[_JOBS, _MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
            ],
        )
        states = States(self, "ModelCustomization", on_failure=on_failure)
        customize = states.call_bedrock(
            "Customize model",
            "bedrock:createModelCustomizationJob.sync",
            self._job(base_model, hyperparameters),
            comment="Train the base model on the records; Bedrock may queue the job for hours",
            rights=self._job_rights(base_model),
            assign={"model_wait": 60},
            timeout_seconds=round((timeout or _LONGEST_JOB).to_seconds()),
        )
        record = states.invoke(
            "Record customization",
            self.function,
            {"run": "{% $run %}"},
            comment="Write the job, its losses and its model into the manifest",
            assign="customization",
        )
        # The job is Completed a little before its model is Active.
        wait = states.wait(
            "Wait for the model",
            "{% $model_wait %}",
            comment="The model is being created",
            assign={"model_wait": "{% $model_wait * 2 %}"},
        )
        is_active = states.choice("Is the model active?", comment="Completed is not yet usable")
        customize.next(record).next(is_active)
        is_active.when(
            sfn.Condition.jsonata(
                "{% $customization.model_status = 'Creating' and "
                f"$model_wait > {_LONGEST_WAIT} %}}"
            ),
            states.failed(
                "Model takes too long",
                ErrorName.CUSTOMIZATION_FAILED,
                "the custom model is still being created hours after its job",
            ),
        )
        is_active.when(
            sfn.Condition.jsonata("{% $customization.model_status = 'Creating' %}"),
            wait.next(record),
        )
        self.rights = states.rights
        self._start = customize
        self._ends = is_active.afterwards(include_otherwise=True).end_states

    def _job(self, base_model: BaseModel, hyperparameters: dict[str, str]) -> dict[str, Any]:
        rules = base_model.facts.methods[_METHOD]
        job: dict[str, Any] = {
            "JobName": "{% $run.names.job %}",
            "ClientRequestToken": "{% $run.tokens.job %}",
            "CustomModelName": "{% $run.names.model %}",
            "BaseModelIdentifier": base_model.id,
            "CustomizationType": _METHOD.value,
            "RoleArn": self.service_role.role.role_arn,
            "TrainingDataConfig": {"S3Uri": "{% $preparation.train %}"},
            "OutputDataConfig": {"S3Uri": "{% $run.artifacts & '/customization/' %}"},
            "HyperParameters": hyperparameters,
            "JobTags": run_tags(),
            "CustomModelTags": run_tags(),
        }
        if rules.validation is not None:
            job["ValidationDataConfig"] = {
                "Validators": [{"S3Uri": "{% $preparation.validation %}"}]
            }
        return job

    def _job_rights(self, base_model: BaseModel) -> list[Right]:
        return [
            Right(
                actions=["bedrock:CreateModelCustomizationJob"],
                resources=[base_model.arn_for_customization(), _MODELS, _JOBS],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
            Right(
                # `.sync` polls the job, and stops it when the execution is stopped.
                actions=["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"],
                resources=[_JOBS],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
            Right(
                actions=["bedrock:TagResource"],
                resources=[_JOBS, _MODELS],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
            Right(
                actions=["iam:PassRole"],
                resources=[self.service_role.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
            ),
        ]

"""From training records to a custom model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
)
from bedrock_customization._asl import FULL_QUOTA, Phase, States, run_tags
from bedrock_customization._checks import check_between
from bedrock_customization._function import HandlerFunction
from bedrock_customization.base_model import arns_for_invocation
from bedrock_customization.method import Distillation, FineTuning, ReinforcementFineTuning
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import ErrorName, Handler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage

_JOBS, _MODELS = bedrock_arn("model-customization-job"), bedrock_arn("custom-model")
_LONGEST_JOB, _LONGEST_STALL = Duration.days(8), Duration.days(2)
# Waits double from a minute: with the one that follows this, they add up to four hours.
_LONGEST_WAIT = 10_000


class ModelCustomization(Phase):
    """Customize a base model, watch the job, and wait until the custom model can be used.

    Before anything is paid, the base model is asked for in Bedrock, the cost is estimated and held
    against `max_cost_usd`. The job is one task that waits for its end, so that stopping the
    execution stops the job; beside it somebody looks whether it moves. Its name and its client
    request token come from `$run`, so a repeated state adopts the job that exists.

    Input: `$run`, `$preparation`.
    Output: `$customization` (`contract.Customization`).
    Errors: `BaseModelUnavailable`, `BudgetExceeded`, `InvalidInput`, `CustomizationFailed`,
    `CustomizationStalled`, and what Bedrock says of the job.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where records are, and the job's outputs go.
        base_model: What is customized.
        method: How, with hyperparameters. Without one, fine-tuning.
        max_cost_usd: Estimated cost of the training, in US dollars, above which no job starts.
            Without one, the estimate is only reported.
        allow_unknown_price: Whether a job may start that has a `max_cost_usd` and no known price.
        stall_limit: After so long without progress the job is stopped, from an hour on. Jobs wait
            for capacity, sometimes for hours. Two days without one.
        role: A service role of your own (see `ServiceRole`). Without one, a role is defined.
        timeout: After it the job is stopped. Eight days without one.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: The base model is retired, is not customized that way or in that Region, or
            refuses a hyperparameter or a teacher; or a limit is out of range.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: CustomizationMethod | None = None,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        stall_limit: Duration | None = None,
        role: iam.IRole | None = None,
        timeout: Duration | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        method = method or FineTuning()
        hyperparameters = base_model.check_method(method)
        if max_cost_usd is not None:
            check_between("max_cost_usd", max_cost_usd, 0, 1e9, "it is an amount of US dollars")
        stall_seconds = round((stall_limit or _LONGEST_STALL).to_seconds())
        check_between(
            "stall_limit", stall_seconds, 3600, 8 * 86400, "in seconds: jobs wait for capacity"
        )
        super().__init__(scope, id)
        base_model.check_region(self)
        self.service_role = ServiceRole(
            self,
            "ServiceRole",
            kind=JobKind.CUSTOMIZATION,
            storage=storage,
            role=role,
            rights=_rights_of_method(method),
        )
        self.function = self._define_function(storage, base_model, method)
        states = States(self, "ModelCustomization", on_failure=on_failure)
        plan = states.invoke(
            "Plan customization",
            self.function,
            {
                "step": "plan",
                "run": "{% $run %}",
                "base_model": base_model.id,
                "method": method.method.value,
                "hyperparameters": hyperparameters,
                "max_cost_usd": max_cost_usd,
                "allow_unknown_price": allow_unknown_price,
            },
            comment="Ask for the base model, estimate the cost, name the job",
            assign="job",
        )
        customize = self._write_job(
            states,
            base_model,
            method,
            stall_seconds=stall_seconds,
            timeout_seconds=round((timeout or _LONGEST_JOB).to_seconds()),
        )
        record = states.invoke(
            "Record customization",
            self.function,
            {"step": "record", "run": "{% $run %}", "job": "{% $job %}"},
            comment="Write the job, its losses and its model into the manifest",
            assign="customization",
        )
        sfn.Chain.start(plan).next(customize).next(record)
        self._ends = self._wait_for_model(states, record)
        self.rights = states.rights
        self._start = plan

    def _write_job(
        self,
        states: States,
        base_model: BaseModel,
        method: CustomizationMethod,
        *,
        stall_seconds: int,
        timeout_seconds: int,
    ) -> sfn.IChainable:
        """Write the job and the look at it now and then."""
        stop = states.invoke(
            "Stop stalled job",
            self.function,
            {"step": "stop", "job": "{% $job %}"},
            comment="Nobody waits for it any more",
        )
        stop.next(
            states.failed(
                "Customization stalled", ErrorName.CUSTOMIZATION_STALLED, "{% $failure.cause %}"
            )
        )
        stalled = {ErrorName.CUSTOMIZATION_STALLED.value: stop}
        if isinstance(method, ReinforcementFineTuning):
            start = states.invoke(
                "Start job",
                self.function,
                self._reinforcement(base_model, method),
                comment="Step Functions may not know these members of the request yet",
                retries=[FULL_QUOTA],
            )
            go_on = sfn.Pass.jsonata(
                self,
                "Job has ended",
                comment="ModelCustomization: How, its record says",
                assign={"model_wait": 60},
            )
            return sfn.Chain.start(start).next(
                self._write_watch(states, go_on, stall_seconds, catches=stalled)
            )
        # What runs beside the job ends with it, so its errors go where the job's go.
        branches = states.within()
        job = branches.call_bedrock(
            "Customize model",
            "bedrock:createModelCustomizationJob.sync",
            self._request(base_model, method),
            comment="Train the base model on the records; Bedrock may queue the job for hours",
            rights=self._job_rights(base_model),
            assign={},
            timeout_seconds=timeout_seconds,
            retries=[FULL_QUOTA],
        )
        ended = sfn.Succeed.jsonata(
            self, "Job has ended", comment="ModelCustomization: How, the job's own branch says"
        )
        watch = self._write_watch(branches, ended, stall_seconds)
        return states.parallel(
            "Customize and watch",
            [job, watch],
            comment="The job, and a look at it now and then; the first error ends both",
            assign={"model_wait": 60},
            catches=stalled,
        )

    def _write_watch(
        self,
        states: States,
        ended: sfn.IChainable,
        stall_seconds: int,
        *,
        catches: Mapping[str, sfn.IChainable] | None = None,
    ) -> sfn.IChainable:
        watch = states.invoke(
            "Watch job",
            self.function,
            {
                "step": "watch",
                "job": "{% $job %}",
                "stall_limit_seconds": stall_seconds,
                "last": "{% $exists($states.input.idle_seconds) ? $states.input : null %}",
            },
            comment="Has it ended, does it move?",
            catches=catches or {},
        )
        wait = states.wait(
            "Wait to look again",
            "{% $states.input.seconds %}",
            comment="The longer it runs, the rarer",
            assign={},
        )
        has_ended = states.choice("Has the job ended?", comment="Or is it to be looked at again")
        has_ended.when(sfn.Condition.jsonata("{% $states.input.done %}"), ended)
        has_ended.otherwise(wait)
        wait.next(watch)
        watch.next(has_ended)
        return sfn.Chain.custom(watch, ended.end_states, ended)

    def _wait_for_model(self, states: States, record: sfn.CustomState) -> list[sfn.INextable]:
        """Write what follows the job: it is Completed a little before its model is Active."""
        wait = states.wait(
            "Wait for the model",
            "{% $model_wait %}",
            comment="The model is being created",
            assign={"model_wait": "{% $model_wait * 2 %}"},
        )
        is_active = states.choice("Is the model active?", comment="Completed is not yet usable")
        record.next(is_active)
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
        return is_active.afterwards(include_otherwise=True).end_states

    def _define_function(
        self, storage: CustomizationStorage, base_model: BaseModel, method: CustomizationMethod
    ) -> HandlerFunction:
        starts = isinstance(method, ReinforcementFineTuning)
        return HandlerFunction(
            self,
            "Customize",
            handler=Handler.CUSTOMIZE_MODEL,
            description="Plans, watches and records a customization job",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=["bedrock:GetFoundationModel"],
                    resources=[base_model.arn_for_customization()],
                ),
                Right(
                    actions=[
                        "bedrock:GetModelCustomizationJob",
                        "bedrock:StopModelCustomizationJob",
                        "bedrock:GetCustomModel",
                    ],
                    resources=[_JOBS, _MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                *(self._starting_rights(base_model) if starts else []),
            ],
        )

    def _reinforcement(
        self, base_model: BaseModel, method: ReinforcementFineTuning
    ) -> dict[str, Any]:
        return {
            "step": "start",
            "run": "{% $run %}",
            "job": "{% $job %}",
            "base_model": base_model.id,
            "role_arn": self.service_role.role.role_arn,
            "train": "{% $preparation.train %}",
            "grader_arn": method.grader.function_arn,
            "tags": run_tags(),
        }

    def _request(self, base_model: BaseModel, method: CustomizationMethod) -> dict[str, Any]:
        """Return the request of the job, as Step Functions spells it."""
        rules = base_model.facts.methods[method.method]
        request: dict[str, Any] = {
            "JobName": "{% $job.name %}",
            "ClientRequestToken": "{% $job.token %}",
            "CustomModelName": "{% $job.model %}",
            "BaseModelIdentifier": base_model.id,
            "CustomizationType": method.method.value,
            "RoleArn": self.service_role.role.role_arn,
            "TrainingDataConfig": {"S3Uri": "{% $preparation.train %}"},
            "OutputDataConfig": {"S3Uri": "{% $run.artifacts & '/customization/' %}"},
            "HyperParameters": "{% $job.hyperparameters %}",
            "JobTags": run_tags(),
            "CustomModelTags": run_tags(),
        }
        if rules.validation is not None:
            request["ValidationDataConfig"] = {
                "Validators": [{"S3Uri": "{% $preparation.validation %}"}]
            }
        if isinstance(method, Distillation):
            teacher: dict[str, Any] = {"TeacherModelIdentifier": method.teacher}
            if method.maximum_response_length is not None:
                teacher["MaxResponseLengthForInference"] = method.maximum_response_length
            request["CustomizationConfig"] = {"DistillationConfig": {"TeacherModelConfig": teacher}}
        return request

    def _job_rights(self, base_model: BaseModel) -> list[Right]:
        return [
            *self._starting_rights(base_model),
            Right(
                # `.sync` polls the job, and stops it when the execution is stopped.
                actions=["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"],
                resources=[_JOBS],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
        ]

    def _starting_rights(self, base_model: BaseModel) -> list[Right]:
        return [
            Right(
                actions=["bedrock:CreateModelCustomizationJob"],
                resources=[base_model.arn_for_customization(), _MODELS, _JOBS],
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


def _rights_of_method(method: CustomizationMethod) -> list[Right]:
    """Return what the job itself needs beside the data."""
    match method:
        case Distillation(teacher=teacher):
            return [
                Right(
                    actions=["bedrock:InvokeModel"],
                    resources=arns_for_invocation(teacher),
                    wildcard_because="an inference profile sends requests to several Regions",
                )
            ]
        case ReinforcementFineTuning(grader=grader):
            return [
                Right(
                    actions=["lambda:InvokeFunction"],
                    resources=[grader.function_arn, f"{grader.function_arn}:*"],
                    wildcard_because="Bedrock may name a version of the grader",
                )
            ]
        case _:
            return []

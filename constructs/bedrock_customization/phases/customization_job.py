"""One customization job in a state machine: its request, and the states around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import NAMED_BY_BEDROCK, Right, bedrock_arn, using_model_key
from bedrock_customization._executions import run_tags
from bedrock_customization._retries import FULL_QUOTA
from bedrock_customization.base_model import arns_for_invocation, arns_in_region
from bedrock_customization.grader import Grader, may_grade
from bedrock_customization.method import Distillation, ReinforcementFineTuning
from bedrock_customization_runtime.contract import ErrorName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam, aws_kms as kms

    from bedrock_customization._asl import States
    from bedrock_customization._function import HandlerFunction
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.judge import Judge
    from bedrock_customization.method import CustomizationMethod, EarlyStopping
    from bedrock_customization.network import JobNetwork

_JOBS, _MODELS = bedrock_arn("model-customization-job"), bedrock_arn("custom-model")
# A task that times out is not documented to stop its job. The watch stops it, and looks every ten
# minutes at the latest: the task outlasts it.
_GRACE_SECONDS = 3600
# A job that ends without a model is `States.TaskFailed`, with the whole job in JSON as the cause.
_ENDED = (
    "$error := $states.input.Error; "
    "$cause := $exists($states.input.Cause) ? $states.input.Cause : ''; "
    "$ended := $contains($cause, '\"JobName\"') ? $parse($cause) : null"
)
_ERROR = (
    f"{{% ({_ENDED}; $ended = null ? $error : $ended.Status = 'Stopped' "
    f"? '{ErrorName.CUSTOMIZATION_STOPPED}' : '{ErrorName.CUSTOMIZATION_FAILED}') %}}"
)
_CAUSE = (
    f"{{% ({_ENDED}; $ended = null ? $cause : 'job ' & $ended.JobName & ' ended as ' & "
    "$ended.Status & ': ' & "
    "($exists($ended.FailureMessage) ? $ended.FailureMessage : 'no reason given')) %}"
)


class CustomizationJob:
    """Writes the states of one job, named by `$job`.

    Args:
        base_model: What is customized.
        method: How.
        role: Service role of the job.
        function: The function `customize_model`.
        stall_seconds: After so long without progress the job is stopped.
        timeout_seconds: After it the job is stopped.
        network: VPC of the job; None for Bedrock's own.
        model_key: Encrypts the custom model; None for AWS's own.
        early_stopping: When a job whose validation loss has turned is stopped; None for never.
        longest_wait_seconds: Between two looks; None for the watcher's own.
    """

    def __init__(
        self,
        *,
        base_model: BaseModel,
        method: CustomizationMethod,
        role: iam.IRole,
        function: HandlerFunction,
        stall_seconds: int,
        timeout_seconds: int,
        network: JobNetwork | None = None,
        model_key: kms.IKey | None = None,
        early_stopping: EarlyStopping | None = None,
        longest_wait_seconds: int | None = None,
    ) -> None:
        self._base_model, self._method = base_model, method
        self._role, self._function = role, function
        self._stall_seconds, self._timeout_seconds = stall_seconds, timeout_seconds
        self._network, self._model_key = network, model_key
        self._early_stopping, self._longest_wait_seconds = early_stopping, longest_wait_seconds

    def write(self, states: States) -> sfn.IChainable:
        """Write the job and the look at it now and then."""
        given_up = {
            **self._write_stop(
                states, "Stop stalled job", "Customization stalled", ErrorName.CUSTOMIZATION_STALLED
            ),
            **self._write_stop(
                states,
                "Stop timed-out job",
                "Customization timed out",
                ErrorName.CUSTOMIZATION_TIMED_OUT,
            ),
        }
        if self._early_stopping is not None:
            given_up |= self._write_stop(
                states,
                "Stop turned job",
                "Customization stopped early",
                ErrorName.CUSTOMIZATION_STOPPED_EARLY,
            )
        if isinstance(self._method, ReinforcementFineTuning):
            return self._write_started_by_function(states, self._method, given_up)
        return self._write_job_and_watch(states, assign={"model_wait": 60}, catches=given_up)

    def write_candidate(self, states: States, record: sfn.IChainable) -> sfn.IChainable:
        """Write the job of one candidate of several; however it ends, its record is next.

        The record's function stops a job that was given up.
        """
        job = self._write_job_and_watch(states, assign={}, catches={"States.ALL": record})
        return job.next(record)

    def _write_job_and_watch(
        self, states: States, *, assign: Mapping[str, Any], catches: Mapping[str, sfn.IChainable]
    ) -> sfn.Parallel:
        # What runs beside the job ends with it, so its errors go where the job's go.
        branches = states.within()
        job = branches.call_bedrock(
            "Customize model",
            "bedrock:createModelCustomizationJob.sync",
            self._request(),
            comment="Train the base model on the records; Bedrock may queue the job for hours",
            rights=self._job_rights(),
            assign={},
            timeout_seconds=self._timeout_seconds + _GRACE_SECONDS,
            retries=[FULL_QUOTA],
        )
        self._write_ways_out(branches, job)
        ended = sfn.Succeed.jsonata(
            branches.scope,
            "Job has ended",
            comment=branches.comment("How, its own branch says"),
        )
        watch = self._write_watch(branches, ended)
        return states.parallel(
            "Customize and watch",
            [job, watch],
            comment="The job, and a look at it now and then; the first error ends both",
            assign=assign,
            catches=catches,
        )

    def _write_ways_out(self, branches: States, job: sfn.CustomState) -> None:
        """Write where the errors of a job's task go: the branch ends with them, but for one.

        A client request token is remembered for a while only. After that, a redriven run whose job
        exists is told that the name is taken: by its own job, for the name holds the run's digest.
        """
        taken = branches.failed("Name is taken", "Bedrock.ConflictException", "{% $conflict %}")
        adopt = branches.call_bedrock(
            "Adopt job",
            "aws-sdk:bedrock:getModelCustomizationJob",
            {"JobIdentifier": "{% $job.name %}"},
            comment="The run's own job of an earlier drive; the watch sees it to its end",
            rights=[],
            assign={},
        )
        adopt.add_catch(taken, errors=["Bedrock.ResourceNotFoundException"])
        job.add_catch(
            adopt,
            errors=["Bedrock.ConflictException"],
            assign={"conflict": "{% $states.errorOutput.Cause %}"},
        )
        job.add_catch(
            branches.failed("Job has no model", _ERROR, _CAUSE), errors=["States.TaskFailed"]
        )

    def _write_started_by_function(
        self,
        states: States,
        method: ReinforcementFineTuning,
        given_up: Mapping[str, sfn.IChainable],
    ) -> sfn.IChainable:
        start = states.invoke(
            "Start job",
            self._function,
            self._reinforcement(method),
            comment="Step Functions may not know these members of the request yet",
            retries=[FULL_QUOTA],
        )
        ended = sfn.Pass.jsonata(
            states.scope,
            "Job has ended",
            comment=states.comment("How, its record says"),
            assign={"model_wait": 60},
        )
        watch = self._write_watch(states, ended, catches=given_up)
        return sfn.Chain.start(start).next(watch)

    def _write_stop(
        self, states: States, name: str, ended: str, error: ErrorName
    ) -> dict[str, sfn.IChainable]:
        """Write what an error of the watch leads to, and return it by the error's name."""
        stop = states.invoke(
            name,
            self._function,
            {"step": "stop", "job": "{% $job %}"},
            comment="Nobody waits for it any more",
        )
        stop.next(states.failed(ended, error, "{% $failure.cause %}"))
        return {error.value: stop}

    def _write_watch(
        self,
        states: States,
        ended: sfn.IChainable,
        *,
        catches: Mapping[str, sfn.IChainable] | None = None,
    ) -> sfn.IChainable:
        watch = states.invoke(
            "Watch job",
            self._function,
            {
                "step": "watch",
                "job": "{% $job %}",
                "stall_limit_seconds": self._stall_seconds,
                "timeout_seconds": self._timeout_seconds,
                "last": "{% $exists($states.input.idle_seconds) ? $states.input : null %}",
                **self._watch_options(),
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

    def _watch_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self._early_stopping is not None:
            options["early_stopping"] = self._early_stopping.to_contract()
        if self._longest_wait_seconds is not None:
            options["longest_wait_seconds"] = self._longest_wait_seconds
        return options

    def _reinforcement(self, method: ReinforcementFineTuning) -> dict[str, Any]:
        takes_validation = self._base_model.facts.methods[method.method].validation is not None
        return {
            "step": "start",
            "run": "{% $run %}",
            "job": "{% $job %}",
            "base_model": self._base_model.id,
            "parent": self._base_model.parent,
            "role_arn": self._role.role_arn,
            "train": "{% $preparation.train %}",
            **({"validation": "{% $preparation.validation %}"} if takes_validation else {}),
            "grader_arn": method.grader.function_arn,
            **({"network": self._network.request()} if self._network else {}),
            **({"model_key_arn": self._model_key.key_arn} if self._model_key else {}),
            "tags": run_tags(),
        }

    def _request(self) -> dict[str, Any]:
        """Return the request of the job, as Step Functions spells it."""
        base_model, method = self._base_model, self._method
        rules = base_model.facts.methods[method.method]
        request: dict[str, Any] = {
            "JobName": "{% $job.name %}",
            "ClientRequestToken": "{% $job.token %}",
            "CustomModelName": "{% $job.model %}",
            "BaseModelIdentifier": base_model.id_for_job,
            "CustomizationType": method.method.value,
            "RoleArn": self._role.role_arn,
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
        if self._network:
            request["VpcConfig"] = self._network.request()
        if self._model_key:
            request["CustomModelKmsKeyId"] = self._model_key.key_arn
        if isinstance(method, Distillation):
            teacher: dict[str, Any] = {"TeacherModelIdentifier": method.teacher}
            if method.max_response_length is not None:
                teacher["MaxResponseLengthForInference"] = method.max_response_length
            request["CustomizationConfig"] = {"DistillationConfig": {"TeacherModelConfig": teacher}}
        return request

    def _job_rights(self) -> list[Right]:
        return [
            *rights_to_start(self._base_model, self._role, self._model_key),
            Right(
                # `.sync` polls the job, and stops it when the execution is stopped.
                actions=["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"],
                resources=[_JOBS],
                wildcard_because=NAMED_BY_BEDROCK,
            ),
        ]


def rights_to_plan(
    base_model: BaseModel,
    method: CustomizationMethod,
    role: iam.IRole,
    *,
    buys_throughput: bool,
    judge: Judge | None,
) -> list[Right]:
    """Return what whoever looks at the account before a job is allowed."""
    asked = arns_in_region(method.teacher) if isinstance(method, Distillation) else []
    asked += judge.arns_in_region() if judge else []
    profiles = [arn for arn in asked if ":inference-profile/" in arn]
    return [
        Right(
            actions=["bedrock:GetFoundationModel"],
            resources=[
                base_model.arn_for_customization(),
                *(arn for arn in asked if arn not in profiles),
            ],
        ),
        *([Right(actions=["bedrock:GetInferenceProfile"], resources=profiles)] if profiles else []),
        Right(actions=["iam:GetRole"], resources=[role.role_arn]),
        Right(
            actions=[
                "bedrock:ListCustomModels",
                "bedrock:ListModelCustomizationJobs",
                "servicequotas:GetServiceQuota",
                *(["bedrock:ListProvisionedModelThroughputs"] if buys_throughput else []),
            ],
            resources=["*"],
            wildcard_because="lists and quotas have no resource-level permissions",
        ),
    ]


def rights_to_start(
    base_model: BaseModel, role: iam.IRole, model_key: kms.IKey | None
) -> list[Right]:
    """Return what whoever starts the job is allowed."""
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
            resources=[role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
        ),
        # Bedrock makes its grant on the key in the name of whoever starts the job.
        *using_model_key(model_key),
    ]


def rights_of_method(method: CustomizationMethod) -> list[Right]:
    """Return what the job's service role needs beside the data."""
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
            return [grader.invoking if isinstance(grader, Grader) else may_grade(grader)]
        case _:
            return []

"""From training records to a custom model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    using_model_key,
)
from bedrock_customization._asl import States
from bedrock_customization._checks import check_between
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization.method import Distillation, FineTuning, ReinforcementFineTuning
from bedrock_customization.phases.customization_job import (
    CustomizationJob,
    rights_of_method,
    rights_to_plan,
    rights_to_start,
)
from bedrock_customization.phases.customization_sweep import (
    DELETING_MODELS,
    LONGEST_WAIT_SECONDS,
    CustomizationSweep,
)
from bedrock_customization.phases.job_stop import JobStop
from bedrock_customization.service_role import JobKind, ServiceRole
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import METRIC_NAMESPACE, ErrorName, Handler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Duration, aws_iam as iam, aws_kms as kms
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.judge import Judge
    from bedrock_customization.method import CustomizationMethod, EarlyStopping
    from bedrock_customization.network import JobNetwork
    from bedrock_customization.storage import CustomizationStorage
    from bedrock_customization.sweep import Sweep

_JOBS, _MODELS = bedrock_arn("model-customization-job"), bedrock_arn("custom-model")
_LONGEST_JOB_SECONDS, _LONGEST_STALL_SECONDS = 8 * 86400, 2 * 86400
_PUBLISHING = Right(
    actions=["cloudwatch:PutMetricData"],
    resources=["*"],
    wildcard_because="CloudWatch has no resource-level permissions for it, only the namespace",
    conditions={"StringEquals": {"cloudwatch:namespace": METRIC_NAMESPACE}},
)
# Waits double from a minute: with the one that follows this, they add up to four hours.
_LONGEST_WAIT = 10_000


class ModelCustomization(Phase):
    """Customize a base model, watch the job, and wait until the custom model can be used.

    Before anything is paid, base model and teacher are asked for in Bedrock, the account's room for
    another custom model and the trust policy of the service role are looked at, and the cost is
    estimated and held against `max_cost_usd`. The job is one task that waits for its end, so that
    stopping the execution stops the job; beside it somebody looks whether it moves. Its name and
    its client request token come from `$run`, so a repeated state adopts the job that exists.

    A reinforcement job is started by a function, because Step Functions may not know the request,
    and watched until it ends: call `stop_jobs_of` with your machine, or aborting an execution
    leaves such a job running.

    With a sweep, candidates are trained round by round, several at a time; the one with the lowest
    validation loss is kept, and the models of the others are deleted.

    Input: `$run`, `$preparation`.
    Output: `$customization` (`contract.Customization`).
    Errors: `BaseModelUnavailable`, `JudgeUnavailable`, `BudgetExceeded`, `QuotaExhausted`,
    `RoleNotAssumable`, `InvalidInput`, `CustomizationFailed`, `CustomizationStopped`,
    `CustomizationStalled`, `CustomizationStoppedEarly`, `CustomizationTimedOut`, and what Bedrock
    says of the request.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where records are, and the job's outputs go.
        base_model: What is customized.
        method: How, with hyperparameters. Without one, fine-tuning.
        sweep: Which hyperparameters are tried. Without one, a single job is trained.
        max_cost_usd: Estimated cost of the whole run (docs/costs.md), of a sweep with all its jobs,
            in US dollars, above which no job starts. Without one, the estimate is only reported.
        allow_unknown_price: Whether a job may start although the documented price of something in
            the run is not known. What has a figure is held against `max_cost_usd` nevertheless.
        evaluation_max_tokens: Limit of an answer in the evaluation that follows, which is
            estimated too. Without one, none is.
        evaluation_few_shot: Examples that the base model gets there.
        deployment: On what the custom model will answer: what that costs is part of the estimate,
            and its quota is looked at first. Without one, on demand.
        judge: Who judges the answers then: looked up and estimated beforehand, too.
        stall_limit: After so long without progress the job is stopped, from an hour on. Jobs wait
            for capacity, sometimes for hours. Two days without one.
        early_stopping: When a job whose validation loss has turned is stopped, which loses its
            model. Without it, jobs run to their end.
        role: A service role of your own (see `ServiceRole`). Without one, a role is defined.
        network: A VPC in which the job reads and writes its data. Without one, Bedrock's own.
        model_key: Encrypts the custom model. Without one, a key that AWS owns does.
        timeout: After it the job is stopped; at most eight days, which it is without one.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: The base model is retired, is not customized that way or in that Region, or
            refuses a hyperparameter or a teacher; the network does not fit; or a limit is out of
            range.
    """

    title = "ModelCustomization"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: CustomizationMethod | None = None,
        sweep: Sweep | None = None,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        evaluation_max_tokens: int | None = None,
        evaluation_few_shot: int | None = None,
        deployment: Deployment | None = None,
        judge: Judge | None = None,
        stall_limit: Duration | None = None,
        early_stopping: EarlyStopping | None = None,
        role: iam.IRole | None = None,
        network: JobNetwork | None = None,
        model_key: kms.IKey | None = None,
        timeout: Duration | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        method = method or FineTuning()
        hyperparameters = base_model.check_method(method)
        if early_stopping is not None:
            base_model.check_early_stopping(method)
        sweep_plan = sweep.to_contract(base_model, method) if sweep else None
        if max_cost_usd is not None:
            check_between("max_cost_usd", max_cost_usd, 0, 1e9, "it is an amount of US dollars")
        stall_seconds = round(stall_limit.to_seconds()) if stall_limit else _LONGEST_STALL_SECONDS
        check_between(
            "stall_limit", stall_seconds, 3600, 8 * 86400, "in seconds: jobs wait for capacity"
        )
        timeout_seconds = round(timeout.to_seconds()) if timeout else _LONGEST_JOB_SECONDS
        check_between(
            "timeout", timeout_seconds, 60, 8 * 86400, "in seconds: an execution remembers no more"
        )
        super().__init__(scope, id)
        base_model.check_region(self)
        if network:
            network.check(self)
        self.service_role = ServiceRole(
            self,
            "ServiceRole",
            kind=JobKind.CUSTOMIZATION,
            storage=storage,
            role=role,
            rights=[
                *rights_of_method(method),
                *storage.reading_media(base_model.facts.methods[method.method]),
                *(network.rights() if network else []),
                *using_model_key(model_key),
            ],
        )
        self._is_started_by_function = isinstance(method, ReinforcementFineTuning)
        throughput = deployment.to_plan() if deployment else None
        self.function = self._define_function(
            storage,
            base_model,
            method,
            sweep,
            model_key,
            buys_throughput=throughput is not None,
            judge=judge,
        )
        states = States(self, self.title, on_failure=on_failure)
        job = CustomizationJob(
            base_model=base_model,
            method=method,
            role=self.service_role.role,
            function=self.function,
            stall_seconds=stall_seconds,
            timeout_seconds=timeout_seconds,
            early_stopping=early_stopping,
            longest_wait_seconds=LONGEST_WAIT_SECONDS if sweep else None,
            network=network,
            model_key=model_key,
        )
        planning = {
            "step": "plan",
            "run": "{% $run %}",
            "base_model": base_model.id,
            "parent": base_model.parent,
            "method": method.method.value,
            "hyperparameters": hyperparameters,
            "max_cost_usd": max_cost_usd,
            "allow_unknown_price": allow_unknown_price,
            "role_arn": self.service_role.role.role_arn,
            **_teaching(method),
            "evaluation_max_tokens": evaluation_max_tokens,
            "evaluation_few_shot": evaluation_few_shot,
            **({"throughput": throughput} if throughput else {}),
            "judge": judge.to_contract() if judge else None,
        }
        if sweep is None or sweep_plan is None:
            plan, record = self._write_one_job(states, job, planning)
        else:
            plan, record = CustomizationSweep(
                sweep=sweep, plan=sweep_plan, function=self.function, job=job
            ).write(states, planning)
        self._ends = self._wait_for_model(states, record)
        self.rights = states.rights
        self._start = plan

    def _write_one_job(
        self, states: States, job: CustomizationJob, planning: Mapping[str, Any]
    ) -> tuple[sfn.CustomState, sfn.CustomState]:
        plan = states.invoke(
            "Plan customization",
            self.function,
            planning,
            comment="Look at the account, estimate the cost, name the job",
            assign="job",
        )
        customize = job.write(states)
        record = states.invoke(
            "Record customization",
            self.function,
            {"step": "record", "run": "{% $run %}", "job": "{% $job %}"},
            comment="Write the job, its losses and its model into the manifest",
            assign="customization",
        )
        sfn.Chain.start(plan).next(customize).next(record)
        return plan, record

    def stop_jobs_of(self, state_machine: sfn.IStateMachine) -> None:
        """Stop the job of an execution that is aborted or times out.

        `CustomizationPipeline` calls it; call it for a machine of your own. It defines nothing
        where Step Functions starts the job itself, and so stops it too.

        Args:
            state_machine: The machine that has this phase.
        """
        if self._is_started_by_function:
            JobStop(self, "JobStop", state_machine=state_machine)

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
        self,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: CustomizationMethod,
        sweep: Sweep | None,
        model_key: kms.IKey | None,
        *,
        buys_throughput: bool,
        judge: Judge | None,
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Customize",
            handler=Handler.CUSTOMIZE_MODEL,
            description="Plans, watches and records a customization job",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                *rights_to_plan(
                    base_model,
                    method,
                    self.service_role.role,
                    buys_throughput=buys_throughput,
                    judge=judge,
                ),
                Right(
                    actions=[
                        "bedrock:GetModelCustomizationJob",
                        "bedrock:StopModelCustomizationJob",
                    ],
                    resources=[_JOBS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                Right(
                    actions=["bedrock:GetCustomModel"],
                    resources=[_MODELS],
                    wildcard_because=NAMED_BY_BEDROCK,
                ),
                _PUBLISHING,
                *([DELETING_MODELS] if sweep else []),
                *(
                    rights_to_start(base_model, self.service_role.role, model_key)
                    if self._is_started_by_function
                    else []
                ),
            ],
        )


def _teaching(method: CustomizationMethod) -> dict[str, dict[str, str | int]]:
    """Return what the estimate must know of a distillation."""
    if not isinstance(method, Distillation):
        return {}
    length = method.max_response_length
    return {
        "teaching": {
            "teacher": method.teacher,
            **({} if length is None else {"max_response_length": length}),
        }
    }

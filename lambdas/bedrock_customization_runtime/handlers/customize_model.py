"""Lambda function of the states around a customization job, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import (
    aws,
    catalog,
    customization,
    customization_plan,
    customization_watch,
    manifest,
    reinforcement,
    training_metrics,
)
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.sweeps import choice, outcome, proposal

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        CandidateOutcome,
        ChooseCandidate,
        Customization,
        CustomizeModelInput,
        Job,
        JobWatch,
        PlanJob,
        Proposal,
        ProposeCandidates,
        RecordCandidate,
        RecordJob,
    )


def handler(
    event: CustomizeModelInput, _context: object
) -> Job | JobWatch | Customization | Proposal | CandidateOutcome | dict[str, str]:
    """Do one step of a customization; each may be repeated.

    Raises:
        BaseModelUnavailable: No job may start with the base model.
        BudgetExceeded: The job would cost too much, or nobody knows how much.
        InvalidInput: A hyperparameter does not fit.
        CustomizationFailed: The job did not complete, or its model failed.
        CustomizationStopped: Somebody stopped the job.
        CustomizationStalled: The job makes no progress.
        CustomizationTimedOut: The job runs for too long.
        CustomizationStoppedEarly: The job's validation loss has turned.
    """
    match event["step"]:
        case "plan":
            return _plan(event)
        case "start":
            return {"job_arn": reinforcement.start(aws.bedrock(), event)}
        case "watch":
            return customization_watch.look(
                aws.bedrock(),
                aws.s3(),
                event["job"]["name"],
                stall_limit_seconds=event["stall_limit_seconds"],
                timeout_seconds=event["timeout_seconds"],
                last=event.get("last"),
                early_stopping=event.get("early_stopping"),
                longest_wait_seconds=event.get("longest_wait_seconds"),
            )
        case "stop":
            return customization_watch.stop(aws.bedrock(), event["job"]["name"])
        case "record":
            return _record(event)
        case "propose" | "record-candidate" | "choose":
            return _sweep(event)


def _sweep(
    event: ProposeCandidates | RecordCandidate | ChooseCandidate,
) -> Proposal | CandidateOutcome | Customization:
    match event["step"]:
        case "propose":
            return proposal.propose(aws.bedrock(), aws.s3(), event)
        case "record-candidate":
            return outcome.record(aws.bedrock(), aws.s3(), aws.cloudwatch(), event)
        case "choose":
            return choice.choose(aws.bedrock(), aws.s3(), event)


def _plan(event: PlanJob) -> Job:
    run, method = event["run"], catalog.Method(event["method"])
    model = customization_plan.check_base_model(aws.bedrock(), event["base_model"], method)
    if "parent" in event:
        customization_plan.check_parent(aws.bedrock(), event["parent"], model)
    hyperparameters = customization_plan.hyperparameters(
        model, method, event["hyperparameters"], run["hyperparameters"]
    )
    preparation = manifest.load(aws.s3(), run["manifest"]).preparation
    if preparation is None:
        raise InvalidInput(f"{run['manifest']} has no prepared data: prepare them first")
    estimate = customization_plan.estimate(
        model, method, tokens=preparation.estimated_tokens, hyperparameters=hyperparameters
    )
    manifest.update(aws.s3(), run["manifest"], lambda found: replace(found, estimate=estimate))
    customization_plan.check_budget(
        estimate,
        max_cost_usd=event.get("max_cost_usd"),
        allow_unknown_price=event["allow_unknown_price"],
    )
    return customization_plan.next_job(aws.bedrock(), run["execution_arn"], hyperparameters)


def _record(event: RecordJob) -> Customization:
    run = event["run"]
    section = customization.describe(aws.bedrock(), aws.s3(), event["job"]["name"])
    status = customization.model_status(aws.bedrock(), section.model_arn)
    manifest.update(aws.s3(), run["manifest"], lambda found: replace(found, customization=section))
    # The step is repeated until the model is Active, and a job counts once.
    if status == "Active":
        training_metrics.publish(
            aws.cloudwatch(),
            execution_arn=run["execution_arn"],
            job_name=section.job_name,
            ended=section.ended,
            training=section.training_curve,
            validation=section.validation_curve,
        )
    return {
        "job_arn": section.job_arn,
        "model_arn": section.model_arn,
        "model_status": status,
    }

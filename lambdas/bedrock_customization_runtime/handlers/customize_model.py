"""Lambda function of the states around a customization job, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.customization import finished_job, reinforcement, watch
from bedrock_customization_runtime.customization.planning import PlanningClients, plan_job
from bedrock_customization_runtime.sweeps import choice, outcome
from bedrock_customization_runtime.sweeps.planning import plan_round
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        CandidateOutcome,
        ChooseCandidate,
        Customization,
        CustomizeModelInput,
        Job,
        JobWatch,
        Proposal,
        ProposeCandidates,
        RecordCandidate,
    )


@observed
def handler(
    event: CustomizeModelInput, _context: object
) -> Job | JobWatch | Customization | Proposal | CandidateOutcome | dict[str, str]:
    """Do one step of a customization; each may be repeated.

    Raises:
        BaseModelUnavailable: No job may start with the base model, or learn from the teacher.
        JudgeUnavailable: The judge of the evaluation is not offered.
        QuotaExhausted: The account has no room for the model.
        RoleNotAssumable: Bedrock cannot assume the service role.
        BudgetExceeded: The run would cost too much, or nobody knows how much.
        InvalidInput: A hyperparameter does not fit.
        CustomizationFailed: The job did not complete, or its model failed.
        CustomizationStopped: Somebody stopped the job.
        CustomizationStalled: The job makes no progress.
        CustomizationTimedOut: The job runs for too long.
        CustomizationStoppedEarly: The job's validation loss has turned.
    """
    match event["step"]:
        case "plan":
            return plan_job(_planning_clients(), event)
        case "start":
            return {"job_arn": reinforcement.start(aws.bedrock(), event)}
        case "watch":
            return watch.look(
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
            return watch.stop(aws.bedrock(), event["job"]["name"])
        case "record":
            return finished_job.record(aws.bedrock(), aws.s3(), aws.cloudwatch(), event)
        case "propose" | "record-candidate" | "choose":
            return _sweep(event)


def _sweep(
    event: ProposeCandidates | RecordCandidate | ChooseCandidate,
) -> Proposal | CandidateOutcome | Customization:
    match event["step"]:
        case "propose":
            return plan_round(_planning_clients(), event)
        case "record-candidate":
            return outcome.record(aws.bedrock(), aws.s3(), aws.cloudwatch(), event)
        case "choose":
            return choice.choose(aws.bedrock(), aws.s3(), event)


def _planning_clients() -> PlanningClients:
    return PlanningClients(
        bedrock=aws.bedrock(), iam=aws.iam(), s3=aws.s3(), service_quotas=aws.service_quotas()
    )

"""Lambda function of the states around a customization job, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import aws, catalog, manifest
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.estimate import estimate_run
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.customization import (
    finished_job,
    plan,
    preflight,
    reinforcement,
    training_metrics,
    watch,
)
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
            return _plan(event)
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
            return _record(event)
        case "propose" | "record-candidate" | "choose":
            return _sweep(event)


def _sweep(
    event: ProposeCandidates | RecordCandidate | ChooseCandidate,
) -> Proposal | CandidateOutcome | Customization:
    match event["step"]:
        case "propose":
            return _propose(event)
        case "record-candidate":
            return outcome.record(aws.bedrock(), aws.s3(), aws.cloudwatch(), event)
        case "choose":
            return choice.choose(aws.bedrock(), aws.s3(), event)


def _propose(event: ProposeCandidates) -> Proposal:
    proposed = proposal.propose(aws.bedrock(), aws.s3(), event)
    new = sum(plan.is_new(aws.bedrock(), one["name"]) for one in proposed["candidates"])
    checks = _preflight(event, new_jobs=new)
    if checks:
        manifest.update(
            aws.s3(), event["run"]["manifest"], lambda found: replace(found, preflight=checks)
        )
    return proposed


def _plan(event: PlanJob) -> Job:
    run, method = event["run"], catalog.Method(event["method"])
    model = plan.check_base_model(aws.bedrock(), event["base_model"], method)
    if "parent" in event:
        plan.check_parent(aws.bedrock(), event["parent"], model)
    hyperparameters = plan.hyperparameters(
        model, method, event["hyperparameters"], run["hyperparameters"]
    )
    document = manifest.load(aws.s3(), run["manifest"])
    teaching = event.get("teaching")
    estimate = estimate_run(
        model,
        method,
        RunTokens.of(document.prepared(), document.baseline),
        jobs=[hyperparameters],
        teaching=teaching,
        answer_tokens=event.get("evaluation_max_tokens"),
        few_shot=event.get("evaluation_few_shot", 0),
        throughput=event.get("throughput"),
        judge=event.get("judge"),
    )
    job = plan.next_job(aws.bedrock(), run["execution_arn"], hyperparameters)
    checks = _preflight(
        event,
        new_jobs=int(plan.is_new(aws.bedrock(), job["name"])),
        teacher=teaching["teacher"] if teaching else None,
    )
    manifest.update(
        aws.s3(),
        run["manifest"],
        lambda found: replace(found, preflight=checks or found.preflight, estimate=estimate),
    )
    check_budget(
        estimate,
        max_cost_usd=event.get("max_cost_usd"),
        allow_unknown_price=event["allow_unknown_price"],
    )
    return job


def _preflight(
    event: PlanJob | ProposeCandidates, *, new_jobs: int, teacher: str | None = None
) -> list[manifest.PreflightCheck]:
    return preflight.check_account(
        aws.bedrock(),
        aws.iam(),
        aws.service_quotas(),
        base_model=event["base_model"],
        execution_arn=event["run"]["execution_arn"],
        teacher=teacher,
        role_arn=event.get("role_arn"),
        new_jobs=new_jobs,
        model_units=event["throughput"]["model_units"] if "throughput" in event else 0,
        judge=event.get("judge"),
    )


def _record(event: RecordJob) -> Customization:
    run = event["run"]
    section = finished_job.describe(aws.bedrock(), aws.s3(), event["job"]["name"])
    status = finished_job.model_status(aws.bedrock(), section.model_arn)
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

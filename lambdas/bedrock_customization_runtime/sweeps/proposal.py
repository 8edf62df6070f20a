"""Which candidates of a run are trained next, as far as the money lasts.

Each candidate has a record from the moment it is proposed, and a job whose name comes from run,
candidate and attempt. So a repeated or redriven step finds what was proposed: a candidate whose job
has completed is never trained again, one whose job runs is gone on with, and one whose job was cut
off by the end of the execution gets its next attempt. One that failed, stalled or was stopped is
not tried again, unless no candidate has left a model and the execution was redriven since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest, names
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.estimate import estimate_run
from bedrock_customization_runtime.costs.items import TRAINING
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.customization import plan
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.manifest import SweepCandidate
from bedrock_customization_runtime.sweeps import candidates
from bedrock_customization_runtime.sweeps.search import next_round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import (
        CandidateJob,
        Proposal,
        ProposeCandidates,
        Run,
    )
    from bedrock_customization_runtime.manifest import EstimateSection

    Estimate = Callable[[Sequence[Mapping[str, str]]], EstimateSection]
    """Of a run with jobs of these hyperparameters."""

_ANOTHER = {"failed", "stalled", "stopped"}
# Sums of prices differ from what people add up in the last digits.
_ROUNDING = 1e-9


def propose(bedrock: BedrockClient, s3: S3Client, event: ProposeCandidates) -> Proposal:
    """Return the jobs to train now, none when the sweep is done.

    Raises:
        BaseModelUnavailable: No job may start with the base model.
        BudgetExceeded: Not even one candidate may be paid, or nobody knows its price.
        InvalidInput: A hyperparameter does not fit, or there is no validation set.
        CustomizationFailed: A candidate had so many attempts that another makes no sense.
    """
    run, method = event["run"], catalog.Method(event["method"])
    model = plan.check_base_model(bedrock, event["base_model"], method)
    fixed = _fixed(model, method, event)
    tokens = _tokens(s3, run)

    def estimate(jobs: Sequence[Mapping[str, str]]) -> EstimateSection:
        return estimate_run(
            model,
            method,
            tokens,
            jobs=jobs,
            answer_tokens=event.get("evaluation_max_tokens"),
            few_shot=event.get("evaluation_few_shot", 0),
            throughput=event.get("throughput"),
            judge=event.get("judge"),
        )

    known = candidates.read_all(s3, run)
    wanted = [one for one in known if _is_to_train(one, known, event["redrives"])]
    if not wanted:
        wanted = _new(known, model, method, fixed, event)
    attempts = {
        one.number: plan.next_attempt(bedrock, run["execution_arn"], one.number) for one in wanted
    }
    _check_budget(wanted, known, estimate, event)
    judged = _judged(wanted, known, attempts, estimate, event)
    # Backwards: who is cut off in between leaves no first one, and so no half of a round.
    for one in reversed(judged):
        candidates.write(s3, run, one)
    _record_estimate(s3, run, estimate)
    return {
        "candidates": [
            _job(run, one, attempts[one.number]) for one in judged if one.status == "proposed"
        ]
    }


def _fixed(
    model: catalog.BaseModel, method: catalog.Method, event: ProposeCandidates
) -> dict[str, str]:
    given = event["run"]["hyperparameters"]
    swept = sorted({name for one in event["sweep"]["candidates"] for name in one} & set(given))
    if swept:
        raise InvalidInput(
            f"hyperparameters: the sweep chooses {', '.join(swept)}: leave it out of the "
            "execution's input"
        )
    return plan.hyperparameters(model, method, event["hyperparameters"], given)


def _tokens(s3: S3Client, run: Run) -> RunTokens:
    document = manifest.load(s3, run["manifest"])
    preparation = document.prepared()
    if preparation.validation is None or not preparation.validation.records:
        raise InvalidInput(
            "the data have no validation set, and a sweep chooses by its loss: raise the share of "
            "validation in the split"
        )
    return RunTokens.of(preparation, document.baseline)


def _is_to_train(one: SweepCandidate, known: Sequence[SweepCandidate], redrives: int) -> bool:
    if one.status == "proposed":
        return True
    return (
        one.status in _ANOTHER
        and one.redrives < redrives
        and not any(other.status == "completed" for other in known)
        and not candidates.has_diverged(one)
    )


def _new(
    known: Sequence[SweepCandidate],
    model: catalog.BaseModel,
    method: catalog.Method,
    fixed: Mapping[str, str],
    event: ProposeCandidates,
) -> list[SweepCandidate]:
    """Return the candidates of the next round; a round that money cut short is the last."""
    if any(one.status == "not afforded" for one in known):
        return []
    found = next_round(
        event["sweep"],
        candidates.tried(known),
        integers=candidates.integers(model, method),
    )
    last = max((one.round for one in known), default=0)
    return [
        SweepCandidate(
            number=len(known) + position,
            round=last + 1,
            hyperparameters=plan.hyperparameters(model, method, fixed, values),
        )
        for position, values in enumerate(found.candidates, start=1)
    ]


def _check_budget(
    wanted: Sequence[SweepCandidate],
    known: Sequence[SweepCandidate],
    estimate: Estimate,
    event: ProposeCandidates,
) -> None:
    """Refuse a sweep of which not even the cheapest candidate may be paid."""
    if any(one.attempts for one in known) or not wanted:
        return
    check_budget(
        min((estimate([one.hyperparameters]) for one in wanted), key=lambda one: one.known_usd),
        max_cost_usd=event.get("max_cost_usd"),
        allow_unknown_price=event["allow_unknown_price"],
    )


def _judged(
    wanted: Sequence[SweepCandidate],
    known: Sequence[SweepCandidate],
    attempts: Mapping[int, int],
    estimate: Estimate,
    event: ProposeCandidates,
) -> list[SweepCandidate]:
    """Return the candidates, each proposed if the money lasts for it.

    Every job that was ever asked for counts as paid in full, whatever came of it.
    """
    limit = event.get("max_cost_usd")
    jobs = [one.hyperparameters for one in known for _ in range(one.attempts)]
    found: list[SweepCandidate] = []
    for one in wanted:
        needed = attempts[one.number] + 1
        usd = _training_usd(estimate([one.hyperparameters]))
        with_it = jobs + [one.hyperparameters] * max(0, needed - one.attempts)
        if limit is not None and estimate(with_it).known_usd > limit + _ROUNDING:
            found.append(_not_afforded(one, usd, limit))
            continue
        jobs = with_it
        found.append(
            replace(
                one,
                status="proposed",
                attempts=max(needed, one.attempts),
                estimate_usd=usd,
                failure=None,
                redrives=event["redrives"],
            )
        )
    return found


def _training_usd(found: EstimateSection) -> float | None:
    """Return what a job alone costs; the rest of the run is paid once, whichever is chosen."""
    return next(item.usd for item in found.items if item.name == TRAINING)


def _not_afforded(one: SweepCandidate, usd: float | None, limit: float) -> SweepCandidate:
    what = "another attempt" if one.attempts else "training it"
    return replace(
        one,
        status="stopped" if one.attempts else "not afforded",
        estimate_usd=usd,
        failure=f"{what} for about ${usd or 0.0:,.2f} would exceed max_cost_usd of {limit:g}",
    )


def _record_estimate(s3: S3Client, run: Run, estimate: Estimate) -> None:
    """Write what the run with all jobs so far was expected to cost."""
    jobs = [
        one.hyperparameters for one in candidates.read_all(s3, run) for _ in range(one.attempts)
    ]
    if jobs:
        whole = estimate(jobs)
        manifest.update(s3, run["manifest"], lambda found: replace(found, estimate=whole))


def _job(run: Run, one: SweepCandidate, attempt: int) -> CandidateJob:
    job, model, token = names.job_of(run["execution_arn"], attempt, one.number)
    return {
        "number": one.number,
        "name": job,
        "model": model,
        "token": token,
        "hyperparameters": one.hyperparameters,
    }

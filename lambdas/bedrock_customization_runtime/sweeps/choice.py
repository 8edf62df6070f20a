"""Which candidate is kept, why the others are not, and the end of their models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest
from bedrock_customization_runtime.customization import finished_job
from bedrock_customization_runtime.errors import CustomizationFailed
from bedrock_customization_runtime.manifest import SweepCandidate, SweepSection
from bedrock_customization_runtime.sweeps import candidates
from bedrock_customization_runtime.sweeps.search import next_round

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import ChooseCandidate, Customization

_LONGEST_REASON = 256
_MOST_REASONS = 5
_ENDED_AS = {
    "proposed": "was not finished",
    "failed": "failed",
    "stalled": "stalled",
    "stopped": "was stopped",
    "stopped early": "was stopped early",
    "not afforded": "was not trained",
}


def choose(bedrock: BedrockClient, s3: S3Client, event: ChooseCandidate) -> Customization:
    """Keep the candidate with the lowest validation loss, and delete the models of the others.

    Nothing is deleted before the model that is kept can be used; until then the step is repeated.

    Raises:
        CustomizationFailed: No candidate has a model and a validation loss.
    """
    run, known = event["run"], candidates.read_all(s3, event["run"])
    ended = _ended(known, event)
    broken: dict[int, str] = {}

    def write(judged: list[SweepCandidate], section: manifest.CustomizationSection | None) -> None:
        sweep = SweepSection(candidates=judged, ended=ended)
        manifest.update(
            s3, run["manifest"], lambda found: replace(found, sweep=sweep, customization=section)
        )

    for best in _ranked(known):
        try:
            section = finished_job.describe(bedrock, s3, best.job_name or "")
            status = finished_job.model_status(bedrock, section.model_arn)
        except CustomizationFailed as error:
            broken[best.number] = str(error)
            continue
        judged = [_judged(one, best, broken) for one in known]
        if status == "Active":
            judged = [one if one.chosen else _without_model(bedrock, one) for one in judged]
        write(judged, section)
        return {
            "job_arn": section.job_arn,
            "model_arn": section.model_arn,
            "model_status": status,
        }
    judged = [_judged(one, None, broken) for one in known]
    write(judged, None)
    raise CustomizationFailed(
        "no candidate of the sweep has a model and a validation loss: "
        + "; ".join(f"candidate {one.number} {one.reason}" for one in judged[:_MOST_REASONS])
    )


def _ended(known: Sequence[SweepCandidate], event: ChooseCandidate) -> str:
    left_out = sum(one.status == "not afforded" for one in known)
    if left_out:
        return f"max_cost_usd left no room for {left_out} more"
    model, method = catalog.base_model(event["base_model"]), catalog.Method(event["method"])
    return next_round(
        event["sweep"],
        candidates.tried(known),
        integers=candidates.integers(model, method),
    ).ended


def _ranked(known: Sequence[SweepCandidate]) -> list[SweepCandidate]:
    """Return the candidates that may be kept, best first; of equals the cheaper."""
    able = [
        (one.validation_loss, one.estimate_usd or 0.0, one.number, one)
        for one in known
        if one.status == "completed"
        and one.validation_loss is not None
        and not candidates.has_diverged(one)
    ]
    return [one for _, _, _, one in sorted(able, key=lambda each: each[:3])]


def _judged(
    one: SweepCandidate, best: SweepCandidate | None, broken: Mapping[int, str]
) -> SweepCandidate:
    """Return a candidate with why it was chosen, or why not."""
    if best is not None and one.number == best.number:
        return replace(one, chosen=True, reason="has the lowest validation loss")
    if one.status != "completed":
        reason = f"{_ENDED_AS[one.status]}: {one.failure or 'no reason given'}"
    elif one.number in broken:
        reason = f"has no model: {broken[one.number]}"
    elif candidates.has_diverged(one):
        reason = "diverged"
    elif one.validation_loss is None:
        reason = "left no validation loss"
    else:
        reason = f"has a higher validation loss than candidate {best.number if best else '-'}"
    return replace(one, reason=reason[:_LONGEST_REASON])


def _without_model(bedrock: BedrockClient, one: SweepCandidate) -> SweepCandidate:
    """Delete a candidate's model, which bills until then; what is in use stays and is recorded."""
    if one.model_arn is None:
        return one
    try:
        bedrock.delete_custom_model(modelIdentifier=one.model_arn)
    except bedrock.exceptions.ResourceNotFoundException:
        return replace(one, model_deleted=True)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConflictException":
            raise
        return one
    return replace(one, model_deleted=True)

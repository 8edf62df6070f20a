"""What is decided before a customization job is paid: may it start, how, under which name.

A job's name is taken for ever, even by a job that failed. So a run counts its attempts: it goes on
with a job of its own that runs or has completed, and asks for another name only after one that
ended without a model. Looked up by name, never by clock or chance, a retried or redriven run never
pays twice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bedrock_customization_runtime import catalog, names
from bedrock_customization_runtime.errors import (
    BaseModelUnavailable,
    CustomizationFailed,
    InvalidInput,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_bedrock import BedrockClient

    from bedrock_customization_runtime.contract import Job

_MAXIMUM_ATTEMPTS = 10
_SPENT = {"Failed", "Stopping", "Stopped"}


def check_base_model(
    bedrock: BedrockClient, base_model: str, method: catalog.Method
) -> catalog.BaseModel:
    """Return the base model, if a job may start with it today.

    Args:
        bedrock: Client.
        base_model: Id for customization.
        method: How it is to be customized.

    Raises:
        BaseModelUnavailable: It is legacy or retired, by the catalogue or by Bedrock itself, or is
            not offered in this Region.
    """
    try:
        model = catalog.base_model(base_model)
        model.require(method, today=datetime.now(UTC).date())
    except ValueError as error:
        raise BaseModelUnavailable(f"base_model: {error}") from None
    try:
        found = bedrock.get_foundation_model(modelIdentifier=model.id)
    except (
        bedrock.exceptions.ResourceNotFoundException,
        bedrock.exceptions.ValidationException,
    ) as error:
        raise BaseModelUnavailable(
            f"base_model: Bedrock does not offer {model.id} in {bedrock.meta.region_name} "
            f"({error}): deploy the pipeline in {' or '.join(model.regions)}, or ask for access"
        ) from None
    status = found["modelDetails"].get("modelLifecycle", {}).get("status", "ACTIVE")
    if status != "ACTIVE":
        raise BaseModelUnavailable(
            f"base_model: Bedrock calls {model.id} {status}, so no new job may start: choose an "
            "active base model (docs/base-models.md)"
        )
    return model


def check_parent(bedrock: BedrockClient, parent: str, model: catalog.BaseModel) -> None:
    """Check that a custom model can be customized further.

    Args:
        bedrock: Client.
        parent: Its ARN.
        model: What it must be a custom model of, at whatever remove.

    Raises:
        BaseModelUnavailable: There is none, it is not active, or of another base model.
    """
    try:
        found = bedrock.get_custom_model(modelIdentifier=parent)
    except (
        bedrock.exceptions.ResourceNotFoundException,
        bedrock.exceptions.ValidationException,
    ) as error:
        raise BaseModelUnavailable(
            f"parent: there is no custom model {parent} in {bedrock.meta.region_name} ({error}): "
            "take the ARN from the manifest of the run that made it"
        ) from None
    # Models made before the service had this member carry none, and are usable.
    status = found.get("modelStatus", "Active")
    if status != "Active":
        raise BaseModelUnavailable(
            f"parent: {parent} is {status}, and only an Active model is customized further: wait "
            "until it is, or choose another"
        )
    # A parent's own base may be a custom model; its ARN names the foundation model, too.
    if model.id not in found["baseModelArn"].split("/"):
        raise BaseModelUnavailable(
            f"parent: {parent} is a custom model of {found['baseModelArn']}, not of {model.id}: "
            "name the base model that it was made of"
        )


def hyperparameters(
    model: catalog.BaseModel, method: catalog.Method, *given: Mapping[str, str]
) -> dict[str, str]:
    """Return the hyperparameters of a job; of one given twice the last counts.

    Raises:
        InvalidInput: An unknown name, or a value that Bedrock refuses.
    """
    merged = {name: value for some in given for name, value in some.items()}
    try:
        return model.check_hyperparameters(method, merged)
    except ValueError as error:
        raise InvalidInput(f"hyperparameters: {error}") from None


def next_job(bedrock: BedrockClient, execution_arn: str, chosen: Mapping[str, str]) -> Job:
    """Return the names of the run's job: of the one that exists, else of the next attempt.

    Args:
        bedrock: Client.
        execution_arn: The run.
        chosen: Hyperparameters.

    Raises:
        CustomizationFailed: So many attempts ended without a model that another makes no sense.
    """
    job, model, token = names.job_of(execution_arn, next_attempt(bedrock, execution_arn))
    return {"name": job, "model": model, "token": token, "hyperparameters": dict(chosen)}


def next_attempt(bedrock: BedrockClient, execution_arn: str, candidate: int | None = None) -> int:
    """Return the number of the attempt, from 0, whose job runs, has completed, or comes next.

    Args:
        bedrock: Client.
        execution_arn: The run.
        candidate: As of `names.job_of`.

    Raises:
        CustomizationFailed: As of `next_job`.
    """
    for attempt in range(_MAXIMUM_ATTEMPTS):
        job, _, _ = names.job_of(execution_arn, attempt, candidate)
        if _status(bedrock, job) not in _SPENT:
            return attempt
    raise CustomizationFailed(
        f"{_MAXIMUM_ATTEMPTS} jobs of this run ended without a model: start a new run once the "
        "cause is mended"
    )


def is_new(bedrock: BedrockClient, job_name: str) -> bool:
    """Return whether no job of that name exists yet."""
    return _status(bedrock, job_name) is None


def _status(bedrock: BedrockClient, job: str) -> str | None:
    try:
        return bedrock.get_model_customization_job(jobIdentifier=job)["status"]
    except bedrock.exceptions.ResourceNotFoundException:
        return None

"""Prepare data: a whole run's at once, or one step of a preparation in shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from bedrock_customization_runtime import aws, preparation
from bedrock_customization_runtime.contract import PreparationStep
from bedrock_customization_runtime.sharded_preparation import planning, steps
from bedrock_customization_runtime.telemetry import observed

if TYPE_CHECKING:
    from bedrock_customization_runtime.contract import (
        GatheredShards,
        PlanPreparationInput,
        Preparation,
        PreparationPlan,
        PreparationStepInput,
        PrepareDataInput,
    )


class _Context(Protocol):
    memory_limit_in_mb: str | int


@observed
def handler(
    event: PrepareDataInput | PlanPreparationInput | PreparationStepInput, context: _Context
) -> Preparation | PreparationPlan | GatheredShards | None:
    """Make the run's data set, or take the step towards it that the event names.

    A repeated call writes the same again.

    Raises:
        InvalidInput: The source does not exist, or a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The data cannot be used.
    """
    memory = int(context.memory_limit_in_mb) * 2**20
    match event.get("step"):
        case None:
            return preparation.prepare(aws.s3(), cast("PrepareDataInput", event), memory=memory)
        case PreparationStep.PLAN:
            return planning.plan(aws.s3(), cast("PlanPreparationInput", event))
    return steps.take(aws.s3(), cast("PreparationStepInput", event), memory=memory)

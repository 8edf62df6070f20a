"""The steps by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import PreparationStep
from bedrock_customization_runtime.sharded_preparation.comparing import compare, sign
from bedrock_customization_runtime.sharded_preparation.dividing import decide, divide_shard
from bedrock_customization_runtime.sharded_preparation.examining import examine
from bedrock_customization_runtime.sharded_preparation.finishing import finish
from bedrock_customization_runtime.sharded_preparation.gathering import gather
from bedrock_customization_runtime.sharded_preparation.outcomes import read_outcome
from bedrock_customization_runtime.sharded_preparation.work import Work

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import (
        GatheredShards,
        Preparation,
        PreparationStepInput,
    )

_ON_SHARDS = {
    PreparationStep.EXAMINE_SHARD: examine,
    PreparationStep.SIGN_SHARD: sign,
    PreparationStep.COMPARE_BUCKET: compare,
    PreparationStep.DIVIDE_SHARD: divide_shard,
}


def take(
    s3: S3Client, event: PreparationStepInput, *, memory: int
) -> Preparation | GatheredShards | None:
    """Take a step after the plan; a repeat writes the same bytes.

    Args:
        s3: Client.
        event: Which step, of which preparation, on which shard or bucket.
        memory: Of this function, in bytes.

    Returns:
        What the next states need: nothing of most steps, which leave what they found in S3.

    Raises:
        InvalidInput: Spark found that a setting makes no sense.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The data cannot be used.
    """
    work = Work(s3, event["scratch"])
    step = PreparationStep(event["step"])
    match step:
        case PreparationStep.GATHER:
            return gather(work, memory)
        case PreparationStep.DECIDE:
            decide(work)
        case PreparationStep.FINISH:
            return finish(work)
        case PreparationStep.READ_OUTCOME:
            return read_outcome(work, billed=event["billed"], capacity=event["capacity"])
        case _:
            _ON_SHARDS[step](work, event["number"])
    return None

"""The metrics that a job leaves in S3, laid out as the service documents them.

Reinforcement adds the mean reward, under the name that the service's charts give it. It has no
validation loss, and where a round taught nothing, no training loss: those cells say nan.

The files grow while a job trains: after each epoch and each validation, and of reinforcement after
each round. The service's documents say what they hold at the end, not when they appear.
"""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TRAINING = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION = "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"
TRAINING_REWARD, VALIDATION_REWARD = "critic/rewards/mean", "val-score/rewards/mean@1"
_HIGHEST_EXPONENT = 700


def loss_file(loss_column: str, rows: Iterable[tuple[int, int, float]]) -> bytes:
    """Return a file of losses.

    Args:
        loss_column: `training_loss` or `validation_loss`.
        rows: Step, epoch, both from 0, and loss.
    """
    return _file(
        ["step_number", "epoch_number", loss_column, "perplexity"],
        ([step, epoch, loss, _perplexity(loss)] for step, epoch, loss in rows),
    )


def reward_file(
    loss_column: str, reward_column: str, rows: Iterable[tuple[int, int, float, float]]
) -> bytes:
    """Return a file of rewards.

    Args:
        loss_column: `training_loss` or `validation_loss`.
        reward_column: `TRAINING_REWARD` or `VALIDATION_REWARD`.
        rows: Step, epoch, both from 0, loss and mean reward.
    """
    return _file(
        ["step_number", "epoch_number", loss_column, "perplexity", reward_column],
        ([step, epoch, loss, _perplexity(loss), reward] for step, epoch, loss, reward in rows),
    )


def _perplexity(loss: float) -> float:
    return math.exp(min(loss, _HIGHEST_EXPONENT)) if math.isfinite(loss) else math.nan


def _file(header: list[str], rows: Iterable[list[float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()

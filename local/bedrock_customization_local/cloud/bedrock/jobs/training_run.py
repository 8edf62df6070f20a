"""A training beside this process, watched: it ends when its job is to stop, or when it diverges."""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError, JobStoppedError
from bedrock_customization_local.cloud.bedrock.tinylm.training import BUDGET, Plan, Settings
from bedrock_customization_local.cloud.bedrock.tinylm.worker import Worker, WorkerFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_customization_local.cloud.bedrock.jobs.customization_jobs import CustomizationJob
    from bedrock_customization_local.cloud.bedrock.jobs.work import JobWork
    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model
    from bedrock_customization_local.cloud.bedrock.tinylm.training import Progress

_LAST_STEPS = 20

logger = logging.getLogger(__name__)


def _ignore() -> None:
    pass


class TrainingRun:
    """One training.

    Args:
        work: The job.
        settings: How to train.
        parent: Model to go on from; None to begin with an untrained one.
        on_mark: Called after each validation and each epoch but the last.
    """

    def __init__(
        self,
        work: JobWork,
        settings: Settings,
        parent: Model | None,
        on_mark: Callable[[], None] = _ignore,
    ) -> None:
        self._work, self._settings, self._parent = work, settings, parent
        self._on_mark = on_mark
        self._plan: Plan | None = None
        self._progress: list[Progress] = []

    @property
    def done(self) -> float:
        """Share of the planned steps that were computed."""
        if self._plan is None or not self._progress:
            return 0.0
        return (self._progress[-1].step + 1) / self._plan.steps

    @property
    def training_loss(self) -> float:
        """Mean loss of the last steps."""
        losses = [one.loss for one in self._progress if not one.validation][-_LAST_STEPS:]
        return sum(losses) / len(losses)

    @property
    def validation_loss(self) -> float | None:
        """Best loss of a validation; None without a validation set."""
        return min((one.loss for one in self._progress if one.validation), default=None)

    def losses(self, *, validation: bool) -> list[tuple[int, int, float]]:
        """Return step, epoch and loss of each batch, or of each validation."""
        return [
            (one.step, one.epoch, one.loss)
            for one in self._progress
            if one.validation is validation
        ]

    def run(
        self, train: Sequence[tuple[str, str]], validation: Sequence[tuple[str, str]] = ()
    ) -> Model:
        """Train on prompts with completions and return the model.

        Raises:
            JobFailedError: It broke or diverged.
            JobStoppedError: The job is to stop.
        """
        with tempfile.TemporaryDirectory(prefix="bedrock-job-") as folder:
            worker = Worker(Path(folder), train, validation, self._settings, self._parent)
            try:
                self._watch(worker)
                return worker.model()
            except WorkerFailedError as error:
                self._work.raise_if_stopped()
                raise JobFailedError(f"Internal error: the training failed ({error}).") from error
            finally:
                worker.close()

    def _watch(self, worker: Worker) -> None:
        for event in worker.progress():
            if isinstance(event, Plan):
                self._plan = event
                logger.info(
                    "%s: an epoch is %.2f local passes, %d steps; %d records reach the context's "
                    "end",
                    self._work.job.arn,
                    event.passes_per_epoch,
                    event.steps_per_epoch,
                    event.truncated,
                )
                continue
            self._work.raise_if_stopped()
            epoch = self._progress[-1].epoch if self._progress else 0
            self._progress.append(event)
            if not math.isfinite(event.loss):
                self._on_mark()  # so that the file shows why
                raise JobFailedError("The training diverged: the loss is not a number.")
            if event.validation or event.epoch > epoch:
                self._on_mark()
            if self._work.last_share is not None and self.done >= self._work.last_share:
                raise JobStoppedError


def settings_of(job: CustomizationJob, *, epochs: int, budget: float = BUDGET) -> Settings:
    """Translate a job's hyperparameters; what only matters to large models is left aside.

    Args:
        job: The job.
        epochs: How often the local training goes over its data.
        budget: What it may cost at most.
    """
    given = job.hyperparameters
    factor = float(given.get("learningRateMultiplier", 1))
    rate = job.rules.hyperparameters.get("learningRate")
    if rate is not None and isinstance(rate.default, float | int) and rate.default:
        factor = float(given["learningRate"]) / rate.default
    patience = given.get("earlyStoppingPatience")
    return Settings(
        epochs=epochs,
        rate_factor=factor,
        warmup=int(given.get("learningRateWarmupSteps", 10)),
        patience=None if patience is None else int(patience),
        threshold=float(given.get("earlyStoppingThreshold", 0)),
        budget=budget,
    )

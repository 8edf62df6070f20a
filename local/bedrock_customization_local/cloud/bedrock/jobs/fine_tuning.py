"""FINE_TUNING: the model learns the answers of the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.jobs import metrics_files
from bedrock_customization_local.cloud.bedrock.jobs.training_run import TrainingRun, settings_of
from bedrock_customization_local.cloud.bedrock.jobs.work import Data, Outcome

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.bedrock.jobs.work import JobWork


class FineTuning:
    """The method.

    Args:
        work: The job.
    """

    def __init__(self, work: JobWork) -> None:
        self._work = work
        self._data = Data([])

    def validate(self) -> None:
        """Read the records and check them."""
        self._data = self._work.read_examples()

    def process(self) -> None:
        """Nothing: the records are what is trained on."""

    def train(self) -> Outcome:
        """Train on the records."""
        epochs = int(self._work.job.hyperparameters.get("epochCount", 1))
        return train_on(self._work, self._data, epochs=epochs, passes=epochs)


def train_on(work: JobWork, data: Data, *, epochs: int, passes: int) -> Outcome:
    """Train on examples, and charge what was computed.

    A job that completes is charged all its epochs, unless its own hyperparameters let it stop
    early: that the local training gives up sooner on a validation set that gets no better says
    nothing about AWS's.

    Args:
        work: The job.
        data: The examples.
        epochs: What the job is charged for.
        passes: Epochs of the local training.
    """
    job = work.job
    parent = None if job.parent is None else job.parent.model
    run = TrainingRun(
        work, settings_of(job, epochs=passes), parent, on_mark=lambda: work.publish(_metrics(run))
    )
    share: float | None = None
    try:
        model = run.run(
            [(one.prompt, one.completion) for one in data.train],
            [(one.prompt, one.completion) for one in data.validation],
        )
        share = run.done if "earlyStoppingPatience" in job.hyperparameters else 1.0
    finally:
        done = run.done if share is None else share
        work.charge_training(done * epochs * sum(example.tokens for example in data.train))
    work.publish(_metrics(run))
    return Outcome(
        model=model, training_loss=run.training_loss, validation_loss=run.validation_loss
    )


def _metrics(run: TrainingRun) -> dict[str, bytes]:
    files = {
        metrics_files.TRAINING: metrics_files.loss_file(
            "training_loss", run.losses(validation=False)
        )
    }
    if run.validation_loss is not None:
        files[metrics_files.VALIDATION] = metrics_files.loss_file(
            "validation_loss", run.losses(validation=True)
        )
    return files

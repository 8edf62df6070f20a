"""What a job's run and its method share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bedrock_customization_local.cloud.bedrock.jobs.datasets import (
    Example,
    check_counts,
    read_examples,
)
from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError, JobStoppedError
from bedrock_customization_local.cloud.bedrock.jobs.invocation_logs import (
    SUFFIX,
    LoggedExchange,
    exchange_of,
    is_chosen,
    read_logs,
)
from bedrock_customization_local.cloud.bedrock.meter import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.jobs.access import JobAccess
    from bedrock_customization_local.cloud.bedrock.jobs.customization_jobs import CustomizationJob
    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model


@dataclass(frozen=True, kw_only=True, slots=True)
class JobWork:
    """A job that runs.

    Args:
        job: The job.
        account: Its account.
        access: What it may do as its role.
        last_share: Share of a training's steps after which somebody stops it; None if nobody does.
    """

    job: CustomizationJob
    account: Account
    access: JobAccess
    last_share: float | None = None

    def raise_if_stopped(self) -> None:
        """Raise JobStoppedError if the job is to stop, or all is."""
        if self.job.stop_asked.is_set() or self.account.background.closing.is_set():
            raise JobStoppedError

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Write files of the job's own folder, in the place of what they were before.

        Raises:
            JobFailedError: The role may not.
        """
        for name, content in files.items():
            self.access.write(f"model-customization-job-{self.job.id}/{name}", content)

    def charge_training(self, tokens: float) -> None:
        """Charge tokens that were trained on, whatever comes of the job."""
        self.account.meter.count_tokens(
            self.job.arn,
            Unit.TRAINING_TOKENS,
            round(tokens),
            self.job.base.prices.training_per_1k_tokens,
        )

    def read_examples(self) -> Data:
        """Return the examples of the job's data files.

        Raises:
            JobFailedError: The role may not read them, or something in them breaks a rule.
        """
        train = self._read(self.job.parameters["trainingDataConfig"]["s3Uri"], "train")
        return self.with_validation(train)

    def with_validation(self, train: Sequence[Example]) -> Data:
        """Return a training set with the validation set that the request names, both counted.

        Args:
            train: Training set.

        Raises:
            JobFailedError: The role may not read the validation set, the base model takes none, or
                something breaks a rule.
        """
        validators = self.job.parameters.get("validationDataConfig", {}).get("validators", [])
        if validators and self.job.rules.validation is None:
            raise JobFailedError(
                f"A validation dataset is not supported for {self.job.base.id}. Remove "
                "validationDataConfig."
            )
        validation = [
            example
            for validator in validators
            for example in self._read(validator["s3Uri"], "validation")
        ]
        check_counts(train, validation, self.job.rules)
        if not train:
            raise JobFailedError("The training dataset holds no records.")
        return Data(train, validation)

    def read_logs(self) -> list[LoggedExchange]:
        """Return what can be used of the invocation logs that the job chooses.

        Raises:
            JobFailedError: The role may not read them, or they are none.
        """
        asked = self.job.parameters["trainingDataConfig"]["invocationLogsConfig"]
        filters = asked.get("requestMetadataFilters")
        exchanges = (
            exchange_of(log)
            for key, body in self.access.read_below(asked["invocationLogSource"]["s3Uri"], SUFFIX)
            for log in read_logs(body, key)
            if is_chosen(log, filters)
        )
        return [exchange for exchange in exchanges if exchange is not None]

    def _read(self, uri: str, what: str) -> list[Example]:
        key, body = self.access.read(uri)
        rules = self.job.rules
        highest = rules.train.max_bytes
        if highest is not None and len(body) > highest:
            raise JobFailedError(f"The file {key} is larger than {highest} bytes")
        return read_examples(body, key=key, what=what, rules=rules)


@dataclass(frozen=True, slots=True)
class Data:
    """What a job learns from.

    Args:
        train: Training set.
        validation: Validation set; empty for none.
    """

    train: Sequence[Example]
    validation: Sequence[Example] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a job's training gave.

    Args:
        model: The network.
        training_loss: Over the last steps; None where no step was trained.
        validation_loss: The best one; None without a validation set.
    """

    model: Model
    training_loss: float | None
    validation_loss: float | None = None


class Customization(Protocol):
    """One method's part in a job's run; every step raises JobFailedError or JobStoppedError."""

    def validate(self) -> None:
        """Read the data and check them, and that the role may do what comes later."""

    def process(self) -> None:
        """Make of the data what is trained on."""

    def train(self) -> Outcome:
        """Train, and publish the metrics as they come."""

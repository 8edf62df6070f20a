"""How a base model is customized: one value object for each of Bedrock's methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from bedrock_customization._checks import check_between, check_whole
from bedrock_customization.invocation_logs import InvocationLogs
from bedrock_customization_runtime.catalog import Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_

    from bedrock_customization.grader import Grader
    from bedrock_customization.invocation_logs import LogBucket
    from bedrock_customization_runtime import contract

_MOST_TOKENS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class FineTuning:
    """Supervised fine-tuning on prompts and the answers they should get.

    Args:
        hyperparameters: By Bedrock's own names, such as `epochCount`. Names, types and ranges are
            checked at synth against the base model; those left out get the service's defaults.
    """

    method: ClassVar[Method] = Method.FINE_TUNING
    hyperparameters: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ContinuedPretraining:
    """Pre-training continued on texts of a field: it learns how they read, not how to answer.

    Args:
        hyperparameters: As of `FineTuning`.
    """

    method: ClassVar[Method] = Method.CONTINUED_PRE_TRAINING
    hyperparameters: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distillation:
    """A small model learns from the answers of a large one, its teacher.

    The prompts are the prepared training records: your own, with or without golden answers, or
    those of Bedrock's invocation logs. Bedrock could read a whole log prefix by itself, but then
    the student would learn the blind set too. The blind set's prompts without answers are answered
    by the teacher, and the student is measured by that.

    Args:
        teacher: Id of a foundation model or of a system inference profile that may teach the base
            model (docs/base-models.md).
        logs: Which invocation logs are learned from, and whether their answers are, where the
            source holds logs. Without it, the prompts of all.
        max_response_length: Of the teacher's answers, in tokens. Without one, the service's
            own limit holds.
        hyperparameters: As of `FineTuning`.

    Raises:
        ValueError: `max_response_length` is no number of tokens.
    """

    method: ClassVar[Method] = Method.DISTILLATION
    teacher: str
    logs: InvocationLogs = field(default_factory=InvocationLogs)
    max_response_length: int | None = None
    hyperparameters: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what can be without a base model."""
        if self.max_response_length is not None:
            check_whole(
                "max_response_length",
                self.max_response_length,
                1,
                _MOST_TOKENS,
                "it is a number of tokens, left out for the service's own limit",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReinforcementFineTuning:
    """The model tries answers, a function grades them, and what earns reward grows likelier.

    Args:
        grader: A ready `Grader`, or a function of your own (docs/graders.md says what it is sent
            and what it must return). Bedrock may invoke it for the jobs of this pipeline.
        hyperparameters: As of `FineTuning`.
    """

    method: ClassVar[Method] = Method.REINFORCEMENT_FINE_TUNING
    grader: Grader | lambda_.IFunction
    hyperparameters: Mapping[str, str | int | float] = field(default_factory=dict)


CustomizationMethod = FineTuning | ContinuedPretraining | Distillation | ReinforcementFineTuning


def log_bucket_of(method: CustomizationMethod) -> LogBucket | None:
    """Return where logs may lie beside the data bucket."""
    return method.logs.bucket if isinstance(method, Distillation) else None


def logs_of(method: CustomizationMethod) -> contract.LogsPlan | None:
    """Return what preparation does with invocation logs; None takes all, with their answers."""
    return method.logs.to_contract(method.teacher) if isinstance(method, Distillation) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlyStopping:
    """Stop a job whose validation loss has turned.

    A stopped job yields no model and is charged for what it did, and the run ends with
    `CustomizationStoppedEarly`. So this saves the rest of a training that leads nowhere; it does
    not keep the best state on the way. Bedrock documents what its loss files hold, not when it
    writes them: where they appear only at the end, nothing is stopped.

    Args:
        patience: Validations without improvement, from 1 to 100.
        min_improvement: By how much a validation loss must be below the lowest before it to be
            an improvement.

    Raises:
        ValueError: A figure is out of range.
    """

    patience: int = 3
    min_improvement: float = 0.0

    def __post_init__(self) -> None:
        """Check the figures."""
        check_whole("patience", self.patience, 1, 100, "3 lets two bad validations pass")
        check_between("min_improvement", self.min_improvement, 0, 100, "0 takes any")

    def to_contract(self) -> contract.EarlyStopping:
        """Return what the handler receives."""
        return {"patience": self.patience, "min_improvement": self.min_improvement}

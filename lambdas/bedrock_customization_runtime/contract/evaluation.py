"""Deployment, evaluation, gate and promotion: events and what states keep of them."""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.preparation import Preparation
from bedrock_customization_runtime.contract.runs import Run


class EvaluationStep(StrEnum):
    """What `answer_questions` does at a time."""

    PLAN = "plan"
    ANSWER = "answer"


class Deployment(TypedDict):
    """The candidate's deployment (`$deployment`)."""

    arn: str


class EvaluatedModel(TypedDict):
    """A model that answers the blind set.

    `name` is "base", "few_shot" (the base model with examples before each question), "tuned",
    `TEACHER`, or "live" (the model in production before this run).
    """

    name: str
    id: str
    """By which it is invoked."""
    shots: NotRequired[str]
    """S3 URI of the examples that stand before each question (`datasets.records.TestRecord` with
    references, one JSON object a line)."""


class BlindTest(TypedDict):
    """What "Plan blind test" returns (`$blind_test`): who answers, in how many pieces of work."""

    models: list[EvaluatedModel]
    items: int
    """Each a child execution of "Answer blind questions"."""
    total: int
    """Answers of all models together."""
    prefix: str
    """S3 URI prefix of the answers in the blind bucket, without a trailing slash."""
    contaminated: int
    """Blind records with a copy or near-copy in the training set."""
    left_out: dict[str, str]
    """Models that cannot take part, and why."""


class Answers(TypedDict):
    """What an item of "Answer blind questions" returns; it is asked again until `done`."""

    done: bool
    answered: int
    """Of the item, by now."""


class Evaluation(TypedDict):
    """What "Compare answers" returns (`$evaluation`): the primary metric, base against tuned."""

    report: str
    metric: str
    records: int
    base: float
    tuned: float
    difference: float
    interval: list[float]
    """Lower and upper end of the 95 % paired bootstrap interval of the difference."""
    p_value: float


class Gate(TypedDict):
    """What a candidate must show to be promoted: the rules of `bedrock_customization.Gate`."""

    min_improvement: float
    """The interval's lower end must exceed it, in units of the metric."""
    significance: float
    no_regression_on: list[str]
    max_usd_per_1k: NotRequired[float]
    not_worse_than_live: bool
    min_judge_improvement: NotRequired[float]
    min_judge_win_rate: NotRequired[float]


class Decision(TypedDict):
    """What "Decide promotion" returns (`$decision`)."""

    promote: bool
    refused_by: list[str]
    """Values of `GateRule`, each once; the manifest has all verdicts with their reasons."""


class OwnMetric(TypedDict):
    """A metric that a function of the user's computes (docs/metrics.md has its event)."""

    name: str
    function_arn: str
    binary: bool
    """Whether a score is either 0 or 1."""


class PrimaryMetric(TypedDict):
    """What decides, in an event."""

    metric: str
    """Name of the primary metric: a `MetricName`, or that of `own_metric`."""
    own_metric: NotRequired[OwnMetric]
    database: NotRequired[str]
    """S3 URI of the SQLite file on which statements are run."""


class PlanBlindTestInput(TypedDict):
    """Event of `answer_questions` for `EvaluationStep.PLAN`."""

    step: Literal[EvaluationStep.PLAN]
    run: Run
    preparation: Preparation
    models: list[EvaluatedModel]
    """Those that are known at synth, and the tuned model."""
    record_format: str
    """Of the training set: value of `catalog.rules.RecordFormat`."""
    few_shot: int
    """Examples before the question; 0 asks the base model without them only."""
    alias_parameter: NotRequired[str]
    """Names the model in production."""


class AnswerQuestionsInput(TypedDict):
    """Event of `answer_questions` for `EvaluationStep.ANSWER`."""

    step: Literal[EvaluationStep.ANSWER]
    run: Run
    test: str
    models: list[EvaluatedModel]
    max_tokens: int
    number: int
    """Of the item, from 0."""


class CompareAnswersInput(PrimaryMetric):
    """Event of `compare_answers`."""

    run: Run
    test: str
    answers: str
    """`BlindTest.prefix`; so the next three."""
    models: list[EvaluatedModel]
    contaminated: int
    left_out: dict[str, str]


class DecidePromotionInput(TypedDict):
    """Event of `decide_promotion`."""

    run: Run
    gate: Gate


class PromoteModelInput(TypedDict):
    """Event of `promote_model`."""

    run: Run
    deployment: Deployment
    alias_parameter: str
    """Name of the SSM parameter that consumers read."""

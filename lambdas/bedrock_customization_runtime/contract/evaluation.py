"""Deployment, evaluation, gate and promotion: events and what states keep of them."""

from typing import NotRequired, TypedDict

from bedrock_customization_runtime.contract.runs import Run


class Deployment(TypedDict):
    """The candidate's deployment (`$deployment`)."""

    arn: str


class EvaluatedModel(TypedDict):
    """A model that answers the blind set: `name` is "base", "tuned" or `TEACHER`."""

    name: str
    id: str
    """By which it is invoked."""
    shots: NotRequired[str]
    """S3 URI of the examples in front of each question: test records, one JSON object a line."""


class Answers(TypedDict):
    """What "Answer blind questions" returns (`$answers`); it is asked again until `done`."""

    done: bool
    answered: int
    total: int
    prefix: str
    """S3 URI prefix in the blind bucket, without a trailing slash."""


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
    """What a candidate must show to be promoted."""

    minimum_improvement: float
    """The interval's lower end must exceed it, in units of the metric."""


class Decision(TypedDict):
    """What "Decide promotion" returns (`$decision`)."""

    promote: bool
    reasons: list[str]


class AnswerQuestionsInput(TypedDict):
    """Event of `answer_questions`."""

    run: Run
    test: str
    models: list[EvaluatedModel]
    maximum_tokens: int


class CompareAnswersInput(TypedDict):
    """Event of `compare_answers`."""

    run: Run
    test: str
    answers: str
    """`Answers.prefix`."""
    models: list[EvaluatedModel]
    metric: str


class DecidePromotionInput(TypedDict):
    """Event of `decide_promotion`."""

    run: Run
    evaluation: Evaluation
    gate: Gate


class PromoteModelInput(TypedDict):
    """Event of `promote_model`."""

    run: Run
    deployment: Deployment
    alias_parameter: str
    """Name of the SSM parameter that consumers read."""


class RemoveDeploymentInput(TypedDict):
    """Event of `remove_deployment`."""

    run: Run
    name: str
    """Of the deployment."""
    alias_parameter: str
    """A deployment it names is never removed."""

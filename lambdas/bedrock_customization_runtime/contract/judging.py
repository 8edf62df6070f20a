"""The judge: a model that scores answers in Bedrock's evaluation jobs. What it is told, and states.

Like the other modules of `contract`; `$judging` keeps where the jobs stand.
"""

from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

from bedrock_customization_runtime.contract.runs import Run


class JudgeMetric(StrEnum):
    """What Bedrock can have judged, by its own names; it writes the judge's instructions itself."""

    CORRECTNESS = "Builtin.Correctness"
    COMPLETENESS = "Builtin.Completeness"
    FAITHFULNESS = "Builtin.Faithfulness"
    HELPFULNESS = "Builtin.Helpfulness"
    COHERENCE = "Builtin.Coherence"
    RELEVANCE = "Builtin.Relevance"
    FOLLOWING_INSTRUCTIONS = "Builtin.FollowingInstructions"
    PROFESSIONAL_STYLE_AND_TONE = "Builtin.ProfessionalStyleAndTone"
    HARMFULNESS = "Builtin.Harmfulness"
    STEREOTYPING = "Builtin.Stereotyping"
    REFUSAL = "Builtin.Refusal"


class JudgeCriterion(TypedDict):
    """A metric of the user's own."""

    name: str
    instructions: str
    scale: list[str]
    """What the judge may say, the worst first."""


class JudgePlan(TypedDict):
    """Who judges what."""

    model: str
    """Id or ARN of a foundation model or of a system inference profile."""
    metrics: list[str]
    """Values of `JudgeMetric`."""
    criteria: list[JudgeCriterion]
    pairwise: NotRequired[str]
    """What makes an answer the better of two; absent where answers are not compared directly."""
    max_records: int


class JudgeJob(TypedDict):
    """An evaluation job."""

    task: str
    """Which dataset it judges: value of `evaluation.judge_datasets.Task`."""
    name: str
    arn: str


class Judging(TypedDict):
    """Where the jobs stand (`$judging`); they are looked at again until `done`."""

    jobs: list[JudgeJob]
    done: bool
    seconds: int
    """After which to look again."""
    waited_seconds: int
    """By the waits between looks."""


class StartJudging(TypedDict):
    """Event of `judge_answers` that starts the jobs, or adopts those that exist."""

    step: Literal["start"]
    run: Run
    test: str
    answers: str
    """`Answers.prefix`."""
    judge: JudgePlan
    role_arn: str
    """Service role of evaluation jobs."""
    tags: list[dict[str, str]]
    """As Step Functions spells them: with `Key` and `Value`."""


class WatchJudging(TypedDict):
    """Event of `judge_answers` while the jobs run."""

    step: Literal["watch"]
    judging: Judging


class RecordJudging(TypedDict):
    """Event of `judge_answers` after the jobs."""

    step: Literal["record"]
    run: Run
    test: str
    answers: str
    judge: JudgePlan
    judging: Judging


class Judgement(TypedDict):
    """What "Record judgement" returns (`$judgement`)."""

    report: str
    """S3 URI of the scores, by record."""
    records: int


JudgeAnswersInput = StartJudging | WatchJudging | RecordJudging

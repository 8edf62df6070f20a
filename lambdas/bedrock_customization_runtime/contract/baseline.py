"""The baseline: what the base model reaches before anything is tuned."""

from typing import NotRequired, TypedDict

from bedrock_customization_runtime.contract.evaluation import PrimaryMetric
from bedrock_customization_runtime.contract.runs import Run


class MeasureBaselineInput(PrimaryMetric):
    """Event of `measure_baseline`."""

    run: Run
    base_model: str
    method: str
    """Value of `catalog.Method`."""
    model: str
    """By which the base model is invoked."""
    max_tokens: int
    """Of an answer."""
    max_records: int
    """That are asked, of the validation set."""
    few_shot: int
    """Examples before each question the second time; 0 asks but once."""
    min_improvement: float
    """As of `Gate`: what a tuned model will have to show."""
    target: NotRequired[float]
    """Absent where nothing ends the run before the job."""
    max_cost_usd: NotRequired[float]
    """Of the whole run: the questions alone must not exceed it."""
    allow_unknown_price: bool
    knowledge_changes: NotRequired[str]
    """Value of `KnowledgeChanges`."""


class Baseline(TypedDict):
    """What "Measure baseline" returns (`$baseline`); it is asked again until `done`."""

    done: bool
    answered: int
    total: int

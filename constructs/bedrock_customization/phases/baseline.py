"""Is tuning needed at all? The base model answers the validation set before a job is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import NAMED_BY_BEDROCK, Right
from bedrock_customization._asl import States
from bedrock_customization._checks import check_between, check_whole
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization._retries import BUSY_MODEL_ERRORS, Retry
from bedrock_customization.method import FineTuning
from bedrock_customization.metric import metric_input, metric_rights
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import Handler, KnowledgeChanges, MetricName

if TYPE_CHECKING:
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.metric import Metric
    from bedrock_customization.storage import CustomizationStorage


MAXIMUM_RECORDS = 500
"""That are asked, in each of the two ways: they tell a share to 4.5 points at worst."""


class BaselineMeasurement(Phase):
    """Ask the base model the validation set, with and without examples, and say whether to tune.

    At most 500 records are asked in each way; the examples come from the training set. The function
    has no right on the blind set. Figures and advice (docs/when-to-tune.md) go into the manifest; a
    base model that surely meets `target` ends the run as `TuningNotNeeded`, before a job is paid.

    Input: `$run`, whose data are prepared.
    Output: `$baseline` (`contract.Baseline`).
    Errors: `TuningNotNeeded`, `EvaluationFailed`, `BudgetExceeded`.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the validation set is, and questions and answers go.
        base_model: Who is asked.
        method: How it is to be tuned. Without one, fine-tuning.
        metric: What answers are measured by (docs/metrics.md).
        target: The metric, in (0, 1], from which there is no need to tune: the lower end of the
            95 % interval must reach it. Without one, nothing ends the run here.
        min_improvement: What the gate will ask the tuned model to surely gain, in [0, 1].
        knowledge_changes: How often the facts change that right answers rest on.
        few_shot: Training records that stand before each question as examples when the base model
            is asked a second time, up to 10; with 0 it is not.
        max_tokens: Limit of an answer, in tokens, from 1 to 5,000.
        max_cost_usd: Of the whole run, in US dollars: questions that alone cost more are not asked.
            Without one, there is no limit.
        allow_unknown_price: Whether to ask a model whose documented price is not known though
            there is a limit.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: A figure is out of range.
    """

    title = "BaselineMeasurement"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        method: CustomizationMethod | None = None,
        metric: Metric = MetricName.ACCURACY,
        target: float | None = None,
        min_improvement: float = 0.0,
        knowledge_changes: KnowledgeChanges | None = None,
        few_shot: int = 3,
        max_tokens: int = 512,
        max_cost_usd: float | None = None,
        allow_unknown_price: bool = False,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        if target is not None:
            check_between("target", target, 1e-6, 1, "it is in units of the metric, 0.9 means 90 %")
        check_whole("few_shot", few_shot, 0, 10, "more examples do not fit beside a long question")
        check_whole("max_tokens", max_tokens, 1, 5000, "an answer has no more room")
        super().__init__(scope, id)
        self.function = self._define_function(storage, base_model, metric)
        states = States(self, self.title, on_failure=on_failure)
        measure = states.invoke(
            "Measure baseline",
            self.function,
            {
                "run": "{% $run %}",
                "base_model": base_model.id,
                "method": (method or FineTuning()).method.value,
                "model": base_model.inference_id,
                **metric_input(metric),
                "max_tokens": max_tokens,
                "max_records": MAXIMUM_RECORDS,
                "few_shot": few_shot,
                "min_improvement": min_improvement,
                "target": target,
                "max_cost_usd": max_cost_usd,
                "allow_unknown_price": allow_unknown_price,
                "knowledge_changes": (
                    None if knowledge_changes is None else KnowledgeChanges(knowledge_changes).value
                ),
            },
            comment="The base model answers the validation set, with and without examples",
            assign="baseline",
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=60)],
        )
        is_measured = states.choice(
            "Is the baseline measured?", comment="One function call may not be enough"
        )
        is_measured.when(sfn.Condition.jsonata("{% $not($baseline.done) %}"), measure)
        measure.next(is_measured)
        self.rights = states.rights
        self._start = measure
        self._ends = is_measured.afterwards(include_otherwise=True).end_states

    def _define_function(
        self, storage: CustomizationStorage, base_model: BaseModel, metric: Metric
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Measure",
            handler=Handler.MEASURE_BASELINE,
            description="Asks the base model the validation set",
            rights=[
                *storage.reading(storage.data_bucket, RUNS),
                *storage.writing(storage.data_bucket, RUNS),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                Right(
                    actions=["bedrock:InvokeModel"],
                    resources=base_model.arns_for_invocation(),
                    wildcard_because=f"{NAMED_BY_BEDROCK}, and an inference profile sends "
                    "requests to several Regions",
                ),
                *metric_rights(metric),
            ],
            memory_mebibytes=1024,
            timeout_minutes=15,
        )

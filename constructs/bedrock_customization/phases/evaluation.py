"""Is the tuned model really better? Base and tuned model answer the blind set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    opening_model_key,
)
from bedrock_customization._asl import BUSY_MODEL_ERRORS, Phase, Retry, States
from bedrock_customization._checks import check_whole
from bedrock_customization._function import HandlerFunction
from bedrock_customization.base_model import arns_for_invocation
from bedrock_customization.method import Distillation
from bedrock_customization.phases.judging import AnswerJudging
from bedrock_customization.storage import RUNS
from bedrock_customization_runtime.contract import TEACHER, Handler, MetricName

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.judge import Judge
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.storage import CustomizationStorage


class ModelEvaluation(Phase):
    """Ask base and tuned model every blind question and compare them record by record.

    Both get the same system prompt, temperature 0 and the same limit of tokens.

    Input: `$run`, `$preparation`, `$deployment`.
    Output: `$evaluation` (`contract.Evaluation`).
    Errors: `EvaluationFailed`, with a judge `JudgeFailed`.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the blind set is, and answers and figures go.
        base_model: What the tuned model is compared with.
        model_key: What encrypts the custom model. Without one, a key that AWS owns does.
        method: How it was tuned: after a distillation the teacher answers the blind prompts that
            have no answer of their own. Without one, fine-tuning.
        metric: What decides (docs/metrics.md).
        maximum_tokens: Limit of an answer, in tokens, from 1 to 5,000.
        judge: A model that judges the answers too (docs/judging.md). Without one, nobody does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `maximum_tokens` is out of range.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        model_key: kms.IKey | None = None,
        method: CustomizationMethod | None = None,
        metric: MetricName = MetricName.ACCURACY,
        maximum_tokens: int = 512,
        judge: Judge | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        check_whole("maximum_tokens", maximum_tokens, 1, 5000, "an answer has no more room")
        super().__init__(scope, id)
        teacher = method.teacher if isinstance(method, Distillation) else None
        self.answer_function = self._define_answer_function(storage, base_model, teacher, model_key)
        self.compare_function = self._define_compare_function(storage)
        models = [
            {"name": "base", "id": base_model.inference_id},
            {"name": "tuned", "id": "{% $deployment.arn %}"},
            *([{"name": TEACHER, "id": teacher}] if teacher else []),
        ]
        states = States(self, "ModelEvaluation", on_failure=on_failure)
        answer = states.invoke(
            "Answer blind questions",
            self.answer_function,
            {
                "run": "{% $run %}",
                "test": "{% $preparation.test %}",
                "models": models,
                "maximum_tokens": maximum_tokens,
            },
            comment="Base and tuned model answer the same questions",
            assign="answers",
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=60)],
        )
        compare = states.invoke(
            "Compare answers",
            self.compare_function,
            {
                "run": "{% $run %}",
                "test": "{% $preparation.test %}",
                "answers": "{% $answers.prefix %}",
                "models": models,
                "metric": MetricName(metric).value,
            },
            comment="Pair the answers by record and test the difference",
            assign="evaluation",
        )
        is_answered = states.choice(
            "Is everything answered?", comment="One function call may not be enough"
        )
        is_answered.when(sfn.Condition.jsonata("{% $not($answers.done) %}"), answer)
        is_answered.otherwise(compare)
        answer.next(is_answered)
        self.judging: AnswerJudging | None = None
        """The judge's function and service role; None without a judge."""
        self._ends = [compare]
        if judge:
            self.judging = AnswerJudging(
                self, "Judging", states=states, storage=storage, judge=judge
            )
            compare.next(self.judging.start)
            self._ends = [self.judging.end]
        self.rights = states.rights
        self._start = answer

    def _define_answer_function(
        self,
        storage: CustomizationStorage,
        base_model: BaseModel,
        teacher: str | None,
        model_key: kms.IKey | None,
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Answer",
            handler=Handler.ANSWER_QUESTIONS,
            description="Asks base and tuned model the blind questions",
            rights=[
                *storage.reading(storage.blind_bucket, RUNS),
                *storage.writing(storage.blind_bucket, RUNS),
                Right(
                    actions=["bedrock:InvokeModel"],
                    resources=[
                        *base_model.arns_for_invocation(),
                        *(arns_for_invocation(teacher) if teacher else []),
                        bedrock_arn("custom-model-deployment"),
                    ],
                    wildcard_because=f"{NAMED_BY_BEDROCK}, and an inference profile sends "
                    "requests to several Regions",
                ),
                *opening_model_key(model_key),
            ],
            memory_mebibytes=1024,
            timeout_minutes=15,
        )

    def _define_compare_function(self, storage: CustomizationStorage) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Compare",
            handler=Handler.COMPARE_ANSWERS,
            description="Compares the answers of base and tuned model",
            rights=[
                *storage.reading(storage.blind_bucket, RUNS),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
            ],
            memory_mebibytes=1024,
            timeout_minutes=5,
        )

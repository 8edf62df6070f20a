"""Is the tuned model really better? All models that matter answer the blind set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization._access import (
    NAMED_BY_BEDROCK,
    Right,
    bedrock_arn,
    opening_model_key,
)
from bedrock_customization._asl import States
from bedrock_customization._checks import check_whole
from bedrock_customization._function import HandlerFunction
from bedrock_customization._maps import invoke_each
from bedrock_customization._phase import Phase
from bedrock_customization._retries import BUSY_MODEL_ERRORS, Retry
from bedrock_customization.base_model import arns_for_invocation
from bedrock_customization.deployment_kinds import ImportedCopies, OnDemand
from bedrock_customization.method import Distillation, FineTuning
from bedrock_customization.metric import metric_input, metric_rights
from bedrock_customization.phases.judging import AnswerJudging
from bedrock_customization.storage import EXAMPLES, PREPARED, RUNS
from bedrock_customization_runtime.contract import (
    TEACHER,
    EvaluationStep,
    Handler,
    MetricName,
)

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms, aws_stepfunctions as sfn
    from constructs import Construct

    from bedrock_customization.alias import Alias
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.judge import Judge
    from bedrock_customization.method import CustomizationMethod
    from bedrock_customization.metric import Metric
    from bedrock_customization.storage import CustomizationStorage


_CONCURRENCY = 4
"""Functions that ask at a time, each 16 questions at once: a new account's quota of requests."""


_DEPLOYMENTS = [bedrock_arn("custom-model-deployment"), bedrock_arn("provisioned-model")]
"""Whatever kind the model in production is of."""


class ModelEvaluation(Phase):
    """Ask every model every blind question and compare the answers record by record.

    Who answers: the base model, the base model with examples before each question, the tuned model,
    the model in production, and after a distillation the teacher, for what has no reference. All
    get the same system prompt, temperature 0 and the same limit of tokens. An answer that exists is
    never asked for again (docs/evaluation.md).

    Input: `$run`, `$preparation`, `$deployment`.
    Output: `$evaluation` (`contract.Evaluation`); `$blind_test` (`contract.BlindTest`) besides.
    Errors: `EvaluationFailed`, `SourceChanged`, with a judge `JudgeFailed`.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the blind set is, and answers and figures go.
        base_model: What the tuned model is compared with.
        deployment: On what the tuned model answers. Without one, on demand.
        model_key: What encrypts the custom model. Without one, a key that AWS owns does.
        method: How it was tuned: after a distillation the teacher answers the blind prompts that
            have no answer of their own. Without one, fine-tuning.
        metric: What decides (docs/metrics.md).
        max_tokens: Limit of an answer, in tokens, from 1 to 5,000.
        few_shot: Training records that stand before each question as examples when the base model
            is asked a second time, up to 10; with 0 it is not.
        alias: Names the model in production, which answers too, if it is another and still can.
            Without one, none does.
        judge: A model that judges the answers too (docs/judging.md). Without one, nobody does.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.

    Raises:
        ValueError: `max_tokens` or `few_shot` is out of range.
    """

    title = "ModelEvaluation"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        base_model: BaseModel,
        deployment: Deployment | None = None,
        model_key: kms.IKey | None = None,
        method: CustomizationMethod | None = None,
        metric: Metric = MetricName.ACCURACY,
        max_tokens: int = 512,
        few_shot: int = 3,
        alias: Alias | None = None,
        judge: Judge | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        check_whole("max_tokens", max_tokens, 1, 5000, "an answer has no more room")
        check_whole("few_shot", few_shot, 0, 10, "more examples do not fit beside a long question")
        super().__init__(scope, id)
        method = method or FineTuning()
        rules = base_model.facts.methods[method.method]
        teacher = method.teacher if isinstance(method, Distillation) else None
        self.answer_function = self._define_answer_function(
            storage,
            base_model,
            deployment or OnDemand(),
            teacher,
            model_key=model_key,
            alias=alias,
            few_shot=few_shot,
        )
        self.compare_function = self._define_compare_function(storage, metric)
        states = States(self, self.title, on_failure=on_failure)
        plan = states.invoke(
            "Plan blind test",
            self.answer_function,
            {
                "step": EvaluationStep.PLAN,
                "run": "{% $run %}",
                "preparation": "{% $preparation %}",
                "models": [
                    {"name": "base", "id": base_model.inference_id},
                    {"name": "tuned", "id": "{% $deployment.arn %}"},
                    *([{"name": TEACHER, "id": teacher}] if teacher else []),
                ],
                "record_format": rules.record_format.value,
                "few_shot": few_shot,
                "alias_parameter": alias.parameter_name if alias else None,
            },
            comment="Choose examples, find the model in production, look for contamination",
            assign="blind_test",
        )
        answer = invoke_each(
            states,
            "Answer blind questions",
            self.answer_function,
            {
                "step": EvaluationStep.ANSWER,
                "run": "{% $run %}",
                "test": "{% $preparation.test %}",
                "models": "{% $blind_test.models %}",
                "max_tokens": max_tokens,
            },
            count="$blind_test.items",
            concurrency=_CONCURRENCY,
            one="Answer questions",
            comment="All models answer the same questions",
            retries=[Retry(errors=BUSY_MODEL_ERRORS, interval_seconds=60)],
            until="done",
        )
        compare = states.invoke(
            "Compare answers",
            self.compare_function,
            {
                "run": "{% $run %}",
                "test": "{% $preparation.test %}",
                "answers": "{% $blind_test.prefix %}",
                "models": "{% $blind_test.models %}",
                "contaminated": "{% $blind_test.contaminated %}",
                "left_out": "{% $blind_test.left_out %}",
                **metric_input(metric),
            },
            comment="Pair the answers by record and test the difference",
            assign="evaluation",
        )
        plan.next(answer).next(compare)
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
        self._start = plan

    def _define_answer_function(
        self,
        storage: CustomizationStorage,
        base_model: BaseModel,
        deployment: Deployment,
        teacher: str | None,
        *,
        model_key: kms.IKey | None,
        alias: Alias | None,
        few_shot: int,
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Answer",
            handler=Handler.ANSWER_QUESTIONS,
            description="Asks every model the blind questions",
            rights=[
                # The training set, for examples and contamination; its job's role never reads
                # the blind set.
                *storage.reading(storage.data_bucket, PREPARED),
                *(storage.writing(storage.data_bucket, EXAMPLES) if few_shot else []),
                *storage.reading(storage.blind_bucket, RUNS),
                *storage.writing(storage.blind_bucket, RUNS),
                Right(
                    actions=["bedrock:InvokeModel"],
                    resources=[
                        *base_model.arns_for_invocation(),
                        *(arns_for_invocation(teacher) if teacher else []),
                        *(_live_kinds(deployment) if alias else [deployment.arn_pattern]),
                    ],
                    wildcard_because=f"{NAMED_BY_BEDROCK}, and an inference profile sends "
                    "requests to several Regions",
                ),
                *opening_model_key(model_key),
                *(_finding_the_live_model(alias, deployment) if alias else []),
            ],
            memory_mebibytes=1024,
            timeout_minutes=15,
        )

    def _define_compare_function(
        self, storage: CustomizationStorage, metric: Metric
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Compare",
            handler=Handler.COMPARE_ANSWERS,
            description="Compares the answers of the tuned model with those of all others",
            rights=[
                *storage.reading(storage.blind_bucket, RUNS),
                *storage.reading(storage.artifacts_bucket, RUNS),
                *storage.writing(storage.artifacts_bucket, RUNS),
                *metric_rights(metric),
            ],
            memory_mebibytes=2048,
            timeout_minutes=15,
        )


def _live_kinds(deployment: Deployment) -> list[str]:
    """Return the ARN patterns of what may be in production."""
    return [deployment.arn_pattern] if isinstance(deployment, ImportedCopies) else _DEPLOYMENTS


def _finding_the_live_model(alias: Alias, deployment: Deployment) -> list[Right]:
    actions = {
        "bedrock:GetCustomModelDeployment": "custom-model-deployment",
        "bedrock:GetProvisionedModelThroughput": "provisioned-model",
    }
    if isinstance(deployment, ImportedCopies):
        actions = {"bedrock:GetImportedModel": "imported-model"}
    return [
        Right(actions=["ssm:GetParameter"], resources=[alias.parameter_arn]),
        *(
            Right(
                actions=[action],
                resources=[bedrock_arn(kind)],
                wildcard_because=NAMED_BY_BEDROCK,
            )
            for action, kind in actions.items()
        ),
    ]

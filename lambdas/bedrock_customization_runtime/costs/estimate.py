"""What a run costs: its items and their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.costs import items as bill
from bedrock_customization_runtime.costs.quantities import AnswerLengths
from bedrock_customization_runtime.datasets.training_cost import epochs_of
from bedrock_customization_runtime.manifest import CostItem, EstimateSection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_runtime import catalog
    from bedrock_customization_runtime.contract import JudgePlan, TeacherPlan, ThroughputPlan
    from bedrock_customization_runtime.costs.quantities import RunTokens


def estimate_run(
    model: catalog.BaseModel,
    method: catalog.Method,
    tokens: RunTokens,
    *,
    jobs: Sequence[Mapping[str, str]],
    teaching: TeacherPlan | None = None,
    answer_tokens: int | None = None,
    few_shot: int = 0,
    throughput: ThroughputPlan | None = None,
    judge: JudgePlan | None = None,
) -> EstimateSection:
    """Return what a run costs, as far as prices and lengths are known.

    Args:
        model: Base model.
        method: How it is customized.
        tokens: Of the data.
        jobs: Hyperparameters of each customization job that is paid.
        teaching: Of a distillation.
        answer_tokens: Limit of an answer in the evaluation; None where nothing is evaluated.
        few_shot: Examples before a question when the base model is asked a second time.
        throughput: What the candidate answers on; None where it is deployed on demand.
        judge: Who judges the answers; None where nobody does.
    """
    rules = model.methods[method]
    epochs = sum(epochs_of(rules, one) for one in jobs)
    lengths = AnswerLengths.of(tokens, teaching)
    items = [
        *bill.preparing(tokens),
        *bill.enriching(tokens),
        *(
            bill.asking(model, tokens.baseline, assumption="paid already")
            if tokens.baseline
            else ()
        ),
        *(
            bill.teaching(rules, tokens.prompts, teaching, lengths, len(jobs))
            if teaching and tokens.prompts
            else ()
        ),
        bill.training(model, rules, tokens, lengths, epochs),
        *(
            bill.evaluating(
                model,
                tokens,
                teaching,
                lengths,
                answer_tokens,
                few_shot=few_shot,
                # Model units are paid by the hour, not their tokens.
                candidate_is_on_demand=throughput is None,
            )
            if answer_tokens
            else ()
        ),
        *([bill.throughput(model, throughput)] if throughput else []),
        *(bill.judging(judge, tokens.blind, answer_tokens) if judge and answer_tokens else ()),
    ]
    return summed(
        items, tokens=tokens.training, epochs=epochs, monthly=bill.keeping(model, throughput)
    )


def summed(
    items: list[CostItem],
    *,
    tokens: int = 0,
    epochs: int = 0,
    monthly: Sequence[CostItem] = (),
) -> EstimateSection:
    """Return what items come to.

    Args:
        items: What is paid once.
        tokens: Of the training set, for one epoch.
        epochs: Of all jobs.
        monthly: What is paid each month.
    """
    known = [item.usd for item in items if item.usd is not None]
    total = round(sum(known), 9)
    return EstimateSection(
        tokens=tokens,
        epochs=epochs,
        items=items,
        monthly=list(monthly),
        usd=total if len(known) == len(items) else None,
        known_usd=total,
    )

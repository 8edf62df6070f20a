"""The items of a run's bill: each a quantity, a price of the catalogue, and what was assumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from bedrock_customization_runtime import catalog, smoke_test
from bedrock_customization_runtime.datasets.tokens import TURN
from bedrock_customization_runtime.datasets.training_cost import LONGEST_SHOT, training_price
from bedrock_customization_runtime.manifest import CostItem

if TYPE_CHECKING:
    from bedrock_customization_runtime.catalog import MethodRules, Price
    from bedrock_customization_runtime.contract import JudgePlan, TeacherPlan, ThroughputPlan
    from bedrock_customization_runtime.costs.quantities import (
        AnswerLengths,
        AskedTokens,
        RunTokens,
    )
    from bedrock_customization_runtime.manifest import SideTokens

TRAINING = "training"
"""Name of the item that each job adds to."""
_PER_TOKENS = 1000
_HOURS_A_MONTH, _SECONDS_AN_HOUR = 720, 3600


def enriching(tokens: RunTokens) -> list[CostItem]:
    """Return what the enrichment of the data has cost."""
    if tokens.enrichment_usd is None:
        return []
    return [
        CostItem(
            name="enrichment",
            quantity=tokens.enriched,
            unit="records",
            price_usd=None,
            usd=tokens.enrichment_usd,
            assumption="paid already",
        )
    ]


def preparing(tokens: RunTokens) -> list[CostItem]:
    """Return what preparing the data by Spark has cost."""
    use = tokens.spark
    if use is None:
        return []
    return [
        CostItem(
            name="preparation by Spark",
            quantity=use.vcpu_hours,
            unit="vCPU hours",
            price_usd=None,
            usd=use.cost_usd,
            assumption="paid already, no more than this" if use.at_most else "paid already",
        )
    ]


def asking(
    model: catalog.BaseModel, tokens: AskedTokens, *, assumption: str = ""
) -> list[CostItem]:
    """Return what asking the base model for a baseline costs."""
    prices = model.prices
    return [
        _item(f"baseline {name}", count, "tokens", price, assumption=assumption)
        for name, count, price in (
            ("input", tokens.input, prices.input_per_1k_tokens),
            ("output", tokens.output, prices.output_per_1k_tokens),
        )
    ]


def teaching(
    rules: MethodRules,
    prompts: SideTokens,
    teaching: TeacherPlan,
    lengths: AnswerLengths,
    jobs: int,
) -> list[CostItem]:
    """Return what the jobs ask of the teacher: the training prompts that have no answer."""
    if not prompts.unanswered:
        return []
    most = rules.train.max_records
    further = "no further pairs are synthesized" + (
        f" (Bedrock may, up to {most:,})" if most else ""
    )
    prices = catalog.inference_prices(teaching["teacher"])
    said = None if lengths.teacher is None else jobs * prompts.unanswered * lengths.teacher
    return [
        _item(
            "teacher input",
            jobs * prompts.unanswered_questions,
            "tokens",
            prices.input if prices else None,
            assumption=further,
        ),
        _item(
            "teacher output",
            said,
            "tokens",
            prices.output if prices else None,
            assumption=lengths.source if said is None else f"{lengths.source}; {further}",
        ),
    ]


def training(
    model: catalog.BaseModel,
    rules: MethodRules,
    tokens: RunTokens,
    lengths: AnswerLengths,
    epochs: int,
) -> CostItem:
    """Return what the jobs cost: the training set, times the epochs of all of them."""
    price = training_price(model, rules)
    quantity: float | None = epochs * tokens.training
    assumption = f"{epochs:,} epoch{'' if epochs == 1 else 's'}"
    if tokens.prompts and tokens.prompts.unanswered:
        # The student learns the teacher's answers too.
        quantity = (
            None
            if lengths.teacher is None
            else epochs
            * (tokens.training + tokens.prompts.unanswered * (lengths.teacher + TURN[0]))
        )
        assumption = f"{assumption}; {lengths.source}" if quantity else lengths.source
    return _item(TRAINING, quantity, "tokens", price, assumption=assumption)


def evaluating(
    model: catalog.BaseModel,
    tokens: RunTokens,
    teaching: TeacherPlan | None,
    lengths: AnswerLengths,
    answer_tokens: int,
    *,
    few_shot: int,
    candidate_is_on_demand: bool,
) -> list[CostItem]:
    """Return what asking all models costs, the teacher for lacking references alone.

    The model in production is left out: which it is, and whether it answers, shows at the end.
    """
    blind = tokens.blind
    if blind is None:
        return []
    answered = blind.records - blind.unanswered
    length = answer_tokens if lengths.teacher is None else min(lengths.teacher, answer_tokens)
    taught = blind.unanswered * length
    said = min(blind.answers, answered * answer_tokens) + taught
    prices, source = model.prices, f"answers as long as the references, at most {answer_tokens:,}"
    shots = few_shot * min(tokens.training / max(1, tokens.records), LONGEST_SHOT)
    asked = {"base": (blind.questions, said, "")}
    if candidate_is_on_demand:
        asked["candidate"] = (
            blind.questions + smoke_test.INPUT_TOKENS,
            said + smoke_test.OUTPUT_TOKENS,
            "with the smoke test",
        )
    if few_shot:
        examples = f"{few_shot:,} examples before each question, as long as the mean record"
        asked["few-shot"] = (blind.questions + round(blind.records * shots), said, examples)
    items = [
        item
        for name, (questions, answers, assumption) in asked.items()
        for item in (
            _item(
                f"{name} model input",
                questions,
                "tokens",
                prices.input_per_1k_tokens,
                assumption=assumption,
            ),
            _item(
                f"{name} model output",
                answers,
                "tokens",
                prices.output_per_1k_tokens,
                assumption=source,
            ),
        )
    ]
    if teaching and blind.unanswered:
        teacher = catalog.inference_prices(teaching["teacher"])
        items += [
            _item(
                "teacher blind input",
                blind.unanswered_questions,
                "tokens",
                teacher.input if teacher else None,
            ),
            _item(
                "teacher blind output",
                taught,
                "tokens",
                teacher.output if teacher else None,
                assumption=f"at most {answer_tokens:,} each",
            ),
        ]
    return items


def throughput(model: catalog.BaseModel, throughput: ThroughputPlan) -> CostItem:
    """Return the model units until their time is over: a candidate that wins keeps them so long."""
    hours = math.ceil(throughput["ttl_seconds"] / _SECONDS_AN_HOUR)
    return _item(
        "model units",
        throughput["model_units"] * hours,
        "hours",
        model.prices.provisioned_per_model_unit_hour,
        assumption=f"{throughput['model_units']:,} for {hours:,} hours if it goes live, a "
        "candidate that does not is deleted at once",
    )


def judging(judge: JudgePlan, blind: SideTokens | None, answer_tokens: int) -> list[CostItem]:
    """Return what the judge reads and writes: both models' answers, by each criterion."""
    if blind is None or not blind.records:
        return []
    share = min(1.0, judge["max_records"] / blind.records)
    records = blind.records * share
    said = min(blind.answers, (blind.records - blind.unanswered) * answer_tokens) * share
    read = (blind.questions + blind.answers) * share
    alone = 2 * (len(judge["metrics"]) + len(judge["criteria"]))
    pairs = 2 if "pairwise" in judge else 0
    facts, prices = catalog.judges(), catalog.inference_prices(judge["model"])
    judgements = (alone + pairs) * records
    return [
        _item(
            "judge input",
            (alone + pairs) * read
            + (alone + 2 * pairs) * said
            + judgements * facts.instruction_tokens,
            "tokens",
            prices.input if prices else None,
            assumption=f"{judgements:,.0f} judgements, each with about "
            f"{facts.instruction_tokens:,} tokens of instructions",
        ),
        _item(
            "judge output",
            judgements * facts.explanation_tokens,
            "tokens",
            prices.output if prices else None,
            assumption=f"about {facts.explanation_tokens:,} tokens each",
        ),
    ]


def keeping(model: catalog.BaseModel, throughput: ThroughputPlan | None = None) -> list[CostItem]:
    """Return what a custom model costs in each month it is kept, whether it is asked or not."""
    items = [_item("storage", 1, "models", catalog.service().storage_per_model_month)]
    if model.deployability.on_demand and throughput is None:
        items.append(
            CostItem(
                name="deployment",
                quantity=0,
                unit="hours",
                price_usd=0.0,
                usd=0.0,
                assumption="on demand: billed by the token when asked, nothing while idle",
            )
        )
    else:
        units = throughput["model_units"] if throughput else 1
        items.append(
            _item(
                "model unit",
                units * _HOURS_A_MONTH,
                "hours",
                model.prices.provisioned_per_model_unit_hour,
                assumption="provisioned throughput: bills until it is deleted",
            )
        )
    return items


def _item(
    name: str,
    quantity: float | None,
    unit: Literal["tokens", "models", "hours"],
    price: Price | None,
    *,
    assumption: str = "",
) -> CostItem:
    per = _PER_TOKENS if unit == "tokens" else 1
    whole = None if quantity is None else round(quantity)
    usd = None if whole is None or price is None else round(whole / per * price.usd, 9)
    return CostItem(
        name=name,
        quantity=whole,
        unit=unit,
        price_usd=None if price is None else price.usd,
        price_per=per,
        price_source=None if price is None else price.source,
        price_as_of=None if price is None else price.as_of,
        price_unverified=price is not None and price.unverified,
        usd=usd,
        assumption=assumption,
    )

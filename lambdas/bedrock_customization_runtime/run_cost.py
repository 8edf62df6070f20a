"""What a run costs, item by item, and whether it may: estimated once its data are prepared.

Quantities come from the prepared data, prices from the catalogue. A price that nobody stated is
unknown, never zero and never guessed (docs/costs.md has the formulas, and what is left out).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.costs import (
    EPOCHS,
    LONGEST_SHOT,
    epochs_of,
    training_price,
)
from bedrock_customization_runtime.datasets.tokens import TURN
from bedrock_customization_runtime.deployment import smoke_test
from bedrock_customization_runtime.errors import BudgetExceeded
from bedrock_customization_runtime.manifest import CostItem, EstimateSection, SideTokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_runtime.catalog import MethodRules, Price
    from bedrock_customization_runtime.contract import JudgePlan
    from bedrock_customization_runtime.datasets.token_counts import TokenCount
    from bedrock_customization_runtime.manifest import BaselineSection, PreparationSection

TRAINING = "training"
"""Name of the item that each job adds to."""
_PER_TOKENS = 1000
_HOURS_A_MONTH, _SECONDS_AN_HOUR = 720, 3600
_TEN_CENTS = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedTokens:
    """Tokens of questions to the base model and of its answers."""

    input: int
    output: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTokens:
    """Estimated tokens of a run's prepared data, and those that were paid already.

    Args:
        training: Of the training set, for one epoch.
        records: Of the training set.
        prompts: Of the training set of a distillation.
        blind: Of the blind set; None where nobody is measured by it.
        enrichment_usd: What the enrichment of the data has cost; None without one.
        enriched: Records that were enriched.
        baseline: Of the baseline, as Bedrock counted them; None without one.
    """

    training: int
    records: int = 0
    prompts: SideTokens | None = None
    blind: SideTokens | None = None
    enrichment_usd: float | None = None
    enriched: int = 0
    baseline: AskedTokens | None = None

    @classmethod
    def of(
        cls, preparation: PreparationSection, baseline: BaselineSection | None = None
    ) -> RunTokens:
        """Return what preparation has counted, and what the baseline was charged."""
        enrichment = preparation.enrichment
        return cls(
            training=preparation.estimated_tokens,
            records=preparation.train.records,
            prompts=preparation.prompt_tokens,
            blind=preparation.blind_tokens,
            enrichment_usd=enrichment.cost_usd if enrichment else None,
            enriched=enrichment.written + enrichment.scored if enrichment else 0,
            baseline=_asked(baseline) if baseline else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Teaching:
    """How a teacher answers.

    Args:
        teacher: As the request names it.
        maximum_response_length: Of an answer, in tokens; None for the service's own limit.
    """

    teacher: str
    maximum_response_length: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Throughput:
    """Provisioned throughput that a run buys for its candidate.

    Args:
        model_units: How many.
        ttl_seconds: How long it may exist.
    """

    model_units: int
    ttl_seconds: int


def counted(count: TokenCount) -> SideTokens:
    """Return what was counted of a side."""
    return SideTokens(
        records=count.records,
        questions=count.questions,
        answers=count.answers,
        unanswered=count.unanswered,
        unanswered_questions=count.unanswered_questions,
    )


def estimate_run(
    model: catalog.BaseModel,
    method: catalog.Method,
    tokens: RunTokens,
    *,
    jobs: Sequence[Mapping[str, str]],
    teaching: Teaching | None = None,
    answer_tokens: int | None = None,
    few_shot: int = 0,
    throughput: Throughput | None = None,
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
    lengths = _Lengths.of(tokens, teaching)
    items = [
        *_enriching(tokens),
        *(asking(model, tokens.baseline, assumption="paid already") if tokens.baseline else ()),
        *(
            _teaching(rules, tokens.prompts, teaching, lengths, len(jobs))
            if teaching and tokens.prompts
            else ()
        ),
        _training(model, rules, tokens, lengths, epochs),
        *(
            _evaluating(
                model,
                tokens,
                teaching,
                lengths,
                answer_tokens,
                few_shot=few_shot,
                # Model units are paid by the hour, not their tokens.
                tuned_is_on_demand=throughput is None,
            )
            if answer_tokens
            else ()
        ),
        *([_throughput(model, throughput)] if throughput else []),
        *(_judging(judge, tokens.blind, answer_tokens) if judge and answer_tokens else ()),
    ]
    return summed(items, tokens=tokens.training, epochs=epochs, monthly=keeping(model, throughput))


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


def asking_blind(
    model: catalog.BaseModel, tokens: RunTokens, *, answer_tokens: int, few_shot: int
) -> list[CostItem]:
    """Return what asking the base model the blind questions costs, beside a model paid otherwise.

    Args:
        model: Base model.
        tokens: Of the data.
        answer_tokens: Limit of an answer.
        few_shot: As of `estimate_run`.
    """
    lengths = _Lengths.of(tokens, None)
    return _evaluating(
        model, tokens, None, lengths, answer_tokens, few_shot=few_shot, tuned_is_on_demand=False
    )


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


def keeping(model: catalog.BaseModel, throughput: Throughput | None = None) -> list[CostItem]:
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
        units = throughput.model_units if throughput else 1
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


def check_budget(
    found: EstimateSection, *, max_cost_usd: float | None, allow_unknown_price: bool
) -> None:
    """Refuse a run that costs more than it may, or nobody knows how much.

    Without a documented price for an item nobody can say, unless that is allowed; what has a figure
    is held against the limit all the same.

    Raises:
        BudgetExceeded: With the figures, item by item.
    """
    if max_cost_usd is None:
        return
    figures = "; ".join(map(in_words, found.items))
    doubtful = [item for item in found.items if not item.is_certain]
    if doubtful and not allow_unknown_price:
        names = ", ".join(item.name for item in doubtful)
        lacking = "amount or documented price" if _lacks_amount(doubtful) else "documented price"
        raise BudgetExceeded(
            f"no {lacking} is known for {names}, so nobody can say whether the run stays below "
            f"max_cost_usd of {max_cost_usd:g} ({figures}): set allow_unknown_price to start it "
            "all the same"
        )
    if found.known_usd > max_cost_usd:
        about = "without what is unknown " if found.usd is None else ""
        raise BudgetExceeded(
            f"the run costs {about}about {dollars(found.known_usd)}, max_cost_usd is "
            f"{max_cost_usd:g} ({figures}): raise it, lower {EPOCHS}, or give fewer records"
        )


def in_words(item: CostItem) -> str:
    """Return an item with its quantity, price and amount as one line."""
    if item.quantity is None:
        return f"{item.name}: unknown, {item.assumption}"
    quantity = f"{item.quantity:,.0f} {item.unit}"
    if item.usd is None:
        return f"{item.name}: {quantity} at an unknown price"
    if item.price_usd is None:
        return f"{item.name}: {quantity} {dollars(item.usd)}"
    per = f" per {item.price_per:,}" if item.price_per > 1 else ""
    doubt = ", which no document states" if item.price_unverified else ""
    dated = f" (price of {item.price_as_of}{doubt})" if item.price_as_of else ""
    return f"{item.name}: {quantity} at ${decimal(item.price_usd)}{per} {dollars(item.usd)}{dated}"


def dollars(usd: float) -> str:
    """Return an amount to the cent, less than ten cents to two digits."""
    if usd == 0 or usd >= _TEN_CENTS:
        return f"${usd:,.2f}"
    return f"${decimal(float(f'{usd:.2g}'))}"


def decimal(usd: float) -> str:
    """Return an amount of at least a billionth of a dollar without an exponent."""
    return f"{usd:.9f}".rstrip("0").rstrip(".")


def _lacks_amount(items: Sequence[CostItem]) -> bool:
    return any(item.quantity is None for item in items)


@dataclass(frozen=True, slots=True)
class _Lengths:
    """How long answers that nobody has given yet will be, in tokens."""

    teacher: float | None
    """Of the teacher's; None where nothing says so."""
    source: str

    @classmethod
    def of(cls, tokens: RunTokens, teaching: Teaching | None) -> _Lengths:
        limit = teaching.maximum_response_length if teaching else None
        sides = [side for side in (tokens.prompts, tokens.blind) if side]
        answered = sum(side.records - side.unanswered for side in sides)
        if answered:
            mean = sum(side.answers for side in sides) / answered
            return cls(
                mean if limit is None else min(mean, limit), "answers as long as those in the data"
            )
        if limit is not None:
            return cls(limit, "answers of maximum_response_length, at most")
        return cls(None, "how long the answers are: name maximum_response_length")


def _asked(baseline: BaselineSection) -> AskedTokens:
    ways = [way for way in (baseline.zero_shot, baseline.few_shot) if way]
    return AskedTokens(
        input=sum(way.input_tokens for way in ways), output=sum(way.output_tokens for way in ways)
    )


def _enriching(tokens: RunTokens) -> list[CostItem]:
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


def _teaching(
    rules: MethodRules, prompts: SideTokens, teaching: Teaching, lengths: _Lengths, jobs: int
) -> list[CostItem]:
    """Return what the jobs ask of the teacher: the training prompts that have no answer."""
    if not prompts.unanswered:
        return []
    most = rules.train.maximum_records
    further = "no further pairs are synthesized" + (
        f" (Bedrock may, up to {most:,})" if most else ""
    )
    prices = catalog.inference_prices(teaching.teacher)
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


def _training(
    model: catalog.BaseModel, rules: MethodRules, tokens: RunTokens, lengths: _Lengths, epochs: int
) -> CostItem:
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


def _evaluating(
    model: catalog.BaseModel,
    tokens: RunTokens,
    teaching: Teaching | None,
    lengths: _Lengths,
    answer_tokens: int,
    *,
    few_shot: int,
    tuned_is_on_demand: bool,
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
    if tuned_is_on_demand:
        asked["tuned"] = (
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
        teacher = catalog.inference_prices(teaching.teacher)
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


def _throughput(model: catalog.BaseModel, throughput: Throughput) -> CostItem:
    """Return the model units until their time is over: a candidate that wins keeps them so long."""
    hours = math.ceil(throughput.ttl_seconds / _SECONDS_AN_HOUR)
    return _item(
        "model units",
        throughput.model_units * hours,
        "hours",
        model.prices.provisioned_per_model_unit_hour,
        assumption=f"{throughput.model_units:,} for {hours:,} hours if it goes live, a candidate "
        "that does not is deleted at once",
    )


def _judging(judge: JudgePlan, blind: SideTokens | None, answer_tokens: int) -> list[CostItem]:
    """Return what the judge reads and writes: both models' answers, by each criterion."""
    if blind is None or not blind.records:
        return []
    share = min(1.0, judge["maximum_records"] / blind.records)
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

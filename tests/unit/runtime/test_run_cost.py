"""What a run costs, item by item, and when it is refused."""

from dataclasses import replace

import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.costs.budget import check_budget
from bedrock_customization_runtime.costs.estimate import estimate_run
from bedrock_customization_runtime.costs.quantities import (
    AskedTokens,
    RunTokens,
)
from bedrock_customization_runtime.costs.words import dollars, in_words
from bedrock_customization_runtime.errors import BudgetExceeded
from bedrock_customization_runtime.manifest import (
    EnrichmentRecord,
    FileRecord,
    SideTokens,
)

TUNING, DISTILLATION = catalog.Method.FINE_TUNING, catalog.Method.DISTILLATION
MICRO = catalog.base_model("amazon.nova-micro-v1:0:128k")
NOVA_PRO = "amazon.nova-pro-v1:0"


def side(records, questions, answers, unanswered=0, unanswered_questions=0):
    return SideTokens(
        records=records,
        questions=questions,
        answers=answers,
        unanswered=unanswered,
        unanswered_questions=unanswered_questions,
    )


BLIND = side(100, 4_000, 600)
DATA = RunTokens(training=500_000, blind=BLIND)
TAUGHT = RunTokens(
    training=30_000,
    prompts=side(1_060, 21_200, 600, 1_000, 20_000),
    blind=side(100, 4_000, 400, 60, 2_400),
)


def tuned(tokens=DATA, *, model=MICRO, epochs=2, answer_tokens=512):
    return estimate_run(
        model, TUNING, tokens, jobs=[{"epochCount": str(epochs)}], answer_tokens=answer_tokens
    )


def distilled(tokens=TAUGHT, *, length=None, teacher=NOVA_PRO, answer_tokens=512):
    teaching = {"teacher": teacher} | ({"max_response_length": length} if length else {})
    return estimate_run(
        MICRO, DISTILLATION, tokens, jobs=[{}], teaching=teaching, answer_tokens=answer_tokens
    )


def by_name(found):
    return {item.name: item for item in found.items}


def test_training_is_tokens_times_epochs_at_the_price_with_its_source_and_day():
    price = MICRO.prices.training_per_1k_tokens
    item = by_name(tuned(epochs=3))["training"]
    assert (item.quantity, item.usd) == (1_500_000, pytest.approx(1_500 * price.usd))
    assert (item.price_usd, item.price_per) == (price.usd, 1000)
    assert (item.price_source, item.price_as_of) == (price.source, price.as_of)


def test_epochs_left_out_are_the_base_models_own():
    default = MICRO.methods[TUNING].hyperparameters["epochCount"].default
    assert estimate_run(MICRO, TUNING, DATA, jobs=[{}]).epochs == default


def test_each_job_of_several_is_trained_and_the_blind_set_answered_once():
    one, three = (
        estimate_run(MICRO, TUNING, DATA, jobs=[{"epochCount": "1"}] * jobs, answer_tokens=512)
        for jobs in (1, 3)
    )
    assert by_name(three)["training"].quantity == 3 * by_name(one)["training"].quantity
    assert three.items[1:] == one.items[1:]


def test_both_models_answer_every_blind_question_as_long_as_the_references():
    items = by_name(tuned())
    assert {name: items[name].quantity for name in items if "model" in name} == {
        "base model input": 4_000,
        "base model output": 600,
        # With three harmless questions, of which each answer has four tokens at most.
        "tuned model input": 4_030,
        "tuned model output": 612,
    }


def test_no_answer_is_longer_than_the_limit_of_the_evaluation():
    assert by_name(tuned(answer_tokens=2))["base model output"].quantity == 200


def test_without_an_evaluation_training_is_all():
    assert [item.name for item in tuned(answer_tokens=None).items] == ["training"]


def test_the_total_is_of_the_run_and_storage_stands_beside_it():
    found = tuned()
    assert found.usd == pytest.approx(sum(item.usd for item in found.items))
    storage, deployment = found.monthly
    assert (storage.usd, deployment.usd) == (1.95, 0.0)


def test_a_baseline_that_is_paid_already_counts():
    asked = AskedTokens(input=100_000, output=2_000)
    found = tuned(replace(DATA, baseline=asked))
    items = by_name(found)
    assert (items["baseline input"].quantity, items["baseline output"].quantity) == (100_000, 2_000)
    assert items["baseline input"].usd == pytest.approx(100 * MICRO.prices.input_per_1k_tokens.usd)
    assert items["baseline output"].assumption == "paid already"
    more = items["baseline input"].usd + items["baseline output"].usd
    assert found.usd == pytest.approx(tuned().usd + more)


def test_enrichment_that_is_paid_already_counts(preparation_section):
    prepared = preparation_section(
        FILE,
        estimated_tokens=1_000,
        blind_tokens=BLIND,
        enrichment=EnrichmentRecord(
            task="complete", model="m", answers=FILE, written=7, scored=0, cost_usd=0.75
        ),
    )
    found = tuned(RunTokens.of(prepared), epochs=1)
    assert by_name(found)["enrichment"].usd == 0.75
    assert found.usd > 0.75


FILE = FileRecord(uri="s3://b/k", sha256="0", bytes=1, records=100)


def test_a_teacher_answers_the_prompts_without_an_answer_as_long_as_those_with_one():
    items = by_name(distilled())
    assert items["teacher input"].quantity == 20_000
    assert items["teacher output"].quantity == 1_000 * 10
    # What it says is learned, with four tokens of the chat template around each answer.
    assert items["training"].quantity == 30_000 + 1_000 * (10 + 4)
    assert items["teacher blind input"].quantity == 2_400
    assert items["teacher blind output"].quantity == 60 * 10
    assert items["base model output"].quantity == 400 + 60 * 10
    assert "15,000" in items["teacher input"].assumption


def test_a_teacher_says_no_more_than_it_may():
    assert by_name(distilled(length=3))["teacher output"].quantity == 3_000


PROMPTS_ALONE = RunTokens(
    training=20_000,
    prompts=side(1_000, 20_000, 0, 1_000, 20_000),
    blind=side(100, 4_000, 0, 100, 4_000),
)


def test_where_no_prompt_has_an_answer_the_limit_is_the_estimate():
    items = by_name(distilled(PROMPTS_ALONE, length=200))
    assert items["teacher output"].quantity == 200_000
    assert "at most" in items["teacher output"].assumption


def test_without_a_limit_nobody_knows_how_much_a_teacher_says():
    found = distilled(PROMPTS_ALONE)
    items = by_name(found)
    assert items["teacher output"].quantity is None
    assert items["training"].usd is None
    assert found.usd is None
    with pytest.raises(BudgetExceeded, match="name max_response_length"):
        check_budget(found, max_cost_usd=1e6, allow_unknown_price=False)


def test_a_teacher_that_answers_nothing_costs_nothing():
    answered = RunTokens(training=30_000, prompts=side(1_000, 20_000, 6_000), blind=BLIND)
    names = {item.name for item in distilled(answered).items}
    assert not {name for name in names if "teacher" in name}


def test_a_run_above_the_limit_is_refused_with_the_figures_of_each_item():
    found = tuned(epochs=3)
    with pytest.raises(BudgetExceeded) as refusal:
        check_budget(found, max_cost_usd=0.01, allow_unknown_price=False)
    message = str(refusal.value)
    assert "the run costs about $1.50, max_cost_usd is 0.01" in message
    assert "training: 1,500,000 tokens at $0.001 per 1,000 $1.50 (price of 2026-04-16)" in message
    assert all(item.name in message for item in found.items)
    check_budget(found, max_cost_usd=found.usd, allow_unknown_price=False)
    check_budget(found, max_cost_usd=None, allow_unknown_price=False)


UNVERIFIED = catalog.base_model("amazon.nova-pro-v1:0:300k")
UNKNOWN = catalog.base_model("meta.llama3-1-8b-instruct-v1:0:128k")


@pytest.mark.parametrize(
    ("model", "named"),
    [(UNVERIFIED, "training"), (UNKNOWN, "base model input")],
)
def test_a_price_that_no_document_states_refuses_unless_it_is_allowed(model, named):
    found = tuned(model=model)
    with pytest.raises(BudgetExceeded, match=f"no documented price is known for {named}"):
        check_budget(found, max_cost_usd=1e6, allow_unknown_price=False)
    check_budget(found, max_cost_usd=1e6, allow_unknown_price=True)


@pytest.mark.parametrize("model", [UNVERIFIED, UNKNOWN])
def test_what_has_a_figure_is_held_against_the_limit_even_if_the_unknown_is_allowed(model):
    with pytest.raises(BudgetExceeded, match=r"max_cost_usd is 1 \("):
        check_budget(tuned(model=model), max_cost_usd=1.0, allow_unknown_price=True)


def test_the_unknown_is_no_part_of_a_total():
    found = tuned(model=UNKNOWN)
    assert found.usd is None
    assert found.known_usd == by_name(found)["training"].usd
    with pytest.raises(BudgetExceeded, match="without what is unknown about"):
        check_budget(found, max_cost_usd=1.0, allow_unknown_price=True)


def test_reinforcement_has_no_price():
    found = estimate_run(
        catalog.base_model("amazon.nova-2-lite-v1:0:256k"),
        catalog.Method.REINFORCEMENT_FINE_TUNING,
        DATA,
        jobs=[{}],
    )
    assert [item.usd for item in found.items] == [None]


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.5, "$0.50"),
        (0.034, "$0.034"),
        (0.00012345, "$0.00012"),
    ],
)
def test_small_amounts_keep_two_digits(usd, text):
    assert dollars(usd) == text


def test_an_item_says_what_nobody_knows():
    assert in_words(by_name(tuned(model=UNKNOWN))["base model output"]) == (
        "base model output: 600 tokens at an unknown price"
    )


LITE = catalog.base_model("amazon.nova-lite-v1:0:300k")


def on_units(model=LITE, **units):
    throughput = {"model_units": 2, "ttl_seconds": 5 * 3600, **units}
    return estimate_run(model, TUNING, DATA, jobs=[{}], answer_tokens=512, throughput=throughput)


def test_model_units_are_paid_for_as_long_as_they_may_live_and_not_by_the_token():
    price = LITE.prices.provisioned_per_model_unit_hour.usd
    found = on_units()
    item = by_name(found)["model units"]
    assert (item.quantity, item.usd) == (10, pytest.approx(10 * price))
    assert "a candidate that does not is deleted at once" in item.assumption
    assert "base model input" in by_name(found)
    assert "tuned model input" not in by_name(found)
    (unit,) = [one for one in found.monthly if one.name == "model unit"]
    assert unit.usd == pytest.approx(2 * 720 * price)


def test_begun_hours_of_model_units_count_whole():
    assert by_name(on_units(model_units=1, ttl_seconds=3601))["model units"].quantity == 2


def test_model_units_count_against_the_limit_and_without_a_price_nobody_can_say():
    with pytest.raises(BudgetExceeded, match="model units: 10 hours"):
        check_budget(on_units(), max_cost_usd=100, allow_unknown_price=False)
    with pytest.raises(BudgetExceeded, match="no documented price is known for model units"):
        check_budget(on_units(MICRO), max_cost_usd=1e6, allow_unknown_price=False)


def judged(**more):
    plan = {
        "model": "us.amazon.nova-pro-v1:0",
        "metrics": ["Builtin.Correctness"],
        "criteria": [],
        "max_records": 1000,
    }
    return by_name(
        estimate_run(MICRO, TUNING, DATA, jobs=[{}], answer_tokens=512, judge=plan | more)
    )


def test_a_judge_reads_both_answers_of_each_record_by_each_metric():
    items = judged()
    # 100 records, two models: question, reference, answer and 800 tokens of instructions each.
    assert items["judge input"].quantity == 2 * (4_000 + 600 + 600) + 200 * 800
    assert items["judge output"].quantity == 200 * 150
    assert items["judge input"].usd > 0


def test_a_comparison_reads_two_answers_in_each_order():
    items = judged(metrics=[], pairwise="The better one.")
    assert items["judge input"].quantity == 2 * (4_000 + 600) + 2 * 2 * 600 + 200 * 800


def test_a_judge_is_paid_for_the_records_of_its_sample():
    assert judged(max_records=25)["judge output"].quantity == 2 * 25 * 150


def test_a_judge_without_a_known_price_has_no_amount():
    items = judged(model="us.anthropic.claude-sonnet-4-6")
    assert items["judge input"].usd is None


def test_without_a_judge_there_are_no_items_of_one():
    assert not any("judge" in name for name in by_name(tuned()))

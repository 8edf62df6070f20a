"""Each rule of the advice speaks at its threshold and not before, and the first one decides."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bedrock_customization_runtime.contract import KnowledgeChanges
from bedrock_customization_runtime.evaluation.advice import (
    FASTER_THAN_RUNS,
    LABEL_EXAMPLES,
    Evidence,
    Figure,
    Measured,
    Rule,
    Verdict,
    advise,
    meets_target,
)

PAGE = Path(__file__).parents[3] / "docs" / "when-to-tune.md"


def figure(value, lower=None, upper=None, wrong=0.0):
    return Figure(
        value=value,
        interval=(
            value - 0.05 if lower is None else lower,
            value + 0.05 if upper is None else upper,
        ),
        format_failures=wrong,
    )


PLAIN = Evidence(
    metric="Accuracy",
    training_records=2_000,
    blind_records=500,
    minimum_detectable_effect=0.06,
    measured=Measured(zero_shot=figure(0.5)),
)


def evidence(zero_shot=0.5, **given):
    few_shot = given.pop("few_shot", None)
    if isinstance(zero_shot, float):
        zero_shot = figure(zero_shot)
    if few_shot is None:
        measured = Measured(zero_shot=zero_shot)
    else:
        measured = Measured(
            zero_shot=zero_shot, few_shot=few_shot, examples=4, gain=given.pop("gain", (0.1, 0.2))
        )
    return replace(PLAIN, **{"measured": measured, **given})


def decided(known):
    found = advise(known)
    return found.verdict, found.reasons[0].rule


def remarked(known):
    return {reason.rule for reason in advise(known).reasons[1:]}


def test_a_base_model_with_room_above_it_is_tuned_with_its_figures_as_the_reason():
    found = advise(evidence(target=0.9, min_improvement=0.02))
    assert found.verdict is Verdict.TUNE
    (reason,) = found.reasons
    assert reason.rule is Rule.ROOM_TO_GAIN
    assert re.findall(r"\d+\.\d", reason.message) == ["50.0", "90.0", "40.0", "8.0"]


@pytest.mark.parametrize("lower", [0.9, 0.95])
def test_a_lower_end_at_the_target_needs_no_tuning(lower):
    known = evidence(figure(0.96, lower), target=0.9)
    assert decided(known) == (Verdict.DO_NOT_TUNE, Rule.TARGET_MET)
    assert meets_target(known)


def test_examples_in_the_prompt_may_meet_the_target_too():
    known = evidence(0.6, few_shot=figure(0.95, 0.91), target=0.9)
    assert decided(known) == (Verdict.DO_NOT_TUNE, Rule.TARGET_MET)
    assert "with 4 examples" in advise(known).reasons[0].message


def test_a_figure_above_the_target_that_may_be_luck_asks_for_a_better_prompt_first():
    known = evidence(figure(0.92, 0.89), target=0.9)
    assert decided(known) == (Verdict.PROMPT_FIRST, Rule.TARGET_IN_REACH)
    assert not meets_target(known)


def test_without_a_target_nothing_is_met():
    assert not meets_target(evidence(figure(1.0, 0.99)))
    assert not meets_target(replace(PLAIN, target=0.1, measured=None))


def test_a_base_model_so_good_that_no_model_could_gain_the_margin_is_not_tuned():
    known = evidence(figure(0.97, 0.95), min_improvement=0.05)
    assert decided(known) == (Verdict.DO_NOT_TUNE, Rule.NO_ROOM)
    assert decided(replace(known, min_improvement=0.04))[1] is not Rule.NO_ROOM
    assert decided(replace(known, min_improvement=0.0))[1] is not Rule.NO_ROOM


@pytest.mark.parametrize("changes", KnowledgeChanges)
def test_facts_that_change_faster_than_runs_are_looked_up(changes):
    fast = changes in {KnowledgeChanges.DAILY, KnowledgeChanges.WEEKLY}
    known = evidence(knowledge_changes=changes)
    assert (decided(known) == (Verdict.RETRIEVAL_FIRST, Rule.FACTS_CHANGE)) == fast
    assert (decided(replace(known, measured=None))[0] is Verdict.RETRIEVAL_FIRST) == fast


def test_a_target_that_is_met_comes_before_facts_that_change():
    known = evidence(figure(0.96, 0.91), target=0.9, knowledge_changes=KnowledgeChanges.DAILY)
    assert decided(known)[1] is Rule.TARGET_MET
    assert Rule.FACTS_CHANGE in remarked(known)


@pytest.mark.parametrize(("wrong", "speaks"), [(0.4, True), (0.39, False)])
def test_answers_in_the_wrong_form_are_mended_by_the_prompt_if_that_may_reach_the_target(
    wrong, speaks
):
    known = evidence(figure(0.5, wrong=wrong), target=0.9)
    assert (decided(known) == (Verdict.PROMPT_FIRST, Rule.WRONG_FORM)) == speaks


def test_the_form_is_that_of_the_best_way_of_asking():
    """Examples have mended it already."""
    known = evidence(figure(0.1, wrong=0.9), few_shot=figure(0.6), target=0.9)
    assert decided(known)[0] is Verdict.TUNE


@pytest.mark.parametrize(
    ("given", "speaks"),
    [
        ({"minimum_detectable_effect": 0.5}, False),
        ({"minimum_detectable_effect": 0.51}, True),
        ({"minimum_detectable_effect": 0.4, "min_improvement": 0.1}, False),
        ({"minimum_detectable_effect": 0.4, "min_improvement": 0.11}, True),
        ({"minimum_detectable_effect": 0.11, "target": 0.6}, True),
        ({"minimum_detectable_effect": 0.09, "target": 0.6}, False),
    ],
)
def test_a_blind_set_that_cannot_show_even_what_may_be_gained_comes_first(given, speaks):
    known = evidence(0.5, **given)
    assert (decided(known) == (Verdict.EVALUATE_BETTER_FIRST, Rule.BLIND_SET_TOO_SMALL)) == speaks


@pytest.mark.parametrize(
    ("margin", "effect", "speaks"), [(0.05, 0.05, False), (0.05, 0.06, True), (0.0, 0.9, False)]
)
def test_without_a_baseline_the_blind_set_is_held_against_the_margin(margin, effect, speaks):
    known = replace(
        PLAIN, measured=None, min_improvement=margin, minimum_detectable_effect=effect
    )
    assert (decided(known)[1] is Rule.BLIND_SET_TOO_SMALL) == speaks


@pytest.mark.parametrize(("advised", "speaks"), [(2_001, True), (2_000, False), (None, False)])
def test_fewer_records_than_advised_ask_for_more(advised, speaks):
    known = evidence(advised_records=advised)
    assert (decided(known) == (Verdict.MORE_DATA_FIRST, Rule.FEW_RECORDS)) == speaks


def test_what_nobody_measured_is_measured_first():
    assert decided(replace(PLAIN, measured=None)) == (Verdict.MEASURE_FIRST, Rule.NOT_MEASURED)


def test_rare_labels_are_remarked_and_do_not_decide():
    known = evidence(label_counts={"often": 100, "enough": LABEL_EXAMPLES, "rare": 9, "rarest": 2})
    assert decided(known)[0] is Verdict.TUNE
    (remark,) = advise(known).reasons[1:]
    assert remark.rule is Rule.RARE_LABELS
    assert "2 of 4 labels" in remark.message
    assert "the rarest 2" in remark.message


@pytest.mark.parametrize(
    ("gain", "rule"),
    [((0.01, 0.2), Rule.EXAMPLES_HELP), ((0.0, 0.2), Rule.EXAMPLES_DO_NOT_HELP)],
)
def test_what_examples_gain_is_remarked_as_far_as_it_is_sure(gain, rule):
    known = evidence(0.5, few_shot=figure(0.6), gain=gain, target=0.9)
    assert decided(known)[0] is Verdict.TUNE
    assert remarked(known) == {rule}


def test_there_is_a_verdict_whatever_the_figures():
    for value in (0.0, 0.5, 1.0):
        for target in (None, 0.01, 0.5, 1.0):
            for margin in (0.0, 0.5):
                for effect in (0.001, 1.0):
                    known = evidence(
                        Figure(value=value, interval=(value, value)),
                        target=target,
                        min_improvement=margin,
                        minimum_detectable_effect=effect,
                    )
                    assert advise(known).verdict in Verdict


def test_the_page_has_a_row_for_each_rule_in_the_order_in_which_they_decide():
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert [row for row in rows if row in set(Rule)] == list(Rule)
    text = PAGE.read_text()
    assert f"fewer than {LABEL_EXAMPLES} training records" in text
    for changes in KnowledgeChanges:
        assert f"`{changes}`" in text
    assert {KnowledgeChanges.DAILY, KnowledgeChanges.WEEKLY} == FASTER_THAN_RUNS

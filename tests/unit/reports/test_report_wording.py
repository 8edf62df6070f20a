import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import FailureSection, MetricComparison
from bedrock_customization_runtime.reports import verdicts, wording


def test_a_promoted_run_leads_with_how_many_unseen_questions_each_model_gets_right(promoted):
    verdict = verdicts.verdict(promoted)

    assert verdict.label == "Promoted"
    assert verdict.headline == (
        "The candidate answers 86.4\N{NO-BREAK SPACE}% of unseen questions right; "
        "the base model 61.2\N{NO-BREAK SPACE}%."
    )
    assert verdict.detail == (
        "Difference +25.2 points, 95 % interval +20.8 to +29.4, p < 0.0001, 500 unseen questions."
    )


def test_a_rejected_run_says_so_beside_the_same_figures(rejected):
    verdict = verdicts.verdict(rejected)

    assert verdict.label == "Not promoted"
    assert "\N{MINUS SIGN}0.6 to +5.4, p = 0.1325" in verdict.detail


def test_a_failed_run_says_how_far_it_came_and_the_message_alone_of_a_cause_in_json(failed):
    verdict = verdicts.verdict(failed)

    assert verdict.headline == "The run failed after the data were prepared."
    assert verdict.detail == "CustomizationFailed: the job ended as Failed: lower learningRate"


def test_a_run_that_failed_at_once_did_so_before_the_data_were_prepared(running):
    failed = replace(
        running, status="failed", failure=FailureSection(error="InvalidInput", cause="no source")
    )

    assert verdicts.verdict(failed).headline == "The run failed before the data were prepared."


@pytest.mark.parametrize(
    "cause", ["not JSON", '"text"', "[1]", '{"other": 1}', '{"errorMessage": 3}', "[" * 100_000]
)
def test_a_cause_of_any_other_form_is_kept_as_it_is(cause):
    assert wording.cause_of(FailureSection(error="E", cause=cause)) == cause


def test_another_primary_metric_is_named_in_the_headline(evaluated):
    by_f1 = replace(evaluated, evaluation=replace(evaluated.evaluation, primary="token_f1"))

    assert "the candidate reaches 91.1\N{NO-BREAK SPACE}% Token F1" in (
        verdicts.verdict(by_f1).headline
    )


def test_a_metric_of_another_version_is_called_by_its_name():
    assert wording.title_of("meteor") == "meteor"
    assert wording.meaning_of("meteor") == ""


def test_a_stage_is_done_if_a_later_one_is(evaluated):
    late_deployment = replace(evaluated, deployment=None)

    assert [stage.done for stage in verdicts.stages(late_deployment)] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("difference", "text"),
    [(0.8641, "+86.4"), (-0.006, "\N{MINUS SIGN}0.6"), (0.0, "0.0"), (-0.0001, "0.0")],
)
def test_differences_are_percentage_points_with_a_sign(difference, text):
    assert wording.points(difference) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (5_300_000, "5.3 MB"), (2e15, "2000")],
)
def test_sizes_are_in_decimal_units(number, text):
    assert wording.size(int(number)).startswith(text)


@pytest.mark.parametrize(
    ("started", "ended", "text"),
    [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:42Z", "42 s"),
        ("2026-11-23T09:00:00Z", "2026-11-23T09:04:05+00:00", "4 min 5 s"),
        ("2026-11-23T09:00:00Z", "2026-11-24T12:30:00Z", "27 h 30 min"),
        ("2026-11-23T09:00:00Z", "2026-11-23T08:00:00Z", ""),
        ("soon", "2026-11-23T08:00:00Z", ""),
    ],
)
def test_a_duration_is_given_where_both_times_are_known(started, ended, text):
    assert wording.duration(started, ended) == text


def test_a_time_that_is_none_is_shown_as_it_came():
    assert wording.moment("<soon>") == "<soon>"
    assert wording.moment("2026-11-23T10:00:00+01:00") == "2026-11-23 09:00:00 UTC"


def test_a_clipped_text_is_one_short_line_without_invisible_characters():
    assert wording.clipped("a\n\tb\u202e\u0007c") == "a bc"
    assert len(wording.clipped("x" * 10_000)) == 256


def test_figures_name_everything_a_reader_needs_to_judge_a_difference():
    metric = MetricComparison(
        name="accuracy",
        records=1_200,
        other=0.5,
        candidate=0.4,
        difference=-0.1,
        interval=(-0.15, -0.05),
        p_value=0.0002,
        method="",
    )

    assert wording.figures(metric) == (
        "Difference \N{MINUS SIGN}10.0 points, 95 % interval \N{MINUS SIGN}15.0 to "
        "\N{MINUS SIGN}5.0, p = 0.0002, 1,200 unseen questions."
    )


def test_a_run_that_needs_no_tuning_says_so_with_the_figures(needless):
    verdict = verdicts.verdict(needless)

    assert verdict.label == "Not needed"
    assert verdict.headline == "Tuning is not needed: the base model already meets the target."
    assert verdict.detail.startswith("The base model reaches 93.0 % accuracy with 4 examples")
    assert verdict.detail.endswith("No job was started.")

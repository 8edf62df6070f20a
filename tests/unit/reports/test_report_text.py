import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import FailureSection
from bedrock_customization_runtime.reports import text, wording

STAGES = ["running", "prepared", "customized", "evaluated", "promoted", "rejected", "failed"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_summary_that_names_the_run(stage, request):
    summary = text.summary(request.getfixturevalue(stage))

    assert "Run: orders-7" in summary
    assert "Base model: amazon.nova-micro-v1:0:128k" in summary


def test_a_summary_gives_verdict_figures_gate_and_reasons(promoted):
    first, second, third, *_ = text.summary(promoted).splitlines()

    assert first.startswith("Promoted: The tuned model answers 86.4")
    assert second.startswith("Difference +25.2 points")
    assert third == "- accuracy improves by +20.8 to +29.4 points"


def test_a_run_on_the_embedded_aws_says_what_its_figures_are_worth(promoted):
    embedded = replace(promoted, run=replace(promoted.run, embedded=True))

    assert wording.EMBEDDED_NOTICE in text.summary(embedded)
    assert wording.EMBEDDED_NOTICE not in text.summary(promoted)


def test_a_summary_holds_no_labels_and_no_lines_of_the_data(promoted):
    summary = text.summary(promoted)

    assert "refund" not in summary
    assert "answer.empty" not in summary


def test_a_summary_stays_below_4_kb_however_long_the_manifest_is(failed, promoted):
    wide = "\N{SNOWMAN}" * 100_000
    monster = replace(
        failed,
        run=replace(failed.run, id=wide, base_model=wide, started=wide),
        failure=FailureSection(error=wide, cause=wide),
        decision=replace(
            promoted.decision, verdicts=[replace(promoted.decision.verdicts[0], reason=wide)] * 100
        ),
        ended=wide,
    )

    assert len(text.summary(monster).encode()) <= text.MAXIMUM_BYTES


def test_a_hostile_cause_can_neither_forge_a_line_nor_break_the_encoding(failed):
    forged = replace(
        failed, failure=FailureSection(error="E", cause="x\nRun: another\ud800\u202eend")
    )

    summary = text.summary(forged)

    assert "Run: another" not in summary.splitlines()
    summary.encode()

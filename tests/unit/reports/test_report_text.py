import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import ApprovalSection, FailureSection
from bedrock_customization_runtime.reports import text, wording

STAGES = ["running", "prepared", "customized", "evaluated", "promoted", "rejected", "failed"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_summary_that_names_the_run(stage, request):
    summary = text.summary(request.getfixturevalue(stage))

    assert "Run: orders-7" in summary
    assert "Base model: amazon.nova-micro-v1:0:128k" in summary


def test_a_summary_gives_verdict_figures_gate_and_reasons(promoted):
    first, second, third, *_ = text.summary(promoted).splitlines()

    assert first.startswith("Promoted: The candidate answers 86.4")
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


def test_a_summary_gives_what_people_said(promoted):
    said = ApprovalSection(
        outcome="rejected",
        reason="Too dear.",
        approver="arn:me",
        requested="2026-11-23T11:00:00Z",
        decided="2026-11-23T11:30:00Z",
    )
    told = text.summary(replace(promoted, approval=said))
    assert "Rejected 2026-11-23 11:30:00 UTC by arn:me: Too dear." in told
    by_link = text.summary(replace(promoted, approval=replace(said, approver=None)))
    assert "by somebody with the link: Too dear." in by_link
    nobody = text.summary(replace(promoted, approval=replace(said, outcome="expired")))
    assert "Nobody decided until 2026-11-23 11:30:00 UTC." in nobody


def test_people_are_asked_with_both_ways_and_the_link_survives_a_long_summary(promoted):
    wide = replace(promoted, run=replace(promoted.run, base_model="m" * 9_000))
    link = f"https://{'x' * 32}.lambda-url.us-east-1.on.aws/?run={'r' * 80}&secret={'s' * 43}"
    told = text.approval_wanted(wide, expires="2026-11-26T11:00:00Z", link=link)
    assert link in told.splitlines()[2]
    assert "Decide until 2026-11-26 11:00:00 UTC, once." in told
    assert 'bedrock-customization approve orders-7 --reason "…"' in told
    assert len(told.encode()) <= text.MAXIMUM_BYTES
    assert "link" not in text.approval_wanted(wide, expires="2026-11-26T11:00:00Z", link=None)

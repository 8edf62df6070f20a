"""The page on which people decide: figures and rules, everything escaped, nothing loaded."""

from msgspec.structs import replace

from bedrock_customization_runtime.reports import approval_page

HOSTILE = '"><script>alert(1)</script>'


def asked(manifest, **given):
    return approval_page.ask(
        manifest, **{"key": "orders-7", "secret": "s" * 43, "expires": "2026-11-26T11:00Z", **given}
    )


def test_the_page_shows_what_the_gate_says_and_asks_for_a_reason(promoted):
    page = asked(promoted)
    assert "accuracy improves by +20.8 to +29.4 points" in page
    assert "It counts once, until 2026-11-26 11:00:00 UTC." in page
    assert '<textarea id="reason" name="reason" required maxlength="1000"' in page
    assert 'name="decision" value="approve"' in page
    assert 'name="decision" value="reject"' in page


def test_everything_on_the_page_is_escaped(promoted):
    hostile = replace(
        promoted,
        run=replace(promoted.run, id=HOSTILE, base_model=HOSTILE, source=HOSTILE),
        decision=replace(
            promoted.decision,
            verdicts=[replace(promoted.decision.verdicts[0], rule=HOSTILE, reason=HOSTILE)],
        ),
    )
    pages = asked(hostile, key=HOSTILE, secret=HOSTILE), approval_page.refused(HOSTILE)
    assert not any("<script" in page for page in pages)


def test_nothing_is_loaded_and_no_script_runs(promoted):
    page = asked(promoted)
    assert "default-src 'none'" in page
    assert "src=" not in page
    assert "href=" not in page


def test_after_a_decision_there_is_no_form():
    assert "<form" not in approval_page.decided("approved") + approval_page.refused("it is late")

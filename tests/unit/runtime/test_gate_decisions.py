"""The function that decides: by the manifest, and with what the blind set decided before."""

import pytest
from msgspec.structs import replace

from bedrock_customization_runtime import aws, manifest
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.handlers import decide_promotion

GATE = {
    "min_improvement": 0.0,
    "significance": 0.05,
    "no_regression_on": [],
    "not_worse_than_live": True,
}


@pytest.fixture
def evaluated(s3, run_of, begin_manifest, preparation_section, monkeypatch):
    """Begin a run whose models were compared on a blind set, and return what states call it."""
    monkeypatch.setattr(aws, "s3", lambda: s3)

    def begin(name, *, digest, lower=0.1):
        run = run_of(name, data="d", blind="b", artifacts="runtime-artifacts")
        begin_manifest(s3, run)
        file = manifest.FileRecord(uri="s3://b/test.jsonl", sha256=digest, bytes=1, records=100)
        sections = {
            "preparation": preparation_section(file, read=100),
            "evaluation": manifest.EvaluationSection(
                primary="accuracy",
                answers=[],
                metrics=[
                    manifest.MetricComparison(
                        name="accuracy",
                        records=100,
                        baseline=0.5,
                        tuned=0.7,
                        difference=0.2,
                        interval=(lower, 0.3),
                        p_value=0.001,
                        method="as in a test",
                    )
                ],
            ),
        }
        manifest.update(s3, run["manifest"], lambda found: replace(found, **sections))
        return run

    return begin


def decided(run):
    return decide_promotion.handler({"run": run, "gate": GATE}, None)


def test_the_decision_is_that_of_the_manifest_s_figures(s3, evaluated):
    run = evaluated("worse", digest="one", lower=-0.1)
    assert decided(run) == {"promote": False, "refused_by": ["min_improvement"]}
    section = manifest.load(s3, run["manifest"]).decision
    assert not section.promote
    assert [one.rule for one in section.verdicts if not one.passed] == ["min_improvement"]
    (reason,) = section.reasons
    assert reason == (
        "accuracy does not surely improve enough: by \N{MINUS SIGN}10.0 to +30.0 points with 95 % "
        "confidence, where more than 0.0 are required"
    )


def test_a_retry_decides_the_same_and_the_next_run_knows_of_it(s3, evaluated):
    first, second = evaluated("first", digest="two"), evaluated("second", digest="two")
    other = evaluated("other", digest="three")
    for run in (first, first, second, first, other):
        assert decided(run) == {"promote": True, "refused_by": []}
    earlier = [
        manifest.load(s3, run["manifest"]).decision.earlier_decisions
        for run in (first, second, other)
    ]
    assert earlier == [0, 1, 0]


def test_without_an_evaluation_nothing_is_decided(s3, run_of, begin_manifest, monkeypatch):
    monkeypatch.setattr(aws, "s3", lambda: s3)
    run = run_of("nothing", data="d", blind="b", artifacts="runtime-artifacts")
    begin_manifest(s3, run)
    with pytest.raises(EvaluationFailed, match="nothing can be decided"):
        decided(run)

"""Every planted defect is found on its line, by its rule, at its place; what is valid is not."""

import json
from dataclasses import replace

import pytest
from odd_records import ODD
from planted_defects import ALONE, NOTED, OMITTED, REJECTED
from planted_records import DISTILLED, GOOD, NOVA, NOVA_MEDIA, line as line_of, look, media, shown

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import SetLimits
from bedrock_customization_runtime.datasets import rules, tokens
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.settings import Settings


def settings_for(target, **more):
    model, method = target.split()
    found = catalog.base_model(model).methods[catalog.Method(method)]
    return Settings(
        base_model=model,
        method=replace(found, train=SetLimits(), total=SetLimits()),
        template=None,
        split={"validation": 0.1, "test": 0.1, "seed": 0},
        max_rejected=1.0,
        bucket="data",
        **{"media": look} | more,
    )


def judged(target, line, **more):
    """Return the rejected records and the findings of a line between two good ones."""
    good = GOOD[target]
    with examine([b"\n".join((good, line, good))], settings_for(target, **more)) as examined:
        rejected = [json.loads(row) for row in examined.rejected_lines()]
        records = [examined.record(index) for index in range(examined.accepted)]
        return rejected, {found.rule.id: found for found in examined.findings.all()}, records


def test_there_are_enough_of_them():
    assert len(REJECTED) + len(ALONE) + len(OMITTED) + len(NOTED) >= 120
    assert len(ODD) >= 30
    # By format; models of one format share its rules.
    formats = {settings_for(target).method.record_format for target in GOOD}
    assert {settings_for(case[0]).method.record_format for case in REJECTED} == formats


@pytest.mark.parametrize("target", GOOD)
def test_the_good_records_between_are_good(target):
    rejected, findings, records = judged(target, GOOD[target])
    assert rejected == []
    assert findings == {}
    assert len(records) == 3


@pytest.mark.parametrize(("target", "line", "rule", "path"), REJECTED)
def test_a_defect_is_rejected_by_line_rule_and_place(target, line, rule, path):
    rejected, findings, records = judged(target, line)

    assert [row["line"] for row in rejected] == [2]
    named = [(problem["rule"], problem["path"]) for problem in rejected[0]["problems"]]
    assert rule in dict(named)
    assert path is None or (rule, path) in named
    assert findings[rule].lines == (2,)
    assert len(records) == 2


@pytest.mark.parametrize(("target", "line", "rule", "path"), ALONE)
def test_a_defect_of_the_only_record_is_rejected_too(target, line, rule, path):
    with examine([line], settings_for(target)) as examined:
        (rejected,) = map(json.loads, examined.rejected_lines())

    assert [(problem["rule"], problem["path"]) for problem in rejected["problems"]] == [
        (rule, path)
    ]


@pytest.mark.parametrize(("target", "line", "rule"), NOTED)
def test_a_defect_that_costs_no_record_is_noted_on_its_line(target, line, rule):
    rejected, findings, _ = judged(target, line)

    assert rejected == []
    assert findings[rule].lines == (2,)


@pytest.mark.parametrize(("target", "line", "rule"), OMITTED)
def test_a_log_that_is_no_training_data_is_omitted_and_quoted_nowhere(target, line, rule):
    rejected, findings, records = judged(target, line)

    assert rejected == []
    assert findings[rule].lines == (2,)
    assert len(records) == 2


@pytest.mark.parametrize(("target", "line"), ODD.values(), ids=ODD)
def test_what_is_odd_but_valid_raises_no_alarm(target, line):
    rejected, findings, records = judged(target, line)

    assert rejected == []
    assert findings == {}
    assert len(records) == 3


def test_without_a_way_to_look_at_media_the_report_says_that_nobody_did():
    line = shown(media(uri="s3://data/none.png"))
    rejected, findings, _ = judged(NOVA_MEDIA, line, media=None)

    assert rejected == []
    assert findings["media-unchecked"].lines == (1, 2, 3)


def test_media_must_lie_where_the_job_may_read():
    line = shown(media(uri="s3://data/incoming/a.png"))
    with examine([line], settings_for(NOVA_MEDIA, media_below="s3://data/media/")) as examined:
        assert [found.rule.id for found in examined.findings.all()] == ["media-out-of-reach"]
    with examine([line], settings_for(NOVA_MEDIA, media_below="s3://data/incoming/")) as examined:
        assert "media-out-of-reach" not in {found.rule.id for found in examined.findings.all()}


def test_a_line_separator_inside_a_string_ends_no_line():
    line = '{"prompt":"a\u2028b\u0085c\u2029d","completion":"e"}'.encode()
    rejected, findings, records = judged("meta.llama3-1-8b-instruct-v1:0:128k FINE_TUNING", line)

    assert rejected == []
    assert findings["line-ends"].lines == (2,)
    assert [record.messages[0].text for record in records][1] == "a\nb\nc\nd"


@pytest.mark.parametrize(
    ("limit", "rule"),
    [("tokens_per_record", "too-many-tokens"), ("bytes_per_record", "record-too-large")],
)
@pytest.mark.parametrize("target", [NOVA, DISTILLED])
def test_a_record_may_be_as_long_as_the_limit_and_no_longer(target, limit, rule):
    line = GOOD[target]
    settings = settings_for(target)
    with examine([line], settings) as examined:
        written = formats.training_line(examined.record(0), settings.method.record_format)
        longest = {
            "tokens_per_record": tokens.estimate(examined.record(0)).most,
            "bytes_per_record": len(written),
        }[limit]

    def rejected(most):
        method = replace(settings.method, **{limit: most})
        with examine([written], replace(settings, method=method)) as examined:
            return [json.loads(row)["rule"] for row in examined.rejected_lines()]

    assert rejected(longest) == []
    assert rejected(longest - 1) == [rule]


def test_every_rule_of_a_record_is_planted():
    planted_rules = {case[2] for case in (*REJECTED, *ALONE, *OMITTED, *NOTED)}
    elsewhere = {
        # CSV, templates and privacy settings have tests of their own.
        *("csv-quote", "csv-ragged", "column-missing", "column-not-text", "column-empty"),
        *("personal-data-masked", "personal-data-rejected", "secret-masked", "secret-rejected"),
        # Where a pipeline's media must lie has a test of its own.
        "media-out-of-reach",
        # Of a model that enriches, with tests of its own.
        *("answer-by-model", "answer-not-given", "score-too-low", "blind-by-model"),
        # What is wanted of logs has tests of its own.
        *("log-filtered", "log-other-model"),
        # Of a data set as a whole.
        *("conflicting-answers", "training-copy", "near-copies", "few-records"),
        *("split-off-target", "blind-set-small", "label-only-tested", "object-skipped"),
    }
    assert {rule.id for rule in rules.TABLE} - planted_rules == elsewhere


def test_all_that_is_wrong_with_a_record_is_said_at_once():
    line = line_of(
        {
            "id": 1,
            "messages": [
                {"role": "assistant", "content": [{"text": 7}, {"audio": {}}]},
                {"role": "assistant", "content": "no"},
            ],
        }
    )
    rejected, findings, _ = judged(NOVA, line)

    assert [(problem["rule"], problem["path"]) for problem in rejected[0]["problems"]] == [
        ("field-unknown", "$"),
        ("role-order", "$.messages[0].role"),
        ("field-type", "$.messages[0].content[0].text"),
        ("content-block", "$.messages[0].content[1]"),
        ("field-type", "$.messages[1].content"),
    ]
    assert {"field-unknown", "role-order", "field-type", "content-block"} <= findings.keys()


@pytest.mark.parametrize("rule", [rule for rule in rules.TABLE if rule.sources_disagree])
def test_where_sources_disagree_a_rule_says_who_and_which_side_it_takes(rule):
    assert ";" in rule.sources_disagree
    assert not rule.sources_disagree.endswith(".")

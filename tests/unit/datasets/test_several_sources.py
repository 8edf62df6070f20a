"""Several sources as one data set: what is found in them names where it stands."""

import json

import pytest

from bedrock_customization_runtime.datasets.examination import examine, examine_all
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.report import report
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected


def outcome(examined):
    with examined:
        prepared = divide(examined)
        files = {side: b"".join(prepared.lines(side)) for side in Side}
        return files, json.loads(report(examined, prepared)), list(examined.rejected_lines())


def test_sources_make_the_data_set_that_their_lines_make_in_one(pairs, settings):
    together = outcome(examine([pairs(60)], settings()))
    apart = outcome(examine_all([("a", [pairs(20)]), ("b", [pairs(40, start=20)])], settings()))

    assert apart[0] == together[0]
    assert apart[1]["prepared"] == together[1]["prepared"]


def test_findings_and_rejected_lines_name_their_source(pairs, settings):
    sources = [("a.jsonl", [pairs(20)]), ("b.jsonl", [pairs(20, start=20) + b"x\n\n" + pairs(1)])]
    _, found, rejected = outcome(examine_all(sources, settings()))

    (line,) = map(json.loads, rejected)
    assert (line["file"], line["line"]) == ("b.jsonl", 21)
    by_rule = {each["rule"]: each for each in found["findings"]}
    assert by_rule["json-malformed"]["lines"] == [21]
    assert by_rule["json-malformed"]["files"] == ["b.jsonl"]
    assert by_rule["blank-line"]["lines"] == [22]


def test_a_rule_of_the_second_pass_names_the_source_too(pairs, settings):
    other = json.dumps({"prompt": "ask " + "amber" * 5, "completion": "other"})
    sources = [("a", [pairs(40)]), ("b", [f"{other}\n".encode()])]
    _, found, _ = outcome(examine_all(sources, settings()))

    (conflict,) = [each for each in found["findings"] if each["rule"] == "conflicting-answers"]
    assert list(zip(conflict["files"], conflict["lines"], strict=True)) == [("b", 1)]


def test_a_single_source_has_no_name(pairs, settings):
    _, found, rejected = outcome(examine([pairs(40) + b"x\n"], settings()))

    assert "file" not in json.loads(rejected[0])
    assert all("files" not in each for each in found["findings"])


def test_a_refusal_names_the_places(pairs, settings):
    sources = [("a", [pairs(5)]), ("b", [pairs(1) + b"x\ny\n"])]
    with (
        examine_all(sources, settings(max_rejected=0.1)) as examined,
        pytest.raises(DatasetRejected, match=r"json-malformed 2 times \(lines b:2, b:3: "),
    ):
        divide(examined)


def test_a_source_that_cannot_be_read_is_named(pairs, settings):
    sources = [("a", [pairs(5)]), ("b.zip", [b"PK\x03\x04"])]
    with pytest.raises(DatasetRejected, match=r"^b\.zip: the source is a zip archive"):
        examine_all(sources, settings())

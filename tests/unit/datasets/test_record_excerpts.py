"""Where in a record something is wrong, and what of it people are shown."""

import json

import pytest
from hypothesis import given, strategies as st

from bedrock_customization_runtime.datasets.checking.excerpts import excerpt, locate
from bedrock_customization_runtime.datasets.checking.rejections import RejectedLine, RejectedProblem

RECORD = {
    "system": [{"text": "s"}],
    "messages": [
        {"role": "user", "content": [{"text": 'tricky "{[ text'}]},
        {"role": "assistant", "content": [{"text": "first"}, {"text": "  "}]},
    ],
    "a-b": None,
}
TEXT = json.dumps(RECORD, indent=1)


def problem(path, reason="something"):
    return RejectedProblem(rule="r", path=path, reason=reason, fix="")


def marked(text, path, reason="something"):
    span = locate(text, problem(path, reason))
    return text[span.start : span.end]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("$.messages[1].content[1].text", '"  "'),
        ("$.messages[0].content[0].text", json.dumps('tricky "{[ text')),
        ("$.messages[1].role", '"assistant"'),
        ("$.system", None),
        ("$.a-b", "null"),
        ("a-b", "null"),
        ("$.messages[7]", None),
        ("$", None),
    ],
)
def test_a_path_leads_to_its_value_or_the_nearest_one_around_it(path, part):
    values = {"$.system": RECORD["system"], "$.messages[7]": RECORD["messages"], "$": RECORD}
    found = marked(TEXT, path)
    assert found == part if part else json.loads(found) == values[path]


def test_a_position_in_broken_json_is_that_character():
    assert marked('{"a": tru}', "$", "not JSON (at character 7)") == "t"
    assert marked('{"a"', "$", "JSON that ends in the middle (at character 99)") == '"'


def test_what_is_no_json_is_marked_whole():
    assert marked("one,two", "prompt") == "one,two"


def test_secrets_are_masked_and_controls_escaped_on_every_side_of_the_part():
    line = (
        '{"x": "AKIAIOSFODNN7EXAMPLE", "y": "joe@example.com \u202e", "z": "\x7f +1 202 555 0143"}'
    )
    shown = excerpt(
        RejectedLine(line=1, rule="r", reason="", problems=[], original=line), problem("$.y")
    )
    assert shown.before == '{"x": "[AWS_ACCESS_KEY]", "y": '
    assert shown.part == r'"[EMAIL] \u202e"'
    assert shown.after == r', "z": "\x7f [PHONE]"}'
    assert shown.begins
    assert shown.ends


def test_a_private_key_is_masked_with_its_body():
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow\n" * 200 + "-----END RSA PRIVATE KEY-----"
    line = json.dumps({"x": f"before {key} after", "y": "", "z": key})
    shown = excerpt(
        RejectedLine(line=1, rule="r", reason="", problems=[], original=line), problem("$.y")
    )
    assert shown.before == '{"x": "before [PRIVATE_KEY] after", "y": '
    assert shown.after == ', "z": "[PRIVATE_KEY]"}'
    cut = excerpt(
        RejectedLine(line=1, rule="r", reason="", problems=[], original=line),
        problem("$", "broken (at character 200)"),
    )
    assert "MIIE" not in cut.before + cut.after[:100]


def test_a_record_that_was_not_kept_has_no_excerpt():
    assert excerpt(RejectedLine(line=1, rule="r", reason="", problems=[]), problem("$")) is None


@given(st.text(), st.sampled_from(["$", "$.a[0].b", "$.messages[1].content[0].text", "column"]))
def test_no_text_and_no_path_raise_anything(text, path):
    span = locate(text, problem(path))
    assert 0 <= span.start <= span.end <= len(text)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner, min_size=1)
            | st.dictionaries(st.sampled_from(["a", "b-c", "messages"]), inner, min_size=1)
        ),
    )
)
def test_every_path_of_every_value_leads_there(value):
    def paths(found, path):
        yield path, found
        if isinstance(found, dict):
            for name, inner in found.items():
                yield from paths(inner, f"{path}.{name}")
        elif isinstance(found, list):
            for number, inner in enumerate(found):
                yield from paths(inner, f"{path}[{number}]")

    text = json.dumps(value)
    for path, expected in paths(value, "$"):
        assert json.loads(marked(text, path)) == expected

"""What holds for every record: both ways agree, repairs settle, splits stay."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings as profile, strategies as st

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import RecordFormat, SetLimits
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.checking.checks import Checks
from bedrock_customization_runtime.datasets.checking.privacy import mask
from bedrock_customization_runtime.datasets.cleaning import clean
from bedrock_customization_runtime.datasets.conversion import convert_all
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.reading import json_rows
from bedrock_customization_runtime.datasets.reading.lines import blocks
from bedrock_customization_runtime.datasets.record_formats import shapes
from bedrock_customization_runtime.datasets.record_formats.plain import PlainLines

MODELS = {
    RecordFormat.CONVERSE: ("amazon.nova-micro-v1:0:128k", "FINE_TUNING"),
    RecordFormat.PROMPT_COMPLETION: ("meta.llama3-1-8b-instruct-v1:0:128k", "FINE_TUNING"),
    RecordFormat.CLAUDE_MESSAGES: ("anthropic.claude-3-haiku-20240307-v1:0:200k", "FINE_TUNING"),
    RecordFormat.CONTINUED_PRETRAINING: (
        "amazon.titan-text-express-v1:0:8k",
        "CONTINUED_PRE_TRAINING",
    ),
    RecordFormat.DISTILLATION_PROMPTS: ("amazon.nova-micro-v1:0:128k", "DISTILLATION"),
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE: (
        "amazon.nova-2-lite-v1:0:256k",
        "REINFORCEMENT_FINE_TUNING",
    ),
}
FAST = (
    RecordFormat.CONVERSE,
    RecordFormat.PROMPT_COMPLETION,
    RecordFormat.CLAUDE_MESSAGES,
    RecordFormat.CONTINUED_PRETRAINING,
)
"""Formats with a fast way of their own."""
# Texts of what the rules look for, glued together.
PIECES = st.sampled_from(
    [
        *("a", "word", " ", "\n", "\t", '"', "\\", "\\u0022", ":", "User:", "<image>", "[EOS]"),
        *("\u00e9", "e\u0301", "\u200b", "\u200d", "\u3164", "\u2028", "\u202e", "\ufffd", "\x07"),
        *("\x7f", "\ud83d", "\U0001f468", "\u0915", "\u8f66", "\u00ad", "\ufeff", "\U000e0041"),
        *("\n\nHuman:", "\u00a0", "\x85", "\u115f", "\u2800", "0", "+49 30 123456", "a@b.example"),
    ]
)
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=12)
fixed = profile(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


def method_of(record_format):
    model, method = MODELS[record_format]
    found = catalog.base_model(model).methods[catalog.Method(method)]
    return replace(found, train=SetLimits(), total=SetLimits())


def row_of(record_format, texts, system):
    turns = [("assistant" if index % 2 else "user", text) for index, text in enumerate(texts)]
    match record_format:
        case RecordFormat.CONVERSE | RecordFormat.DISTILLATION_PROMPTS:
            row = {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
            }
            return row | ({"system": [{"text": system}]} if system else {})
        case RecordFormat.CLAUDE_MESSAGES:
            row = {"messages": [{"role": role, "content": text} for role, text in turns]}
            return row | ({"system": system} if system else {})
        case RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE:
            messages = [{"role": role, "content": text} for role, text in turns]
            first = [{"role": "system", "content": system}] if system else []
            return {"messages": [*first, *messages], "reference_answer": texts[-1]}
        case RecordFormat.PROMPT_COMPLETION:
            return {"prompt": texts[0], "completion": texts[-1]}
        case _:
            return {"input": texts[0]}


LINES = st.builds(
    lambda record_format, texts, system, ascii_only, spaced, twice: (
        record_format,
        _damaged(
            json.dumps(
                row_of(record_format, texts, system),
                ensure_ascii=ascii_only,
                separators=(", ", ": ") if spaced else (",", ":"),
            ),
            twice=twice,
        ),
    ),
    st.sampled_from(list(MODELS)),
    st.lists(TEXTS, min_size=1, max_size=4),
    TEXTS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, None, None, '"role"', '"text"', '"prompt"', '"content"', '"messages"']),
)


def _damaged(line, *, twice):
    if twice and twice in line:
        line = line.replace(twice, f"{twice}:1,{twice}", 1)
    return line.encode("utf-8", "surrogatepass")


@fixed
@given(case=LINES)
def test_what_is_proved_sound_is_sound_by_the_exact_way_and_not_changed(case):
    record_format, line = case
    method = method_of(record_format)
    (block,) = blocks([line.replace(b"\n", b" ")])
    proved = PlainLines(method).proved(block)
    if proved.others:
        return

    noted = []
    shape, record = shapes.record_of(json_rows.decode(block.data))
    accepted, _ = Checks(method).accept(record, shape, noted.append)

    assert noted == []
    assert accepted.content() == proved.contents.one(0)


@pytest.mark.parametrize("record_format", FAST)
def test_ordinary_lines_go_the_fast_way(record_format):
    texts = ['Say "hi", caf\u00e9 \u8f66\u7ad9\n\ttwice.', "It's [a] <b>: 1/2 \\ done"]
    plain = PlainLines(method_of(record_format))
    row = row_of(record_format, texts, "Be brief.")
    for ascii_only in (True, False):
        line = json.dumps(row, ensure_ascii=ascii_only).encode()
        for block in blocks([line, b"\n", b"\n".join([line] * 20)]):
            assert plain.proved(block).others == []


@fixed
@given(text=TEXTS)
def test_repairing_twice_is_repairing_once(text):
    assume(text.isprintable() or "\ud83d" not in text)
    once = clean(text, lambda _: None)
    noted = []

    assert clean(once, noted.append) == once
    assert {rule.verdict for rule in noted} <= {rules.Verdict.FLAG}


@fixed
@given(case=LINES)
def test_the_engine_finds_nothing_to_repair_in_what_it_wrote(case, settings):
    record_format, line = case
    judged_by = replace(settings(), method=method_of(record_format))

    def written(source):
        with examine([source], judged_by) as examined:
            repairs = {
                found.rule.id
                for found in examined.findings.all()
                if found.rule.verdict is rules.Verdict.REPAIR
            }
            lines = [examined.line(number) for number in range(examined.accepted)]
            return b"".join(lines), repairs, examined.rejected

    once, _, _ = written(line)
    twice, repairs, rejected = written(once)

    assert twice == once
    assert (repairs, rejected) == (set(), 0)


@fixed
@given(text=TEXTS)
def test_masking_twice_is_masking_once(text):
    assert mask(mask(text)) == mask(text)


def convert(line, record_format):
    (converted,) = convert_all([line], record_format)
    return converted


@fixed
@given(case=LINES, target=st.sampled_from(list(MODELS)))
def test_converting_there_and_back_is_identity(case, target):
    source, line = case
    own = convert(line, source)
    if isinstance(own, tuple):
        return  # no record of its own format
    there = convert(own, target)
    if isinstance(there, tuple):
        return  # one that the other format cannot hold
    row = json.loads(own)
    if target is RecordFormat.PROMPT_COMPLETION and _has_system(row):
        return  # a prompt has no system prompt beside it, so it is put in front
    graded = RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE
    if (source is graded) is not (target is graded):
        # An answer is what a grader compares with, and the other way round; what it is called in
        # one format is not what it is called in the other.
        back = convert(there, source)
        assert convert(convert(back, target), source) == back
        return

    assert json.loads(convert(there, source)) == row


def _has_system(row):
    return "system" in row or row.get("messages", [{}])[0].get("role") == "system"


@profile(fixed, max_examples=60)
@given(order=st.permutations(range(40)), added=st.integers(1, 40), seed=st.integers(0, 5))
def test_a_record_keeps_its_side_whatever_the_order_and_whatever_is_added(
    prepare, pairs, order, added, seed
):
    lines = pairs(40).splitlines(keepends=True)
    before = prepare(b"".join(lines), seed=seed)
    shuffled = prepare(b"".join(lines[number] for number in order), seed=seed)
    longer = prepare(b"".join(lines) + pairs(added, start=1000), seed=seed)

    for side, text in before.files.items():
        assert shuffled.files[side] == text
    for side in ("train", "test"):
        moved = set(before.files[side].splitlines()) - set(longer.files[side].splitlines())
        # Only what a side had to be filled with may go back.
        assert len(moved) <= 1


def test_validating_alone_says_the_same_as_preparing(settings):
    lines = [
        b'{"prompt":"a","completion":"b"}',
        b'{"prompt":"a"}',
        json.dumps(row_of(RecordFormat.CONVERSE, ["a", "b"], "")).encode(),
        b'{"prompt":" a","completion":"b"}',
    ] * 3
    seen = []
    for keep in (True, False):
        with examine([b"\n".join(lines)], settings(), keep=keep) as examined:
            seen.append((examined.read, examined.accepted, examined.findings.all()))
    assert seen[0] == seen[1]

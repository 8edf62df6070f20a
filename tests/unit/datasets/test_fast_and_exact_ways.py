"""What is proved by the block and what is judged line by line come to the same, wherever blocks end."""  # noqa: E501 - one sentence

import json
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings as profile, strategies as st

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import SetLimits
from bedrock_customization_runtime.datasets.checking.privacy import Privacy
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.reading import lines
from bedrock_customization_runtime.datasets.record_formats.plain import PlainLines
from bedrock_customization_runtime.datasets.settings import Settings

MODELS = {
    "converse": ("amazon.nova-micro-v1:0:128k", "FINE_TUNING"),
    "exchange": ("meta.llama3-1-8b-instruct-v1:0:128k", "FINE_TUNING"),
    "claude": ("anthropic.claude-3-haiku-20240307-v1:0:200k", "FINE_TUNING"),
    "input": ("amazon.titan-text-express-v1:0:8k", "CONTINUED_PRE_TRAINING"),
}
PLAIN = st.sampled_from(
    ["What is it?", "word " * 60 + "end", "It is this.", "caf\u00e9", 'say "x"']
)
ODD = st.sampled_from(
    [
        *("", " ", " space", "line\nfeed", "\\", "e\u0301", "\u8f66\u7ad9", "\u200b", "}\n{"),
        *("User: hello", "<image>", "<|eot_id|>", "jo@example.org", "+49 30 1234567", "\u2028"),
        *("again " * 60, "\u3164", "\ufffd", "\x07", "\ud83d", "4111 1111 1111 1111", "\x7f"),
    ]
)
TEXTS = st.one_of(PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, ODD)
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n", b" \n"])
# Of the first place that holds it.
DAMAGES = (
    (b'"role"', b'"role": "user", "role"'),
    (b'"prompt"', b'"prompt": "twice", "prompt"'),
    (b'"text": "', b'"text": "twice", "text": "\\u0022 \\u0022'),
    (b'"text": "', b'"text": "t", "text": "\\u0022 \\u0022 \\u0022 \\u0022 '),
    (b'"messages": [', b'"messages":\n['),
    (b"}, {", b"}\n{"),
    (b"}, {", b"},\n{"),
    (b"}]}", b"}]}{}"),
    (b"}", b"} {"),
    (b"[{", b"[{}, {"),
    (b"{", b"\xef\xbb\xbf{"),
    (b"a", b"\xff"),
    (b": ", b":\t"),
    (b'"text"', b'"te\\u0078t"'),
    (b"]}", b"]"),
    (b'[{"text"', b'[{"image": {}}, {"text"'),
    (b'"user"', b'"system"'),
    (b"{", b'{"x": 1, '),
)
DAMAGE = st.sampled_from(DAMAGES)


def line_of(kind, texts, *, ascii_only=True, blocks=(1,)):
    """A record of one question and answer, or of more; each message has so many blocks."""
    turns = [("assistant" if index % 2 else "user", text) for index, text in enumerate(texts)]
    match kind:
        case "converse":
            row = {
                "schemaVersion": "bedrock-conversation-2024",
                "system": [{"text": "Be brief."}],
                "messages": [
                    {"role": role, "content": [{"text": text}] * blocks[index % len(blocks)]}
                    for index, (role, text) in enumerate(turns)
                ],
            }
        case "claude":
            row = {"messages": [{"role": role, "content": text} for role, text in turns]}
        case "exchange":
            row = {"prompt": texts[0], "completion": texts[-1]}
        case _:
            row = {"input": texts[0]}
    return json.dumps(row, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@st.composite
def sources(draw):
    kind = draw(st.sampled_from(["converse", *MODELS]))
    pieces = []
    for _ in range(draw(st.integers(1, 8))):
        line = line_of(
            kind,
            draw(st.lists(TEXTS, min_size=2, max_size=2) | st.lists(TEXTS, min_size=1, max_size=4)),
            ascii_only=draw(st.booleans()),
            blocks=draw(st.sampled_from([(1,), (1,), (1,), (1, 2), (1, 0), (0, 1)])),
        )
        copies = draw(st.sampled_from([0, 0, 0, 20]))
        damage = draw(st.just((b"", b"")) | DAMAGE)
        pieces += [line.replace(*damage, 1) + draw(ENDS)] + [line + b"\n"] * copies
    return kind, b"".join(pieces)


@dataclass(frozen=True)
class Verdict:
    counts: tuple
    rejected: list
    findings: list
    personal: dict
    contents: list
    columns: list


def settings_of(kind, privacy):
    model, method = MODELS[kind]
    rules = catalog.base_model(model).methods[catalog.Method(method)]
    return Settings(
        base_model=model,
        method=replace(rules, train=SetLimits(), total=SetLimits()),
        template=None,
        split={"validation": 0.1, "test": 0.1, "seed": 1},
        max_rejected=1.0,
        privacy=privacy,
    )


def verdict(source, settings, step=2**20):
    """What the first pass says, and the lines it keeps."""
    chunks = [source[start : start + step] for start in range(0, len(source), step)]
    with examine(chunks, settings) as examined:
        columns = examined.index.columns()
        rows = range(examined.accepted)
        said = Verdict(
            (examined.read, examined.accepted, examined.rejected),
            list(examined.rejected_lines()),
            examined.findings.all(),
            dict(examined.personal_data),
            [examined.record(row).content() for row in rows],
            [getattr(columns, name).tolist() for name in columns.__slots__]
            + [examined.index.bands().tolist()],
        )
        return said, [examined.line(row) for row in rows]


fixed = profile(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@fixed
@given(source=sources(), privacy=st.sampled_from(Privacy))
def test_the_fast_way_says_what_the_exact_way_says(source, privacy):
    kind, data = source
    settings = settings_of(kind, privacy)
    fast, _ = verdict(data, settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainLines, "contents", lambda _, block: [None] * len(block.ends))
        exact, _ = verdict(data, settings)

    assert fast == exact


@fixed
@given(
    source=sources(),
    block=st.sampled_from([1, 40, 300, 2000]),
    step=st.sampled_from([1, 7, 100, 999]),
)
def test_where_blocks_and_chunks_end_makes_no_difference(source, block, step):
    kind, data = source
    settings = settings_of(kind, Privacy.MASK)
    whole = verdict(data, settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK_BYTES", block)
        assert verdict(data, settings, step) == whole


@fixed
@given(source=sources())
def test_validating_alone_counts_and_finds_what_the_rules_of_format_say(source):
    kind, data = source
    settings = settings_of(kind, Privacy.OFF)
    with (
        examine([data], settings, keep=False) as alone,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(PlainLines, "contents", lambda _, block: [None] * len(block.ends))
        with examine([data], settings, keep=False) as exact:
            assert (alone.read, alone.accepted) == (exact.read, exact.accepted)
            assert alone.findings.all() == exact.findings.all()
            assert [*alone.rejected_lines()] == [*exact.rejected_lines()]


@pytest.mark.parametrize("kind", MODELS)
def test_a_damaged_line_among_sound_ones_is_judged_as_it_is_alone(kind):
    settings = settings_of(kind, Privacy.OFF)
    good = line_of(kind, ['What is "it"?', "This."])
    empty = line_of(kind, ["What?", "This."], blocks=(1, 0))
    # As many values as lines, and yet none on its own line; and two values on one line.
    misaligned = [good.replace(b": ", b":\n", 1) + good, good + good, good[:-1] + b"\n}" + good]
    damaged = [empty, *misaligned, *(good.replace(*damage, 1) for damage in DAMAGES)]
    for bad in damaged:
        source = b"\n".join([good] * 5 + [bad] + [good] * 5)
        fast, _ = verdict(source, settings)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PlainLines, "contents", lambda _, block: [None] * len(block.ends))
            exact, _ = verdict(source, settings)
        assert fast == exact


def test_a_block_is_proved_but_for_the_line_that_is_damaged():
    good = line_of("converse", ["What?", "This."])
    for bad in (b"{}", b"", good.replace(b"This.", b" This."), good[:-1], b"{" + good):
        source = b"\n".join([good] * 50 + [bad] + [good] * 49 + [b""])
        (block,) = lines.blocks([source])
        contents = PlainLines(settings_of("converse", Privacy.OFF).method).contents(block)

        assert [row for row, content in enumerate(contents) if content is None] == [50]

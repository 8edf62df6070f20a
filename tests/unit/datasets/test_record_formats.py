"""What each record format's lines look like, and what the report says of a data set."""

import json

import pytest

from bedrock_customization_runtime.catalog import RecordFormat
from bedrock_customization_runtime.datasets.conversion import convert_all
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.reading import json_rows
from bedrock_customization_runtime.datasets.record_formats import formats, shapes
from bedrock_customization_runtime.datasets.report import report

CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "4"},
    ]
}
LINES = {
    RecordFormat.CONVERSE: {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "2 + 2?"}]},
            {"role": "assistant", "content": [{"text": "4"}]},
        ],
    },
    RecordFormat.CLAUDE_MESSAGES: {"messages": CHAT["messages"][1:], "system": "Be brief."},
    RecordFormat.PROMPT_COMPLETION: {"prompt": "Be brief.\n\n2 + 2?", "completion": "4"},
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE: {
        "messages": CHAT["messages"][:2],
        "reference_answer": "4",
    },
}
LINES[RecordFormat.DISTILLATION_PROMPTS] = LINES[RecordFormat.CONVERSE]
TOOLS = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Way?"}]},
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Ask."}}},
                {"toolUse": {"toolUseId": "t1", "name": "route", "input": {"to": 1}}},
            ],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "t1", "content": [{"json": {"a": 1}}]}}],
        },
        {"role": "assistant", "content": [{"text": "Left."}]},
    ],
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "route",
                    "description": "The way to a place.",
                    "inputSchema": {"json": {"type": "object"}},
                }
            }
        ]
    },
}


def converted(row, record_format):
    """Return a row in another format, or what is wrong with it."""
    [line] = convert_all([json.dumps(row).encode()], record_format)
    return json.loads(line) if isinstance(line, bytes) else line[1]


@pytest.mark.parametrize("record_format", LINES)
def test_a_conversation_is_written_as_each_format_has_it(record_format):
    assert converted(CHAT, record_format) == LINES[record_format]


@pytest.mark.parametrize(
    ("row", "record_format"),
    [
        *((row, record_format) for record_format, row in LINES.items()),
        (TOOLS, RecordFormat.CONVERSE),
        ({"input": "A text."}, RecordFormat.CONTINUED_PRETRAINING),
        ({"image-ref": "s3://data/a.png", "caption": "A."}, RecordFormat.IMAGE_CAPTION),
        (
            {**CHAT, "messages": CHAT["messages"][:2], "reference_answer": [4], "level": 2},
            RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE,
        ),
    ],
)
def test_a_line_that_was_written_reads_as_the_record_it_was(row, record_format):
    _, record = shapes.record_of(json_rows.decode(json.dumps(row).encode()))
    line = formats.training_line(formats.fitted(record, record_format), record_format)

    assert json.loads(line) == row
    assert formats.training_line(formats.parse(line, record_format), record_format) == line


def test_tools_are_lost_nowhere():
    for record_format in (RecordFormat.CLAUDE_MESSAGES, RecordFormat.PROMPT_COMPLETION):
        assert converted(TOOLS, record_format)[0].rule.id == "content-not-taken"


def test_lines_that_need_no_change_pass_byte_by_byte(prepare):
    lines = [
        json.dumps({**LINES[RecordFormat.CONVERSE], "system": [{"text": f"Be {word}."}]}).encode()
        for word in ("brief", "kind", "exact", "quick", "calm", "fair", "bold", "neat")
    ]
    lines = [
        line.replace(b"2 + 2", b"ask " + word)
        for line, word in zip(lines, (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"), strict=True)
    ]
    prepared = prepare(b"\n".join(lines))

    assert set(prepared.files["train"].splitlines()) < set(lines)


def test_the_report_says_what_the_blind_set_can_show_and_what_training_costs(settings, pairs):
    with examine([pairs(400)], settings()) as examined:
        document = json.loads(report(examined, divide(examined)))

    prepared = document["prepared"]
    assert 0 < prepared["minimum_detectable_effect"] < 1
    assert prepared["cost"]["usd"] > 0
    assert prepared["cost"]["source"]
    assert prepared["cost"]["tokens"] == prepared["estimated_tokens"] * prepared["cost"]["epochs"]
    assert prepared["tokens_per_record"]["median"] >= 8


def test_what_a_split_by_record_would_have_leaked_stands_beside(settings, advising):
    template = {"prompt": "{question}", "completion": "{sql}", "group_by": "query_id"}
    with examine([advising], settings(template=template)) as examined:
        prepared = divide(examined)

    assert prepared.plain_split_leaks > 0
    assert prepared.clusters < examined.accepted


def test_a_prompt_for_distillation_holds_one_text_a_turn():
    row = {
        "system": [{"text": "Be"}, {"text": "brief."}],
        "messages": [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}],
    }
    written = converted(row, RecordFormat.DISTILLATION_PROMPTS)
    assert written["system"] == [{"text": "Be\nbrief."}]
    assert written["messages"][0]["content"] == [{"text": "a\nb"}]

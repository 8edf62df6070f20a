"""Whatever the bytes: a verdict or a refusal, never another exception."""

import gzip
import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings as profile, strategies as st

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import SetLimits
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected

COLUMNS = {"prompt": "{q}", "completion": "{a}", "group_by": "g"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": VALUES,
        "completion": VALUES,
        "q": st.text() | VALUES,
        "a": st.text() | VALUES,
        "g": VALUES,
        "messages": VALUES
        | st.lists(
            st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["user", "assistant", "system"]),
                    "content": st.lists(st.fixed_dictionaries({"text": st.text() | VALUES})),
                }
            )
        ),
        "system": VALUES,
    },
)
# Nearly right: every field of Converse's blocks, tools and logs, each now and then of another kind.
TEXT = st.sampled_from(["a", "", " ", "route", "t1", "s3://data/a.png", "png", "object"]) | VALUES


def some(**fields):
    return st.fixed_dictionaries({}, optional=fields) | VALUES


MEDIUM = some(format=TEXT, source=some(s3Location=some(uri=TEXT, bucketOwner=TEXT), bytes=TEXT))
BLOCKS = st.lists(
    some(
        text=TEXT,
        image=MEDIUM,
        video=MEDIUM,
        document=MEDIUM,
        reasoningContent=some(reasoningText=some(text=TEXT)),
        toolUse=some(toolUseId=TEXT, name=TEXT, input=VALUES),
        toolResult=some(toolUseId=TEXT, content=st.lists(some(text=TEXT, json=VALUES))),
    ),
    max_size=3,
)
TURNS = st.lists(some(role=st.sampled_from(["user", "assistant"]), content=BLOCKS | TEXT))
CONVERSATIONS = some(
    schemaVersion=st.just("bedrock-conversation-2024") | VALUES,
    system=st.lists(some(text=TEXT)) | TEXT,
    messages=TURNS,
    toolConfig=some(
        tools=st.lists(
            some(toolSpec=some(name=TEXT, description=TEXT, inputSchema=some(json=some(type=TEXT))))
        )
    ),
    tools=st.lists(
        some(
            type=TEXT,
            function=some(
                name=TEXT, description=TEXT, parameters=some(type=TEXT, properties=VALUES)
            ),
        )
    ),
    reference_answer=VALUES,
    schemaType=st.just("ModelInvocationLog"),
    modelId=st.just("t") | VALUES,
    requestMetadata=some(k=TEXT) | VALUES,
    input=some(inputBodyJson=some(messages=TURNS, system=TEXT, prompt=TEXT)),
    output=some(outputBodyJson=some(generation=TEXT, content=BLOCKS, output=some(message=VALUES))),
)
# Pieces of CSV and JSON in an order that no writer would choose.
SHRAPNEL = st.lists(
    st.sampled_from(
        [
            *(b"q,a,g\n", b'"', b",", b"\n", b"\r", b"{", b"}", b"[", b"]", b":", b'"q"', b"text"),
            *(b"\\u", b"\xff", b"\xef\xbb\xbf", b"\0", b"1e999", b"NaN"),
            b'{"prompt":"x","completion":"y"}\n',
        ]
    ),
    max_size=60,
).map(b"".join)
LEARNS_ANSWERS = LogSelection({"teacher": "t", "use_prompt_response": True})
LEARNS_PROMPTS = LogSelection(
    {
        "teacher": "t",
        "use_prompt_response": False,
        "request_metadata_filters": {"notEquals": {"k": "v"}},
    }
)
fixed = profile(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def run(source, settings, template):
    pieces = [source[start : start + 13] for start in range(0, len(source), 13)]
    try:
        with examine(pieces, settings(template=template)) as examined:
            assert examined.accepted + examined.rejected + examined.omitted == examined.read
            for line in examined.rejected_lines():
                assert json.loads(line)["line"] >= 1
            prepared = divide(examined)
            for side in Side:
                for line in prepared.lines(side):
                    assert isinstance(json.loads(line), dict)
    except DatasetRejected:
        pass


@fixed
@given(source=st.binary(max_size=2000))
def test_on_any_bytes(settings, source):
    run(source, settings, None)
    run(source, settings, COLUMNS)
    run(b"q,a,g\n" + source, settings, COLUMNS)
    run(b"\x1f\x8b\x08\0\0\0\0\0\0\0" + source, settings, None)


@fixed
@given(source=SHRAPNEL)
def test_on_shrapnel(settings, source):
    run(source, settings, None)
    run(b"q,a,g\n" + source, settings, COLUMNS)
    run(gzip.compress(source), settings, COLUMNS)


@fixed
@given(rows=st.lists(ROWS, max_size=4))
def test_on_any_json_rows(settings, rows):
    source = "\n".join(json.dumps(row) for row in rows).encode()

    run(source, settings, None)
    run(source, settings, COLUMNS)


@profile(fixed, max_examples=150)
@given(rows=st.lists(CONVERSATIONS, min_size=1, max_size=3))
def test_on_any_conversation(settings, rows):
    # The first line shows that this is JSON Lines.
    source = "\n".join(json.dumps(row) for row in ({}, *rows)).encode()

    for model, method, logs in (
        ("amazon.nova-2-lite-v1:0:256k", "FINE_TUNING", None),
        ("amazon.nova-2-lite-v1:0:256k", "REINFORCEMENT_FINE_TUNING", None),
        ("amazon.nova-micro-v1:0:128k", "DISTILLATION", LEARNS_ANSWERS),
        ("amazon.nova-micro-v1:0:128k", "DISTILLATION", LEARNS_PROMPTS),
        ("amazon.titan-image-generator-v2:0", "FINE_TUNING", None),
    ):
        found = catalog.base_model(model).methods[catalog.Method(method)]
        judged_by = replace(settings(), method=replace(found, train=SetLimits()), logs=logs)
        with examine([source], judged_by) as examined:
            assert examined.accepted + examined.rejected + examined.omitted == examined.read
            for index in range(examined.accepted):
                examined.record(index)

"""Whatever the bytes: a verdict or a refusal, never another exception."""

import gzip
import json

from hypothesis import HealthCheck, given, settings as profile, strategies as st

from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
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
            assert examined.accepted + examined.rejected == examined.read
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
@given(rows=st.lists(ROWS, max_size=8))
def test_on_any_json_rows(settings, rows):
    source = "\n".join(json.dumps(row) for row in rows).encode()

    run(source, settings, None)
    run(source, settings, COLUMNS)

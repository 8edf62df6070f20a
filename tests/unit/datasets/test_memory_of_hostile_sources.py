"""A source made to exhaust memory gets a verdict, in a process that stays small."""

import json
import subprocess
import sys

import pytest

MOST_MEGABYTES = 256
MOST_MEGABYTES_OF_LINES = 64
GOOD = '{"prompt":"what","completion":"this"}'
# The child makes the source piece by piece, as a stream, and says what came of it.
CHILD = f"""
import json, re, sys, zlib
from pathlib import Path
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.errors import DatasetRejected

MEGABYTE = 2**20
GOOD = b'{GOOD}\\n'


def one_line():
    yield GOOD + b'{{"prompt":"'
    yield from (b"x" * MEGABYTE for _ in range(512))
    yield b'"}}\\n' + GOOD


def nested():
    yield GOOD
    yield from (b'{{"a":[' * 25_000 for _ in range(40))
    yield b"\\n" + b"[" * (MEGABYTE - 1) + b"\\n" + GOOD


def many_lines():
    block = GOOD * (MEGABYTE // len(GOOD))
    yield from (block for _ in range(4))


def bomb(byte):
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    yield packer.compress(GOOD)
    yield from filter(None, (packer.compress(byte * MEGABYTE) for _ in range(256)))
    yield packer.flush()


model = catalog.base_model("amazon.nova-micro-v1:0:128k")
settings = Settings(
    base_model=model.id,
    method=model.methods[catalog.Method.FINE_TUNING],
    template=None,
    split={{"validation": 0.1, "test": 0.1, "seed": 1}},
    max_rejected=1.0,
)
try:
    with examine(eval(sys.argv[1]), settings, keep="keep" in sys.argv) as examined:
        rejected = [json.loads(line) for line in examined.rejected_lines()]
        verdict = [examined.accepted, [[row["line"], row["rule"]] for row in rejected]]
except DatasetRejected as error:
    verdict = str(error)
# The peak of this program alone: ru_maxrss begins with that of the process that forked it.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([verdict, int(peak[1]) // 1024]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("one_line()", [2, [[2, "line-too-long"]]]),
        ("nested()", [2, [[2, "line-too-long"], [3, "json-too-deep"]]]),
        ("bomb(b' ')", "expand more than 200-fold"),
        ("bomb(b'\\n')", "expand more than 200-fold"),
        ("bomb(b'\\0')", "text in UTF-16 or UTF-32, or no text at all"),
    ],
)
def test_a_source_made_to_exhaust_memory_gets_a_verdict_in_little_memory(source, expected):
    verdict, megabytes = run(source, "keep")

    if isinstance(expected, str):
        assert expected in verdict
    else:
        assert verdict == expected
    assert megabytes <= MOST_MEGABYTES


@pytest.mark.slow
def test_validating_a_hundred_thousand_lines_takes_little_memory():
    verdict, megabytes = run("many_lines()", "validate")

    assert verdict == [4 * (2**20 // (len(GOOD) + 1)), []]
    # 36 whatever their number: not 300 bytes may be kept of each.
    assert megabytes <= MOST_MEGABYTES_OF_LINES


def run(source, keep):
    done = subprocess.run(
        [sys.executable, "-c", CHILD, source, keep], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)

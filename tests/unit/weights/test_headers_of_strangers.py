"""Headers that nobody wrote by hand: no exception, and nothing passes that the library refuses."""

import json
import subprocess
import sys

import numpy as np
import pytest
import safetensors
from broken_headers import HEADERS
from hypothesis import given, settings, strategies as st
from model_folders import MemoryFolder, header_file, model, tensors_file
from safetensors.numpy import save

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.weights import File, headers, inspect, strict_json
from bedrock_customization_runtime.weights.findings import Findings, shown

LIMITS = catalog.import_rules()
SINGLE = "model.safetensors"
NUMBERS = st.one_of(
    st.integers(-2, 40), st.integers(), st.booleans(), st.floats(), st.none(), st.text(max_size=2)
)
UNTIMED = settings(deadline=None, max_examples=30)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from([*headers.BITS, "BF17", 3, None]),
        "shape": st.lists(NUMBERS, max_size=3) | NUMBERS,
        "data_offsets": st.lists(NUMBERS, max_size=3) | NUMBERS,
        "more": NUMBERS,
    },
)
ANY_JSON = st.recursive(
    NUMBERS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
HEADER = st.dictionaries(
    st.sampled_from(["a", "b", "c", "__metadata__"]), ENTRIES | ANY_JSON, max_size=4
)


def read(data, size=None):
    """Return a file's tensors and the rules that it breaks."""
    findings = Findings()
    folder = MemoryFolder({SINGLE: data})
    header = headers.read(folder, File(SINGLE, len(data) if size is None else size), findings)
    return header.tensors, {each.rule.id for each in findings.findings()}


def as_the_library_reads(data):
    """Return a file's tensors, or None where the format's own library refuses it."""
    try:
        return dict(safetensors.deserialize(data))
    except safetensors.SafetensorError:
        return None


@given(st.binary(max_size=200))
@UNTIMED
def test_any_bytes_get_a_verdict(data):
    _, rules = read(data)
    if not rules:
        assert as_the_library_reads(data) is not None


@given(st.binary(max_size=200), st.binary(max_size=20))
@UNTIMED
def test_any_bytes_as_a_header_get_a_verdict(header, data):
    file = header_file(header, data)
    _, rules = read(file)
    if not rules:
        assert as_the_library_reads(file) is not None


@given(HEADER, st.integers(0, 60))
@settings(UNTIMED, max_examples=100)
def test_what_passes_is_what_the_formats_own_library_reads(header, size):
    file = header_file(header, bytes(size))
    tensors, rules = read(file)
    if not rules:
        theirs = as_the_library_reads(file)
        assert theirs is not None
        assert {name: list(tensor.shape) for name, tensor in tensors.items()} == {
            name: each["shape"] for name, each in theirs.items()
        }


@given(st.data())
@UNTIMED
def test_a_good_file_with_bytes_changed_passes_only_where_the_library_reads_it(data):
    file = bytearray(tensors_file({"a": (2, 3), "b": (4,)}))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(file) - 21))
        file[place] = data.draw(st.integers(0, 255))
    _, rules = read(bytes(file))
    if not rules:
        assert as_the_library_reads(bytes(file)) is not None


@pytest.mark.parametrize(
    "case",
    [case for case in HEADERS if not case.folder.sizes and case.rule != "lfs-pointer"],
    ids=lambda case: case.id,
)
def test_what_the_library_takes_of_the_broken_headers_is_told_in_the_rule(case):
    rule = next(
        rule for rule in vars(headers.rules).values() if getattr(rule, "id", 0) == case.rule
    )
    if as_the_library_reads(case.folder.contents[SINGLE]) is not None:
        assert rule.sources_disagree


def test_the_librarys_own_files_pass():
    arrays = {
        f"{dtype}.{shape}": np.zeros(shape, dtype)
        for dtype in ("f2", "f4", "f8", "i8", "i4", "u1", "i1", "?", "c8", "u8")
        for shape in ((2, 3), (), (0, 5))
    }
    ours, rules = read(save(arrays, {"format": "np"}))
    assert not rules
    assert {name: tensor.shape for name, tensor in ours.items()} == {
        name: array.shape for name, array in arrays.items()
    }
    assert {name: tensor.size for name, tensor in ours.items()} == {
        name: array.nbytes for name, array in arrays.items()
    }


@given(st.binary(max_size=80) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
@UNTIMED
def test_any_bytes_as_a_configuration_or_tokenizer_get_a_verdict(data):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.json"):
        inspect(MemoryFolder(model(change={name: data})), LIMITS)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "architectures",
                "model_type",
                "vocab_size",
                "hidden_size",
                "num_hidden_layers",
                "rope_scaling",
                "max_position_embeddings",
                "text_config",
                "quantization_config",
                "auto_map",
                "rope_parameters",
                "tie_word_embeddings",
                "transformers_version",
            ]
        ),
        ANY_JSON,
    )
)
@UNTIMED
def test_any_value_in_a_configuration_gets_a_verdict(fields):
    config = json.loads(model()["config.json"]) | fields
    files = model(change={"config.json": json.dumps(config).encode()})
    for finding in inspect(MemoryFolder(files), LIMITS).findings:
        assert finding.message.isprintable()


@given(ANY_JSON)
@UNTIMED
def test_any_index_gets_a_verdict(value):
    index = json.dumps({"weight_map": value, "metadata": value}).encode()
    inspect(MemoryFolder(model(change={"model.safetensors.index.json": index})), LIMITS)


@given(st.lists(st.builds(File, st.text(max_size=30), st.integers(0, 2**40), st.booleans())))
@UNTIMED
def test_any_listing_gets_a_verdict(listed):
    inspection = inspect(MemoryFolder(model(), more=listed), LIMITS)
    assert set(model()) <= {*inspection.staged, *inspection.ignored}
    assert all(each.message.isprintable() for each in inspection.findings)


@given(ANY_JSON)
@UNTIMED
def test_whatever_is_shown_is_one_short_printable_line(value):
    assert shown(value).isprintable()
    assert len(shown(value)) <= 800


@given(st.binary(max_size=60))
@UNTIMED
def test_strict_json_says_why_and_never_raises_otherwise(data):
    try:
        value = strict_json.parse(data, max_keys=100, max_values=100)
    except strict_json.StrictJsonError as error:
        reason = str(error)
    else:
        assert json.loads(data) == value
        return
    assert reason


READ_AND_MEASURE = r"""
import os, re, sys
from pathlib import Path
from bedrock_customization_runtime.weights import File, headers
from bedrock_customization_runtime.weights.findings import Findings
class Disk:
    def read(self, name, start, length):
        with open(sys.argv[1], "rb") as file:
            file.seek(start)
            return file.read(length)
findings = Findings()
headers.read(Disk(), File("m.safetensors", os.path.getsize(sys.argv[1])), findings)
# The peak of this program alone: ru_maxrss begins with that of the process that forked it.
peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
print(peak[1], *(each.rule.id for each in findings.findings()))
"""
# Of lists, numbers, texts and whole tensors, as many as may be, none takes more.
WORST = b"{" + b",".join(b'"%x":{}' % number for number in range(499_000)) + b"}"


def test_the_worst_header_that_is_read_takes_less_than_256_mib(tmp_path):
    assert len(WORST) <= headers.MAXIMUM_HEADER
    path = tmp_path / "worst"
    path.write_bytes(header_file(WORST))
    run = subprocess.run(
        [sys.executable, "-c", READ_AND_MEASURE, path], capture_output=True, text=True, check=True
    )
    kibibytes, rules = run.stdout.split()
    assert rules == "header-entry"
    assert int(kibibytes) < 256 * 1024

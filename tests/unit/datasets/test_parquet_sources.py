"""Parquet as it comes: rows, nested records, odd values, hostile files."""

import io
import json
import resource
import subprocess
import sys

import arro3.core as arrow
import arro3.io
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from bedrock_customization_runtime.datasets.reading import parquet
from bedrock_customization_runtime.errors import DatasetRejected

STRING, INTEGER = arrow.DataType.string(), arrow.DataType.int64()
COLUMNS = {"prompt": "{q}", "completion": "{a}"}


def written(table, **options):
    file = io.BytesIO()
    arro3.io.write_parquet(table, file, **options)
    return file.getvalue()


def flat(**columns):
    return written(
        arrow.Table.from_pydict(
            {name: arrow.Array(values, type=STRING) for name, values in columns.items()}
        )
    )


def nested(records, **options):
    """Write records as Parquet with the types that their JSON suggests."""
    text = "".join(f"{json.dumps(record)}\n" for record in records).encode()
    schema = arro3.io.infer_json_schema(io.BytesIO(text))
    return written(arro3.io.read_json(io.BytesIO(text), schema), **options)


def converse(question, answer, system=None):
    record = {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": question}]},
            {"role": "assistant", "content": [{"text": answer}]},
        ],
    }
    return record | ({"system": [{"text": system}]} if system else {})


def lines_of(source, *, nulls=True):
    return [
        json.loads(line)
        for line in b"".join(parquet.json_lines([source], nulls=nulls)).split(b"\n")[:-1]
    ]


def test_columns_fill_a_template_and_a_row_is_a_line(judge):
    judged = judge(flat(q=["one", "", None, "four"], a=["1", "2", "3", "4"]), template=COLUMNS)

    assert [record["texts"] for record in judged.accepted] == [["one", "1"], ["four", "4"]]
    assert judged.verdicts == {2: "empty-turn", 3: "empty-turn"}


def test_an_empty_value_among_others_of_a_template_is_an_empty_column(judge):
    template = {"prompt": "{q} {more}", "completion": "{a}"}
    judged = judge(flat(q=["one"], more=[None], a=["1"]), template=template)

    assert judged.rejected == []
    assert judged.findings["column-empty"].lines == (1,)


def test_nested_records_are_records_whatever_optional_field_some_lack(judge):
    source = nested([converse("q1", "a1", "be kind"), converse("q2", "a2"), converse("q3", " ")])
    judged = judge(source)

    assert [(record["system"], record["texts"]) for record in judged.accepted] == [
        ("be kind", ["q1", "a1"]),
        (None, ["q2", "a2"]),
    ]
    assert judged.rejected[0]["line"] == 3
    assert judged.rejected[0]["problems"][0]["path"] == "$.messages[1].content[0].text"


def test_a_data_set_is_the_same_from_parquet_and_from_json_lines(prepare, advising):
    rows = [json.loads(line) for line in advising.splitlines()]
    template = {"prompt": "{question}", "completion": "{sql}"}
    strings = {
        name: [row[name] for row in rows] for name in rows[0] if isinstance(rows[0][name], str)
    }
    assert {"question", "sql"} <= strings.keys()
    assert prepare(flat(**strings), template=template) == prepare(advising, template=template)


def test_values_become_what_json_has():
    types = arrow.DataType
    integers = arrow.Array([1, None], type=INTEGER)
    source = written(
        arrow.Table.from_pydict(
            {
                "integer": integers,
                "large": arrow.Array([2**64 - 1, 0], type=types.uint64()),
                "number": arrow.Array([1.5, float("nan")], type=types.float64()),
                "truth": arrow.Array([True, None], type=types.bool()),
                "bytes": arrow.Array([b"\x00\xff", None], type=types.binary()),
                "day": arrow.Array([1, None], type=types.int32()).cast(types.date32()),
                "moment": integers.cast(types.timestamp("us", tz="UTC")),
                "price": integers.cast(types.decimal128(10, 2)),
            }
        )
    )
    assert lines_of(source) == [
        {
            "integer": 1,
            "large": 2**64 - 1,
            "number": 1.5,
            "truth": True,
            "bytes": "00ff",
            "day": "1970-01-02",
            "moment": "1970-01-01T00:00:00.000001Z",
            "price": 1.0,
        },
        {
            "integer": None,
            "large": 0,
            "number": None,
            "truth": None,
            "bytes": None,
            "day": None,
            "moment": None,
            "price": None,
        },
    ]


def test_line_separators_of_unicode_do_not_break_rows():
    assert lines_of(flat(q=["a\u2028b\nc\r\x85"])) == [{"q": "a\u2028b\nc\r\x85"}]


RECORDS = [converse(f"question {number} " * 20, f"answer {number}") for number in range(2000)]
GOOD = nested(RECORDS)
HOSTILE = {
    "cut": (GOOD[:-50], "ends early"),
    "magic alone": (b"PAR1", "ends early"),
    "magic twice": (b"PAR1PAR1PAR1", "break after"),
    "noise between": (b"PAR1" + b"\x15\x04" * 1000 + b"PAR1", "break after"),
    "a footer that claims to be huge": (b"PAR1" + b"\xff" * 40 + b"\xff\xff\xff\x7fPAR1", "break"),
    "a corrupt page": (GOOD[:4] + b"\xff" * 50 + GOOD[54:], "break after"),
    "encrypted": (b"PARE" + GOOD[4:-4] + b"PARE", "encrypted"),
    "no columns that are a record": (flat(x=["1"]), None),
}


@pytest.mark.parametrize(("source", "told"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_in_words(judge, source, told):
    if told is None:
        assert judge(source).verdicts == {1: "fields-missing"}
        return
    with pytest.raises(DatasetRejected, match=told):
        judge(source)


# In a process of its own: a gigabyte here would hide what judging it takes.
WRITES_A_BOMB = """
import sys
import arro3.core as arrow, arro3.io

values = ["x" * int(sys.argv[1])] * int(sys.argv[2])
table = arrow.Table.from_pydict(
    {"prompt": arrow.Array(values, type=arrow.DataType.string())}
)
arro3.io.write_parquet(
    table, sys.argv[3], compression="zstd(1)", dictionary_page_size_limit=2**28
)
"""


@pytest.mark.parametrize(("length", "count"), [(2**24, 60), (2**28, 1)], ids=["dictionary", "page"])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_bomb_costs_a_child_its_life_and_not_this_process(judge, tmp_path, length, count):
    path = tmp_path / "bomb.parquet"
    program = [sys.executable, "-c", WRITES_A_BOMB, str(length), str(count), path]
    subprocess.run(program, check=True)
    bomb = path.read_bytes()
    assert len(bomb) < 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(DatasetRejected, match="cannot be decoded after 0 rows within the memory"):
        judge(bomb)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_whoever_reads_no_further_leaves_no_process(monkeypatch):
    started = []
    popen = subprocess.Popen

    def remembered(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(parquet.subprocess, "Popen", remembered)
    rows = parquet.json_lines([GOOD], nulls=False)
    assert next(rows).startswith(b'{"messages":')
    rows.close()

    assert started[0].poll() is not None


def test_a_module_of_the_users_folder_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "arro3").mkdir()
    (tmp_path / "arro3" / "__init__.py").write_text("raise SystemExit(7)\n")
    monkeypatch.chdir(tmp_path)

    assert lines_of(flat(q=["a"])) == [{"q": "a"}]


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2**16))
def test_no_bytes_raise_anything_but_a_refusal(noise, place):
    start = place % len(GOOD)
    sources = (
        b"PAR1" + noise + b"PAR1",
        GOOD[:start] + noise + GOOD[start + len(noise) :],
    )
    for source in sources:
        try:
            for _ in parquet.json_lines([source], nulls=False):
                pass
        except DatasetRejected:
            pass

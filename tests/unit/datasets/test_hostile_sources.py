"""Every family of hostile input gets a verdict, on the exact line, and nothing else is lost."""

import bz2
import gzip
import json
import tracemalloc

import pytest

from bedrock_customization_runtime.errors import DatasetRejected

GOOD = b'{"prompt":"what","completion":"this"}'
COLUMNS = {"prompt": "{q}", "completion": "{a}"}


def converse(*roles: str, content: object = None, **fields: object) -> bytes:
    blocks = [{"text": "hello"}] if content is None else content
    return json.dumps(
        {"messages": [{"role": role, "content": blocks} for role in roles], **fields}
    ).encode()


BAD_LINES = {
    "not JSON": (b"hello", "json-malformed"),
    "cut last record": (b'{"prompt":"what","compl', "json-cut"),
    "cut before the brace": (b'{"prompt":"what"', "json-cut"),
    "two objects": (GOOD + b" " + GOOD, "json-two-values"),
    "array": (b'["what","this"]', "json-not-object"),
    "string": (b'"what"', "json-not-object"),
    "null": (b"null", "json-not-object"),
    "single quotes": (b"{'prompt':'what','completion':'this'}", "json-malformed"),
    "trailing comma": (b'{"prompt":"what","completion":"this",}', "json-malformed"),
    "NaN": (b'{"prompt":"what","completion":NaN}', "json-number"),
    "minus Infinity": (b'{"prompt":"what","completion":-Infinity}', "json-number"),
    "1e999": (b'{"prompt":"what","completion":1e999}', "json-number"),
    "5,000 digits": (b'{"prompt":"what","completion":' + b"9" * 5000 + b"}", "json-number"),
    "duplicate key": (b'{"prompt":"what","prompt":"why","completion":"x"}', "json-duplicate-key"),
    "duplicate key, escaped": (
        b'{"prompt":"what","pr\\u006fmpt":"why","completion":"x"}',
        "json-duplicate-key",
    ),
    "duplicate key, deep": (
        b'{"messages":[{"role":"user","role":"user","content":[{"text":"x"}]}]}',
        "json-duplicate-key",
    ),
    "high surrogate alone": (b'{"prompt":"\\ud800","completion":"x"}', "json-lone-surrogate"),
    "low surrogate alone": (b'{"prompt":"\\udc00 x","completion":"x"}', "json-lone-surrogate"),
    "surrogate in a key": (b'{"\\ud800":1,"prompt":"a","completion":"x"}', "json-lone-surrogate"),
    "surrogate as UTF-8": (b'{"prompt":"\xed\xa0\x80","completion":"x"}', "invalid-utf-8"),
    "Latin-1": ('{"prompt":"caf\u00e9","completion":"x"}'.encode("latin-1"), "invalid-utf-8"),
    "truncated UTF-8": (b'{"prompt":"\xe2\x82","completion":"x"}', "invalid-utf-8"),
    "overlong UTF-8": (b'{"prompt":"\xc0\xaf","completion":"x"}', "invalid-utf-8"),
    "raw NUL": (b'{"prompt":"a\x00b","completion":"x"}', "json-malformed"),
    "nested 100,000 deep": (b"[" * 100_000, "json-too-deep"),
    "nested deep inside": (b'{"prompt":' * 100 + b"1" + b"}" * 100, "json-too-deep"),
    "4 MB key": (b'{"' + b"k" * 4_000_000 + b'":1}', "line-too-long"),
    "missing field": (b'{"prompt":"what"}', "fields-missing"),
    "wrong case": (b'{"Prompt":"what","Completion":"this"}', "fields-missing"),
    "extra field": (b'{"prompt":"what","completion":"this","x":1}', "field-unknown"),
    "null field": (b'{"prompt":"what","completion":null}', "field-type"),
    "wrongly typed field": (b'{"prompt":["what"],"completion":"this"}', "field-type"),
    "200,000 keys": (
        b"{" + b",".join(b'"%d":1' % key for key in range(200_000)) + b"}",
        "line-too-long",
    ),
    "50,000 keys": (
        b"{" + b",".join(b'"%d":1' % key for key in range(50_000)) + b"}",
        "fields-missing",
    ),
    "empty answer": (b'{"prompt":"what","completion":""}', "empty-turn"),
    "invisible answer": (
        b'{"prompt":"what","completion":"\xe2\x80\x8b\xe3\x85\xa4"}',
        "empty-turn",
    ),
    "empty object": (b"{}", "fields-missing"),
    "assistant first": (converse("assistant", "user"), "role-order"),
    "user twice": (converse("user", "user"), "role-order"),
    "user last": (converse("user", "assistant", "user"), "role-order"),
    "system role": (converse("system", "user", "assistant"), "role-order"),
    "no messages": (converse(), "role-order"),
    "messages as text": (b'{"messages":"hello"}', "field-type"),
    "content as a number": (converse("user", "assistant", content=7), "field-type"),
    "content without blocks": (converse("user", "assistant", content=[]), "empty-turn"),
    "image": (
        converse("user", "assistant", content=[{"image": {"format": "png"}}]),
        "content-not-taken",
    ),
    "reserved word": (b'{"prompt":"User: what","completion":"this"}', "reserved-word"),
    "reserved word in the system": (
        converse("user", "assistant", system=[{"text": "[EOS]"}]),
        "reserved-word",
    ),
    "too many tokens": (
        json.dumps({"prompt": "word " * 40_000, "completion": "x"}).encode(),
        "too-many-tokens",
    ),
}


@pytest.mark.parametrize(("line", "rule"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_rejected_by_number_and_its_neighbours_stay(judge, line, rule):
    judged = judge(b"\n".join((GOOD, GOOD, line, GOOD)))

    assert judged.verdicts == {3: rule}
    assert judged.read == 4
    assert len(judged.accepted) == 3


@pytest.mark.parametrize(("line", "rule"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_last_line_without_a_line_end_is_rejected_too(judge, line, rule):
    assert judge(GOOD + b"\n" + line).verdicts == {2: rule}


def test_the_original_of_a_rejected_line_is_kept(judge):
    judged = judge(b'{"prompt":"caf\xe9"}\n' + b'{"prompt":1}\n' + GOOD)

    assert judged.rejected[0]["original_base64"] == "eyJwcm9tcHQiOiJjYWbpIn0="
    assert judged.rejected[1]["original"] == '{"prompt":1}'


GOOD_SOURCES = {
    "no final newline": GOOD + b"\n" + GOOD,
    "CR LF": GOOD + b"\r\n" + GOOD + b"\r\n",
    "CR": GOOD + b"\r" + GOOD + b"\r",
    "BOM first": b"\xef\xbb\xbf" + GOOD + b"\n" + GOOD,
    "BOM in the middle": GOOD + b"\n\xef\xbb\xbf" + GOOD,
    "blank lines": b"\n\n" + GOOD + b"\n   \n" + GOOD + b"\n\n",
    "gzip": gzip.compress(GOOD + b"\n" + GOOD),
    "gzip of two members": gzip.compress(GOOD + b"\n") + gzip.compress(GOOD),
    "padded gzip": gzip.compress(GOOD + b"\n" + GOOD) + b"\0" * 512,
    "CSV under a .jsonl name": b"q,a\nwhat,this\nwhat,this\n",
}


@pytest.mark.parametrize("source", GOOD_SOURCES.values(), ids=GOOD_SOURCES.keys())
@pytest.mark.parametrize("step", [1, 7, 1_000_000])
def test_a_source_is_read_whatever_its_dress_and_the_size_of_its_pieces(judge, source, step):
    pieces = [source[start : start + step] for start in range(0, len(source), step)]
    judged = judge(pieces, template=COLUMNS if source.startswith(b"q") else None)

    assert judged.rejected == []
    assert [record["texts"] for record in judged.accepted] == [["what", "this"]] * 2


def test_line_numbers_are_those_of_an_editor_for_every_line_end(judge):
    for end in (b"\n", b"\r\n", b"\r"):
        assert judge(end.join((GOOD, b"", b"x", GOOD, b"y"))).verdicts == {
            3: "json-malformed",
            5: "json-malformed",
        }


FOREIGN = {
    "UTF-16 with BOM": (GOOD.decode().encode("utf-16"), "UTF-16"),
    "UTF-16 without": (GOOD.decode().encode("utf-16-le"), "UTF-16"),
    "UTF-32": (GOOD.decode().encode("utf-32"), "UTF-32"),
    "zip": (b"PK\x03\x04" + b"x" * 100, "zip archive"),
    "Parquet": (b"PAR1" + b"\x15\x04" * 100, "Parquet"),
    "bzip2": (bz2.compress(GOOD), "bzip2"),
    "JSON array": (b"[" + GOOD + b"," + GOOD + b"]", "JSON array"),
    "indented JSON array": (b"[\n  " + GOOD + b"\n]", "JSON array"),
    "indented JSON": (json.dumps(json.loads(GOOD), indent=2).encode(), "indented JSON"),
    "gzip inside gzip": (gzip.compress(gzip.compress(GOOD)), "gzip inside gzip"),
    "cut gzip": (gzip.compress(GOOD * 100)[:-9], "end early"),
    "broken gzip": (gzip.compress(GOOD * 100)[:-8] + bytes(8), "break after"),
    "CSV without a template": (b"q,a\nwhat,this\n", "no template"),
}


@pytest.mark.parametrize(("source", "named"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_file_is_refused_by_what_it_is(judge, source, named):
    with pytest.raises(DatasetRejected, match=named):
        judge(source)


def test_a_gzip_bomb_is_refused_long_before_it_is_unpacked(judge):
    bomb = gzip.compress(b"x" * 50_000_000)

    with pytest.raises(DatasetRejected, match="200-fold"):
        judge(bomb)


@pytest.mark.parametrize("source", [b"", b"\n\n\n", b"\xef\xbb\xbf", b"q,a\n"], ids=repr)
def test_a_source_without_records_has_none(judge, source):
    assert judge(source, template=COLUMNS).read == 0


def test_a_million_blank_lines_are_counted_and_passed_over(judge):
    judged = judge([GOOD, b"\n" * 1_000_000, GOOD + b"\nx\n"])

    assert judged.verdicts == {1_000_002: "json-malformed"}
    blank = judged.findings["blank-line"]
    assert (blank.count, blank.lines[:3]) == (999_999, (2, 3, 4))


def test_a_line_of_200_mb_is_never_held_whole(judge):
    def chunks():
        yield GOOD + b'\n{"prompt":"'
        for _ in range(200):
            yield b"x" * 1_000_000
        yield b'"}\n' + GOOD

    tracemalloc.start()
    judged = judge(chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert judged.verdicts == {2: "line-too-long"}
    assert len(judged.accepted) == 2
    assert peak < 32_000_000


def test_a_million_brackets_are_refused_without_recursion(judge):
    assert judge(GOOD + b"\n" + b'{"a":' * 150_000).verdicts == {2: "json-too-deep"}


def test_brackets_inside_strings_are_no_nesting(judge):
    line = json.dumps({"prompt": "[{" * 500 + '"[', "completion": "x"}).encode()

    assert judge(line).rejected == []


def test_colons_after_quotes_inside_strings_are_no_keys(judge):
    line = json.dumps({"prompt": '{"a": 1, "a": 2}', "completion": '"":'}).encode()

    assert judge(line).rejected == []

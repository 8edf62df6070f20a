import csv
import io

import pytest

from bedrock_customization_runtime.errors import DatasetRejected

COLUMNS = {"prompt": "{q}", "completion": "{a}"}


@pytest.fixture
def read(judge):
    return lambda source: judge(source, template=COLUMNS)


def test_quotes_commas_and_line_ends_inside_fields_are_text(read):
    judged = read(b'q,a\n"say ""hi"", please","one\ntwo"\nwhat,this\n')

    assert [record["texts"] for record in judged.accepted] == [
        ['say "hi", please', "one\ntwo"],
        ["what", "this"],
    ]


def test_a_record_is_numbered_by_the_line_it_begins_on(read):
    judged = read(b'q,a\n"one\ntwo\nthree",x\nwhat\n"four\nfive"\nwhy,so\n')

    assert judged.verdicts == {5: "csv-ragged", 6: "csv-ragged"}
    assert judged.rejected[1]["original"] == '"four\nfive"'


def test_an_unclosed_quote_costs_its_own_line_only(read):
    judged = read(b'q,a\n"what,this\nwhy,so\nwho,me\n')

    assert judged.verdicts == {2: "csv-quote"}
    assert [record["texts"][0] for record in judged.accepted] == ["why", "who"]


def test_an_undoubled_quote_is_found_where_it_is(read):
    judged = read(b'q,a\nwhy,so\n"say "hi" now",x\nwho,me\n"ok",yes\n')

    assert judged.verdicts == {3: "csv-quote"}
    assert len(judged.accepted) == 3


def test_an_open_quote_followed_by_quoted_lines_does_not_swallow_them(read):
    judged = read(b'q,a\n"open,x\n"one",1\n"two",2\n')

    assert judged.verdicts == {2: "csv-quote"}
    assert [record["texts"] for record in judged.accepted] == [["one", "1"], ["two", "2"]]


def test_a_file_of_run_on_quotes_is_judged_in_linear_time(read):
    judged = read(b"q,a\n" + b'a","b\n' * 300_000)

    assert judged.accepted == []
    assert judged.findings["csv-quote"].lines[0] == 2


def test_ragged_rows_say_how_many_fields_they_have(read):
    judged = read(b"q,a\none\none,two,three\nwhat,this\n")

    assert judged.verdicts == {2: "csv-ragged", 3: "csv-ragged"}
    assert "3 fields, the header has 2" in judged.rejected[1]["reason"]


def test_bytes_of_another_encoding_are_found_on_their_line(read):
    judged = read("q,a\nwhat,this\ncafé,x\nwhy,so\n".encode("latin-1"))

    assert judged.verdicts == {3: "invalid-utf-8"}
    assert len(judged.accepted) == 2


def test_a_field_may_fill_a_line(read):
    long = "word " * 10_000

    assert read(f"q,a\n{long},x\n".encode()).accepted[0]["texts"][0] == long.strip()


def test_a_line_beyond_the_limit_is_rejected_and_the_next_is_read(read):
    judged = read(b"q,a\n" + b"x" * 3_000_000 + b",y\nwhat,this\n")

    assert judged.verdicts == {2: "line-too-long"}
    assert len(judged.accepted) == 1


def test_nul_bytes_are_removed_and_counted(read):
    judged = read(b"q,a\nwh\0at,this\n")

    assert judged.accepted[0]["texts"] == ["what", "this"]
    assert judged.findings["invisible-characters"].lines == (2,)


def test_formulas_and_markup_are_text_like_any_other(read):
    judged = read(b"q,a\n=1+1,<script>alert(1)</script>\n")

    assert judged.accepted[0]["texts"] == ["=1+1", "<script>alert(1)</script>"]


def test_what_pythons_own_writer_writes_is_read_back(read):
    texts = ['a"b', "c,d", "e\nf", "g'h", "i;j\tk", '"""']
    target = io.StringIO()
    csv.writer(target).writerows([["q", "a"], *([text, "x"] for text in texts)])

    judged = read(target.getvalue().encode())

    assert [record["texts"][0] for record in judged.accepted] == texts


def test_a_header_with_a_byte_order_mark_and_spaces_names_its_columns(read):
    judged = read(b"\xef\xbb\xbfq , a\nwhat,this\n")

    assert judged.accepted[0]["texts"] == ["what", "this"]
    assert judged.findings["byte-order-mark"].lines == (1,)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (b"q,a,q", "'q' more than once"),
        (b'"q,a', "line 1 cannot be read"),
        (b"q,\xe9", "not UTF-8"),
        (b"question;answer", "line 1 holds semicolons and no comma"),
        (b"question\tanswer", "holds tabs"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(read, header, named):
    with pytest.raises(DatasetRejected, match=named):
        read(header + b"\nwhat,this,that\n")

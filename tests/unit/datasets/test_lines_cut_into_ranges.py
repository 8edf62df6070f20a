"""Ranges of whole lines, and lines counted where they pass."""

from hypothesis import given, strategies as st

from bedrock_customization_runtime.datasets.reading.lines import LineCounter, lines
from bedrock_customization_runtime.sharded_preparation.planning import line_ranges

SOURCES = st.lists(
    st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b"\xff", b"long line " * 5]), max_size=60
).map(b"".join)
LENGTHS = st.integers(1, 80)


def ranges_of(source, length):
    def line_end(offset):
        return source.find(b"\n", offset) + 1 or len(source)

    return line_ranges(len(source), length, line_end)


@given(SOURCES, LENGTHS)
def test_the_ranges_are_the_source(source, length):
    ranges = ranges_of(source, length)
    assert b"".join(source[start:end] for start, end in ranges) == source


@given(SOURCES, LENGTHS)
def test_every_cut_is_after_a_line_feed(source, length):
    for _, end in ranges_of(source, length)[:-1]:
        assert source[end - 1 : end] == b"\n"


@given(SOURCES, LENGTHS)
def test_a_range_is_no_longer_than_its_last_line_asks_for(source, length):
    for start, end in ranges_of(source, length)[:-1]:
        assert end - start >= length
        assert b"\n" not in source[start + length - 1 : end - 1]


@given(SOURCES, LENGTHS)
def test_the_lines_of_the_ranges_are_those_of_the_source(source, length):
    found = []
    for start, end in ranges_of(source, length):
        counter = LineCounter()
        before = len(found)
        found += [line.data for line in lines(counter.counted([source[start:end]]))]
        assert counter.count == len(found) - before
    assert found == [line.data for line in lines([source])]


@given(st.lists(SOURCES, max_size=5))
def test_lines_are_counted_wherever_chunks_end(chunks):
    counter = LineCounter()
    assert list(counter.counted(chunks)) == [chunk for chunk in chunks if chunk]
    assert counter.count == sum(1 for _ in lines(chunks))

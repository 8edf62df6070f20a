import json
from pathlib import Path

import pytest

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.record_formats.records import exchange

SAMPLES = Path(__file__).parents[3] / "benchmarks" / "token_samples.json"
LANGUAGES = json.loads(SAMPLES.read_text())["languages"]


def estimate(text):
    turns = tokens.estimate(exchange(None, "", ""))
    found = tokens.estimate(exchange(None, text, ""))
    return found.likely - turns.likely, found.most - turns.most


# One token for each of these common words and signs, as byte-pair tokenizers have them.
@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("I am still waiting on my card?", 8),
        ("hello world " * 20, 41),
    ],
)
def test_english_is_estimated_within_a_third(text, counted):
    likely, most = estimate(text)

    assert likely == pytest.approx(counted, rel=0.34)
    assert most >= counted


@pytest.mark.parametrize(
    "text",
    [
        "prose of ordinary words",
        "日本語の文章",
        "ภาษาไทย",
        "12345 67890",
        "{}[]();:",
        "été à Noël",
        "🎉🎊",
    ],
)
def test_the_cautious_estimate_is_the_larger_one(text):
    likely, most = estimate(text)

    assert 0 < likely <= most


def test_what_looks_like_no_prose_is_counted_more_cautiously():
    _, prose = estimate("abcde " * 100)
    _, hashes = estimate("abcdeabcdeabcdeabcde" * 25)

    assert hashes > prose


# The largest counts of four public tokenizers (benchmarks/tokens.py).
@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (LANGUAGES["Polish"], 79),
        (LANGUAGES["Dutch"], 60),
        (LANGUAGES["Greek"], 210),
        (LANGUAGES["Vietnamese"], 132),
        (LANGUAGES["Thai"], 240),
        (LANGUAGES["Chinese"], 52),
        ("2024-10-15T10:30:00Z +49 30 10123456 10.99 EUR", 42),
        ("1 2 3 4 5 6 7 8 9 0 " * 4, 80),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 58),
    ],
    ids=[
        "Polish",
        "Dutch",
        "Greek",
        "Vietnamese",
        "Thai",
        "Chinese",
        "time stamp",
        "digits",
        "hash",
    ],
)
def test_the_cautious_estimate_is_not_below_what_any_tokenizer_counts(text, counted):
    assert estimate(text)[1] >= counted


@pytest.mark.parametrize(
    "text",
    [
        "prose of ordinary words",
        "1 2 3 40 500",
        "abcdefghijklmnopqrstuvwxyz" * 9,
        "f(x) = {a: [1, 2]};\n\treturn x",
        "caf\u00e9",
        "",
    ],
)
def test_many_at_once_are_estimated_like_one(text):
    one = exchange(None, text, "yes")
    content = one.content()
    joined = f"{content.question[0]}\n{content.asked}\n{content.answer}"

    alone = tokens.likely_of([joined], [2])
    among = tokens.likely_of(["other words", joined, "and more 123"], [1, 2, 1])

    assert alone[0] == among[1]

import pytest

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.records import exchange


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

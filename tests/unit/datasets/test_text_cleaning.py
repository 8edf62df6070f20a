import pytest

from bedrock_customization_runtime.datasets.cleaning import clean, is_visible


def cleaned(text):
    notes = []
    return clean(text, lambda rule: notes.append(rule.id)), notes


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "tabs\tand\n\nlines   and  spaces",
        "👩\u200d💻 and 👨\u200d👩\u200d👧",
        "❤\ufe0f\u200d🔥",
        "क्\u200dष and \u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "ภาษา\u200bไทย",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "ﬁ ™ ²",
        "שלום \u200fabc",
    ],
    ids=ascii,
)
def test_what_means_something_is_left_alone(text):
    assert cleaned(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "result", "notes"),
    [
        ("e\u0301", "é", ["unicode-normalization"]),
        (" x \n", "x", ["outer-space"]),
        ("a\x00b\x1bc\x7f", "abc", ["invisible-characters"]),
        ("pass\u200bwo\u200drd", "password", ["invisible-characters"]),
        ("\ufeffx", "x", ["invisible-characters"]),
        ("soft\u00adhyphen", "softhyphen", ["invisible-characters"]),
        ("hi\U000e0041\U000e0042", "hi", ["invisible-characters"]),
        ("a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne", ["line-ends"]),
        ("lost \ufffd", "lost \ufffd", ["replacement-character"]),
        ("a\u202eb", "a\u202eb", ["bidirectional-control"]),
    ],
    ids=ascii,
)
def test_what_means_nothing_is_repaired_and_counted(text, result, notes):
    assert cleaned(text) == (result, notes)


def test_cleaning_twice_changes_nothing_more():
    for text in ("e\u0301\u200b x\r", " \u200b x", "\x00 x \x00"):
        once = cleaned(text)[0]
        assert cleaned(once)[0] == once


@pytest.mark.parametrize("text", ["", "\u3164", "\u2800\u2800", "\u200d", "\u3000"], ids=ascii)
def test_a_text_that_shows_nothing_is_not_visible(text):
    assert not is_visible(cleaned(text)[0])

"""Repairs that change how a text is written and never what it says.

Joiners stay where writing systems use them: ZWJ inside emoji, ZWJ and ZWNJ in Indic and Arabic
scripts, zero-width space between Thai or Khmer words, tags inside flag emoji. Nothing is collapsed,
folded or respelled.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules

if TYPE_CHECKING:
    from collections.abc import Callable

# What lies below U+0530 (Latin, Greek, Cyrillic, …) never needs a joiner.
_PLAIN = "\x00-\u052f"
_UNUSUAL_ASCII = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_UNUSUAL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]"
)
_IDLE_JOINERS = re.compile(f"(?<![^{_PLAIN}])[\u200b-\u200d]+(?![^{_PLAIN}])")
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|[\U000e0000-\U000e007f]")
_BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]")
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Characters that count as letters or symbols and show nothing."""


def clean(text: str, note: Callable[[rules.Rule], None]) -> str:
    """Return the text repaired.

    Args:
        text: As it was read.
        note: Is told of each kind of repair, and of what was found and left.
    """
    if not text.isascii():
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
            note(rules.UNICODE_NORMALIZATION)
        if (not text.isprintable() or "\ufffd" in text) and _UNUSUAL.search(text):
            text = _without_unusual(text, note)
    elif not text.isprintable() and _UNUSUAL_ASCII.search(text):
        text = _without_unusual(text, note)
    stripped = text.strip()
    if len(stripped) != len(text):
        note(rules.OUTER_SPACE)
    return stripped


def is_visible(text: str) -> bool:
    """Whether a cleaned text shows anything at all."""
    if text.isascii():
        return bool(text)
    return any(
        unicodedata.category(character)[0] in "LNPS" and character not in FILLERS
        for character in text
    )


def _without_unusual(text: str, note: Callable[[rules.Rule], None]) -> str:
    with_line_feeds = _LINE_ENDS.sub("\n", text)
    if with_line_feeds != text:
        note(rules.LINE_ENDS)
    visible = _CONTROLS.sub("", with_line_feeds)
    visible = _TAGS.sub(lambda found: found[1] or "", visible)
    visible = _IDLE_JOINERS.sub("", visible)
    if visible != with_line_feeds:
        note(rules.INVISIBLE_CHARACTERS)
    if "\ufffd" in visible:
        note(rules.REPLACEMENT_CHARACTER)
    if _BIDIRECTIONAL.search(visible):
        note(rules.BIDIRECTIONAL_CONTROL)
    return visible

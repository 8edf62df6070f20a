"""Personal data and secrets: found by one RE2 pass over all patterns, confirmed by exact checks.

The pass may find too much, never too little; only the patterns that it names are then searched for
exactly, and digits must also pass the check sums of what they look like.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING

import re2

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.problems import RecordRejectedError
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Privacy(StrEnum):
    """What becomes of a record with personal data or secrets in it."""

    OFF = "off"
    """Nothing is looked for."""
    FLAG = "flag"
    """It is kept and counted."""
    MASK = "mask"
    """Each find is replaced by its kind in brackets."""
    REJECT = "reject"
    """It is left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Something that should not be learned."""

    name: str
    is_secret: bool
    trace: bytes
    """RE2, on UTF-8: matches wherever `pattern` does, and is cheap."""
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = lambda _: True
    """Whether what the pattern matched is one."""


# Numbers that say what they are look like other things: these words are matched with the number
# behind them, and what begins with a letter is then no find.
_NUMBERED = (
    r"(?:\b(?i:ean|imei|invoice|item|order|part|serial|sku|ticket|tracking|upc"
    r"|(?:account|case|model) (?:id|no|number))(?: (?i:id|no|number))?[.:]? ?#?)?"
)
_VERSIONED = (
    r"(?:\b(?i:article|build|chapter|clause|driver|figure|firmware|java|macos|paragraph|patch|release"
    r"|rule|section|table|update|ver|version|windows)s?[.:]? ?)?"
)
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}(?:\d{3})?)?|5[1-5]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|(?:352[89]|35[3-8]\d)\d{12}|6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12}(?:\d{1,3})?"
)
"""Digits and lengths that networks of payment cards give out."""
_NORTH_AMERICAN = re.compile(r"1?[2-9]\d\d[2-9]\d{6}")


def _payment_card(found: str) -> bool:
    digits = "".join(filter(str.isdigit, found))
    return _ISSUERS.fullmatch(digits) is not None and _luhn([int(digit) for digit in digits])


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(found: str) -> bool:
    compact = found.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _public_address(found: str) -> bool:
    try:
        address = ipaddress.IPv4Address(found)
    except ValueError:
        return False
    # One that ends in 0 is a network, and more often a version.
    return address.is_global and not found.endswith(".0")


def _phone(found: str) -> bool:
    digits = "".join(filter(str.isdigit, found))
    if found.startswith("("):
        return True
    if found[0].isalpha():
        return False
    if not found.startswith("+") or digits[0] == "1":
        return _NORTH_AMERICAN.fullmatch(digits) is not None
    return 8 <= len(digits) <= 15 and digits[0] != "0"  # noqa: PLR2004 - E.164, no short codes


def _secret(name: str, pattern: str) -> Kind:
    return Kind(
        name=name,
        is_secret=True,
        trace=pattern.encode(),
        pattern=re.compile(rf"(?<![A-Za-z0-9]){pattern}", re.ASCII),
    )


KINDS = (
    Kind(
        name="email",
        is_secret=False,
        trace=rb"[A-Za-z0-9]@[A-Za-z0-9]",
        pattern=re.compile(
            r"(?<![\w.+-])(?!git@)[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"
            r"(?![\w-])"
        ),
    ),
    Kind(
        name="phone",
        is_secret=False,
        trace=rb"\+[0-9][0-9 ().-]{5}|[0-9]{3}\)? ?[.-]? ?[0-9]{3}[ .-][0-9]{4}",
        pattern=re.compile(
            r"(?<![\w+./-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}|\(\d{3}\) ?\d{3}[ .-]\d{4}"
            rf"|{_NUMBERED}" + r"\d{3}[.-]\d{3}[.-]\d{4})(?![\w/-])(?!\.\d)"
        ),
        holds=_phone,
    ),
    Kind(
        name="payment_card",
        is_secret=False,
        trace=rb"[3-6](?:[0-9][ -]?){11}[0-9]",
        pattern=re.compile(r"(?<![\w.-])[3-6](?:\d[ -]?){11,17}\d(?![\w-])(?!\.\d)"),
        holds=_payment_card,
    ),
    Kind(
        name="iban",
        is_secret=False,
        trace=rb"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}",
        pattern=re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
        holds=_iban,
    ),
    Kind(
        name="ip_address",
        is_secret=False,
        trace=rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        pattern=re.compile(rf"(?<![\w.]){_VERSIONED}" + r"\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"),
        holds=_public_address,
    ),
    Kind(
        name="us_social_security_number",
        is_secret=False,
        trace=rb"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        pattern=re.compile(
            rf"(?<![\w-]){_NUMBERED}" + r"(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"
        ),
        holds=lambda found: found[0].isdigit(),
    ),
    _secret("aws_access_key", r"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    _secret("github_token", r"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})"),
    _secret("hugging_face_token", r"hf_[A-Za-z]{34}"),
    _secret("slack_token", r"xox[abeoprs]-[A-Za-z0-9-]{10}[A-Za-z0-9-]*"),
    _secret("google_api_key", r"AIza[A-Za-z0-9_-]{35}"),
    _secret("stripe_key", r"[rs]k_live_[A-Za-z0-9]{16}[A-Za-z0-9]*"),
    Kind(
        name="api_key",
        is_secret=True,
        trace=rb"sk-[A-Za-z0-9_-]{20}",
        # Names of packages and style classes begin so too, and hold no digits or capitals.
        pattern=re.compile(
            r"(?<![A-Za-z0-9])sk-(?=[a-z_-]*[A-Z0-9])(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}"
        ),
    ),
    _secret(
        "json_web_token", r"eyJ[A-Za-z0-9_-]{10}[A-Za-z0-9_-]*\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
    ),
    _secret("private_key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    Kind(
        name="password_in_url",
        is_secret=True,
        trace=rb"://[^\s/:@]{0,64}:[^\s/:@]",
        # What begins with a sign of a template stands for a password and is none.
        pattern=re.compile(r"(?<=://)[^\s/:@]{0,64}:(?![$%*<\[{])[^\s/:@]{3,64}(?=@)"),
    ),
)
"""What is looked for. A rule of the table says what becomes of it."""


def _options() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes, that is
    options.never_capture = True
    return options


# Compiled when a text needs them: a function that starts should not wait for what most do not.
@cache
def _compiled(trace: bytes) -> re2._Regexp[bytes]:
    return re2.compile(trace, _options())


@cache
def _all_kinds() -> re2.Set:
    kinds = re2.Set.SearchSet(_options())
    for kind in KINDS:
        kinds.Add(kind.trace)
    kinds.Compile()
    return kinds


class Screen:
    """Looks for all kinds at once.

    Args:
        privacy: What becomes of a record.
    """

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy
        self._any = _compiled(b"|".join(b"(?:%b)" % kind.trace for kind in KINDS))

    def traces_in(self, data: bytes) -> list[int]:
        """Return which kinds may be in a text, by number: none in most, by one search for all."""
        if self._any.search(data) is None:
            return []
        traces: list[int] = _all_kinds().Match(data)
        return traces

    def suspects(self, data: bytes, ends: Sequence[int]) -> list[int]:
        """Return which of many texts may hold something, by number.

        Args:
            data: The texts, one after the other.
            ends: Where each ends.
        """
        found = []
        start = 0
        while trace := self._any.search(data, start):
            number = bisect_right(ends, trace.start())
            found.append(number)
            # Also where the trace reaches into the next text: that one is searched from its start.
            start = ends[number]
        return found

    def screened(
        self,
        record: Record,
        traces: list[int],
        count: Callable[[str], None],
        note: Callable[[rules.Rule], None],
    ) -> Record:
        """Return the record, masked if so asked.

        Args:
            record: Of which `traces_in` said something.
            traces: What it said.
            count: Is told of each kind that is there.
            note: Is told of the rules.

        Raises:
            RecordRejectedError: It holds something, and such records are refused.
        """
        texts = [
            record.system or "",
            *(block.text or "" for message in record.messages for block in message.content),
        ]
        found = [
            KINDS[number] for number in traces if any(self._finds(number, text) for text in texts)
        ]
        for kind in found:
            count(kind.name)
        if not found:
            return record
        groups = (
            (rules.SECRET, rules.SECRET_MASKED, rules.SECRET_REJECTED, True),
            (
                rules.PERSONAL_DATA,
                rules.PERSONAL_DATA_MASKED,
                rules.PERSONAL_DATA_REJECTED,
                False,
            ),
        )
        for flag, mask, reject, is_secret in groups:
            names = ", ".join(kind.name for kind in found if kind.is_secret is is_secret)
            if not names:
                continue
            if self._privacy is Privacy.REJECT:
                raise RecordRejectedError(reject, detail=names)
            note(mask if self._privacy is Privacy.MASK else flag)
        return _masked(record, found) if self._privacy is Privacy.MASK else record

    def _finds(self, number: int, text: str) -> bool:
        kind = KINDS[number]
        return _compiled(kind.trace).search(text.encode()) is not None and any(
            kind.holds(found[0]) for found in kind.pattern.finditer(text)
        )


def mask(text: str, kinds: tuple[Kind, ...] = KINDS) -> str:
    """Return a text with every find replaced by its kind, such as `[EMAIL]`."""
    for kind in kinds:
        text = kind.pattern.sub(partial(_mark, kind), text)
    return text


def _mark(kind: Kind, found: re.Match[str]) -> str:
    return f"[{kind.name.upper()}]" if kind.holds(found[0]) else found[0]


def _masked(record: Record, kinds: list[Kind]) -> Record:
    some = tuple(kinds)
    return Record(
        mask(record.system, some) if record.system else None,
        [
            Message(
                message.role,
                [
                    block if block.text is None else ContentBlock(mask(block.text, some))
                    for block in message.content
                ],
            )
            for message in record.messages
        ],
        tools=record.tools,
        reference=record.reference,
        extra=record.extra,
    )

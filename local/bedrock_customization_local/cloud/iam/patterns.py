"""IAM's wildcards and policy variables."""

import re
from collections.abc import Callable
from functools import lru_cache

Lookup = Callable[[str], str | None]
"""Gives the value of a context key, or None when the request has none."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE_STARTS = "${"
_ESCAPES = {"*": "*", "?": "?", "$": "$"}
_ARN_COLONS = 5


def glob_matches(pattern: str, text: str, lookup: Lookup, *, ignore_case: bool = False) -> bool:
    """Tell whether the text matches a pattern of `*`, `?` and policy variables.

    A variable that the request has no value for matches nothing.
    """
    if _VARIABLE_STARTS not in pattern:
        return _glob_fits(pattern, text, ignore_case=ignore_case)
    pieces = _resolved(pattern, lookup)
    if pieces is None:
        return False
    return _glob(pieces, ignore_case=ignore_case).fullmatch(text) is not None


def arn_matches(pattern: str, arn: str, lookup: Lookup) -> bool:
    """Tell whether an ARN matches; a wildcard stays within its part, but for the last part."""
    if pattern == "*":
        return True
    if _VARIABLE_STARTS not in pattern:
        return _arn_fits(pattern, arn)
    pieces = _resolved(pattern, lookup)
    if pieces is None:
        return False
    return _arn(pieces).fullmatch(arn) is not None


def substituted(text: str, lookup: Lookup) -> str | None:
    """Return the text with its policy variables replaced, None if one has no value."""
    pieces = _resolved(text, lookup)
    return None if pieces is None else "".join(piece for piece, _ in pieces)


_Pieces = tuple[tuple[str, bool], ...]
"""Stretches of text, each with whether it is literal: its wildcards mean themselves."""


def _resolved(pattern: str, lookup: Lookup) -> _Pieces | None:
    pieces: list[tuple[str, bool]] = []
    position = 0
    for variable in _VARIABLE.finditer(pattern):
        value = _value(variable[1], lookup)
        if value is None:
            return None
        pieces += [(pattern[position : variable.start()], False), (value, True)]
        position = variable.end()
    return (*pieces, (pattern[position:], False))


def _value(variable: str, lookup: Lookup) -> str | None:
    if variable in _ESCAPES:
        return _ESCAPES[variable]
    key, _, default = variable.partition(",")
    value = lookup(key.strip())
    return default.strip().strip("'") if value is None and default else value


# The same roles ask for the same again and again: most answers are known.
@lru_cache(maxsize=16_384)
def _glob_fits(pattern: str, text: str, *, ignore_case: bool) -> bool:
    return _glob(((pattern, False),), ignore_case=ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=16_384)
def _arn_fits(pattern: str, arn: str) -> bool:
    return _arn(((pattern, False),)).fullmatch(arn) is not None


@lru_cache(maxsize=4096)
def _glob(pieces: _Pieces, *, ignore_case: bool) -> re.Pattern[str]:
    flags = re.DOTALL | re.IGNORECASE if ignore_case else re.DOTALL
    return re.compile(_expression(pieces, lambda _colons: "."), flags)


@lru_cache(maxsize=4096)
def _arn(pieces: _Pieces) -> re.Pattern[str]:
    colons = sum(piece.count(":") for piece, _ in pieces)
    if colons < _ARN_COLONS:  # a shortened ARN, whose last wildcard stands for the rest
        return re.compile(_expression(pieces, lambda _colons: "."), re.DOTALL)
    return re.compile(
        _expression(pieces, lambda seen: "." if seen >= _ARN_COLONS else "[^:]"), re.DOTALL
    )


def _expression(pieces: _Pieces, any_character: Callable[[int], str]) -> str:
    """Return a regular expression that never backtracks across a `*`: no pattern is slow.

    Args:
        pieces: The pattern.
        any_character: Gives what a wildcard may match after so many colons.
    """
    expression, star, colons = "", "", 0
    for text, literal in pieces:
        for character in text:
            if character == "*" and not literal:
                if star:
                    expression += ")"
                star = f"(?>{any_character(colons)}*?"
                expression += star
            elif character == "?" and not literal:
                expression += any_character(colons)
            else:
                colons += character == ":"
                expression += re.escape(character)
    if not star:
        return expression
    # The last star must reach the end: it may not stop at the first fit.
    head, _, tail = expression.rpartition(star)
    return f"{head}{star[3:-1]}{tail}"

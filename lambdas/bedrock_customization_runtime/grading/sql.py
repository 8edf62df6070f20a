"""Is one SQL statement the other, written differently?

Both are parsed, and compared as sqlglot writes them: spaces, comments, the case of keywords and of
unquoted names, `AS`, brackets without meaning and the order of conditions joined by AND or OR do
not count. Whether two different statements find the same rows, no parser can tell.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract.grading import NotGraded
from bedrock_customization_runtime.grading.samples import NotGradedError

if TYPE_CHECKING:
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.expressions import Expr

    from bedrock_customization_runtime.grading.samples import Sample

_MAXIMUM_CHARACTERS = 40_000
_MAXIMUM_TOKENS = 2000
"""Of a statement: some of sqlglot's time grows with their square, to two seconds here."""


def sql_equality(sample: Sample, *, dialect: str) -> float:
    """Return 1 if answer and reference are the same statement.

    Args:
        sample: Both are a single statement, with or without a semicolon.
        dialect: Value of `SqlDialect`.
    """
    wanted = canonical(sample.reference_text(), dialect)
    if wanted is None:
        raise NotGradedError(NotGraded.REFERENCE_UNREADABLE)
    given = canonical(sample.answer, dialect)
    if given is None:
        raise NotGradedError(NotGraded.ANSWER_UNREADABLE)
    return float(wanted == given)


def canonical(text: str, dialect: str) -> str | None:
    """Return the one way to write a statement, None where the text is no single statement.

    Args:
        text: With or without a semicolon.
        dialect: Value of `SqlDialect`, or "" for what sqlglot takes from all of them.
    """
    # Imported here: only this way to grade needs sqlglot, which takes a fifth of a second.
    from sqlglot.dialects.dialect import Dialect  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415
    from sqlglot.optimizer.normalize_identifiers import normalize_identifiers  # noqa: PLC0415
    from sqlglot.optimizer.simplify import simplify  # noqa: PLC0415

    _silence()
    try:
        statement = _statement(text, Dialect.get_or_raise(dialect))
        if statement is None:
            return None
        normalized = normalize_identifiers(statement, dialect=dialect)
        simplified: Expr = simplify(normalized, dialect=dialect)
        return simplified.sql(dialect, comments=False)
    except (SqlglotError, RecursionError):
        return None


def orders_rows(text: str, dialect: str) -> bool:
    """Return whether a statement itself, not one within it, says in which order rows come.

    Args:
        text: A statement; what is none orders nothing.
        dialect: As of `canonical`.
    """
    from sqlglot.dialects.dialect import Dialect  # noqa: PLC0415 - as above
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    _silence()
    try:
        statement = _statement(text, Dialect.get_or_raise(dialect))
    except (SqlglotError, RecursionError):
        return False
    return statement is not None and statement.args.get("order") is not None


@cache
def _silence() -> None:
    # Its warnings quote the statement.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)


def _statement(text: str, dialect: Dialect) -> Expr | None:
    from sqlglot.expressions import Command  # noqa: PLC0415

    if len(text) > _MAXIMUM_CHARACTERS:
        return None
    tokens = dialect.tokenize(text)
    if len(tokens) > _MAXIMUM_TOKENS:
        return None
    found = [one for one in dialect.parser().parse(tokens, text) if one is not None]
    # A command is what sqlglot keeps as text because it does not understand it.
    return found[0] if len(found) == 1 and not isinstance(found[0], Command) else None

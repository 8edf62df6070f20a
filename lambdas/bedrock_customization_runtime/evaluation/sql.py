"""Metrics of text-to-SQL: is it the same statement, and does it find the same rows?

Statements come from models, and a model may have been told anything: they run on a copy of the
database that is open for reading alone, under an authorizer that lets only reads pass, for so many
steps, and may find so many rows.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from bedrock_customization_runtime.contract.grading import SqlDialect
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation.texts import averaged
from bedrock_customization_runtime.grading.sql import canonical, orders_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bedrock_customization_runtime.evaluation.texts import Matrix, Texts

_STEPS_AT_ONCE = 10_000
_MAXIMUM_STEPS = 10_000_000
"""Of SQLite's virtual machine: about a second. Unlike a second they are the same everywhere."""
_SECONDS = 3.0
"""The net below it, for a step that itself takes long."""
_ROWS = 10_000
_RESULT_BYTES = 16 * 2**20
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 2**20,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 2**16,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
}
_HEAP = 256 * 2**20
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_FORBIDDEN = {"load_extension", "fts3_tokenizer", "random", "randomblob"}
"""Functions that run code, or say something else each time."""


class _TooMuchError(Exception):
    """A statement finds more than is compared."""


_CANNOT_RUN = (
    sqlite3.Error,
    sqlite3.Warning,
    ValueError,
    OverflowError,
    MemoryError,
    _TooMuchError,
)


def sql_equality(dialect: str) -> Callable[[Texts], Matrix]:
    """Return what measures how many answers are the reference's own statement.

    Args:
        dialect: Value of `SqlDialect`, or "" for what all of them share.
    """
    written = cache(lambda text: canonical(text, dialect))

    def same(reference: str, answer: str | None) -> bool:
        if answer is None:
            return False
        given = written(answer)
        return given is not None and given == written(reference)

    def measure(texts: Texts) -> Matrix:
        return averaged(
            [
                float(same(reference, answer))
                for reference, answer in zip(texts.references, texts.answers, strict=True)
            ]
        )

    return measure


def not_sql(texts: Texts, dialect: str) -> int:
    """Return how many answers are no statement at all."""
    return sum(
        answer is not None and canonical(answer, dialect) is None for answer in texts.answers
    )


def execution_accuracy(database: Path) -> Callable[[Texts], Matrix]:
    """Return what measures how many answers find the reference's rows in a SQLite database.

    Rows are compared as a bag, and in order where the reference's statement orders them; columns
    by position, whatever their names. A reference that cannot be run is nobody's point.

    Args:
        database: Its file.
    """
    found = cache(lambda statement, ordered: _digest(database, statement, ordered=ordered))
    is_ordered = cache(lambda reference: orders_rows(reference, SqlDialect.SQLITE.value))

    def same(reference: str, answer: str | None) -> bool:
        if answer is None:
            return False
        ordered = is_ordered(reference)
        wanted = found(reference, ordered)
        return wanted is not None and wanted == found(answer, ordered)

    def measure(texts: Texts) -> Matrix:
        if all(found(one, is_ordered(one)) is None for one in texts.references):
            raise EvaluationFailed(
                "no reference statement runs on the database of execution_accuracy: check that it "
                "is the one the statements were written for"
            )
        return averaged(
            [
                float(same(reference, answer))
                for reference, answer in zip(texts.references, texts.answers, strict=True)
            ]
        )

    return measure


def _digest(database: Path, statement: str, *, ordered: bool) -> bytes | None:
    """Return a digest of the rows that a statement finds, None where it may or can not run."""
    deadline, steps = time.monotonic() + _SECONDS, 0

    def goes_too_far() -> bool:
        nonlocal steps
        steps += _STEPS_AT_ONCE
        return steps > _MAXIMUM_STEPS or time.monotonic() > deadline

    uri = f"file:{quote(str(database))}?mode=ro&immutable=1"
    with (
        suppress(*_CANNOT_RUN),
        closing(sqlite3.connect(uri, uri=True)) as connection,
    ):
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        connection.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
        # Text that is no UTF-8 is compared too.
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(goes_too_far, _STEPS_AT_ONCE)
        return _digested(connection.execute(statement), ordered=ordered)
    return None


def _digested(cursor: sqlite3.Cursor, *, ordered: bool) -> bytes | None:
    if cursor.description is None:
        return None
    rows: list[bytes] = []
    size = 0
    for row in cursor:
        rows.append(repr(tuple(map(_comparable, row))).encode(errors="surrogateescape"))
        size += len(rows[-1])
        if len(rows) > _ROWS or size > _RESULT_BYTES:
            raise _TooMuchError
    if not ordered:
        rows.sort()
    digest = sha256(len(cursor.description).to_bytes(4, "big"))
    for one in rows:
        digest.update(len(one).to_bytes(8, "big") + one)
    return digest.digest()


def _comparable(value: object) -> object:
    """Return a value so that 2 is 2.0, and sums of fractions do not differ by their order."""
    if isinstance(value, float):
        rounded = float(f"{value:.10g}")
        return int(rounded) if rounded.is_integer() else rounded
    return value


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None
) -> int:
    del first
    if action not in _READS or (
        action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN
    ):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK

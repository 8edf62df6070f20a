"""Every rule of the data engine, in one table: what it finds, why that matters, how to mend it.

A rule's verdict says what becomes of a record that breaks it. Limits themselves (counts, tokens,
reserved words) are not here: they come from the catalogue. One module for each family.
"""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules import (
    blocks,
    cleaning,
    columns,
    data_set,
    limits,
    logs,
    media,
    privacy,
    quality,
    shapes,
    source,
)
from bedrock_customization_runtime.datasets.rules.blocks import (
    CONTENT_BLOCK,
    CONTENT_NOT_TAKEN,
    REASONING,
    TOOL_CONFIG,
    TOOL_RESULT,
    TOOL_UNANSWERED,
    TOOL_USE,
)
from bedrock_customization_runtime.datasets.rules.cleaning import (
    INVISIBLE_CHARACTERS,
    LINE_ENDS,
    OUTER_SPACE,
    UNICODE_NORMALIZATION,
)
from bedrock_customization_runtime.datasets.rules.columns import (
    COLUMN_EMPTY,
    COLUMN_MISSING,
    COLUMN_NOT_TEXT,
)
from bedrock_customization_runtime.datasets.rules.data_set import (
    BLIND_SET_SMALL,
    FEW_RECORDS,
    LABEL_ONLY_TESTED,
    NEAR_COPIES,
    SPLIT_OFF_TARGET,
    TRAINING_COPY,
)
from bedrock_customization_runtime.datasets.rules.limits import (
    RECORD_TOO_LARGE,
    RESERVED_WORD,
    TOO_MANY_TOKENS,
)
from bedrock_customization_runtime.datasets.rules.logs import (
    LOG_FAILED,
    LOG_MULTI_TURN,
    LOG_NOT_TEXT,
    LOG_OUTSIDE,
    LOG_UNKNOWN,
)
from bedrock_customization_runtime.datasets.rules.media import (
    MEDIA_BUCKET,
    MEDIA_COUNT,
    MEDIA_FORMAT,
    MEDIA_MIXED,
    MEDIA_SOURCE,
    MEDIA_TURN,
    MEDIA_URI,
)
from bedrock_customization_runtime.datasets.rules.privacy import (
    PERSONAL_DATA,
    PERSONAL_DATA_MASKED,
    PERSONAL_DATA_REJECTED,
    SECRET,
    SECRET_MASKED,
    SECRET_REJECTED,
)
from bedrock_customization_runtime.datasets.rules.quality import (
    ANSWER_IS_QUESTION,
    ANSWER_SCRIPT,
    BIDIRECTIONAL_CONTROL,
    CHAT_TEMPLATE,
    CONFLICTING_ANSWERS,
    MOJIBAKE,
    REPETITION,
    REPLACEMENT_CHARACTER,
)
from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict
from bedrock_customization_runtime.datasets.rules.shapes import (
    EMPTY_TURN,
    FIELD_TYPE,
    FIELD_UNKNOWN,
    FIELDS_MISSING,
    MULTI_TURN,
    REFERENCE_MISSING,
    ROLE_ORDER,
    SCHEMA_VERSION,
    SHAPE_UNFIT,
    SINGLE_TURN,
    SYSTEM_MISSING,
)
from bedrock_customization_runtime.datasets.rules.source import (
    BLANK_LINE,
    BYTE_ORDER_MARK,
    CSV_QUOTE,
    CSV_RAGGED,
    INVALID_UTF_8,
    JSON_CUT,
    JSON_DUPLICATE_KEY,
    JSON_LONE_SURROGATE,
    JSON_MALFORMED,
    JSON_NOT_OBJECT,
    JSON_NUMBER,
    JSON_TOO_DEEP,
    JSON_TWO_VALUES,
    LINE_TOO_LONG,
)

TABLE = tuple(
    value
    for family in (
        source,
        columns,
        shapes,
        blocks,
        media,
        logs,
        limits,
        privacy,
        quality,
        cleaning,
        data_set,
    )
    for value in vars(family).values()
    if isinstance(value, Rule)
)
"""All rules, by family."""

__all__ = [
    "ANSWER_IS_QUESTION",
    "ANSWER_SCRIPT",
    "BIDIRECTIONAL_CONTROL",
    "BLANK_LINE",
    "BLIND_SET_SMALL",
    "BYTE_ORDER_MARK",
    "CHAT_TEMPLATE",
    "COLUMN_EMPTY",
    "COLUMN_MISSING",
    "COLUMN_NOT_TEXT",
    "CONFLICTING_ANSWERS",
    "CONTENT_BLOCK",
    "CONTENT_NOT_TAKEN",
    "CSV_QUOTE",
    "CSV_RAGGED",
    "EMPTY_TURN",
    "FEW_RECORDS",
    "FIELDS_MISSING",
    "FIELD_TYPE",
    "FIELD_UNKNOWN",
    "INVALID_UTF_8",
    "INVISIBLE_CHARACTERS",
    "JSON_CUT",
    "JSON_DUPLICATE_KEY",
    "JSON_LONE_SURROGATE",
    "JSON_MALFORMED",
    "JSON_NOT_OBJECT",
    "JSON_NUMBER",
    "JSON_TOO_DEEP",
    "JSON_TWO_VALUES",
    "LABEL_ONLY_TESTED",
    "LINE_ENDS",
    "LINE_TOO_LONG",
    "LOG_FAILED",
    "LOG_MULTI_TURN",
    "LOG_NOT_TEXT",
    "LOG_OUTSIDE",
    "LOG_UNKNOWN",
    "MEDIA_BUCKET",
    "MEDIA_COUNT",
    "MEDIA_FORMAT",
    "MEDIA_MIXED",
    "MEDIA_SOURCE",
    "MEDIA_TURN",
    "MEDIA_URI",
    "MOJIBAKE",
    "MULTI_TURN",
    "NEAR_COPIES",
    "OUTER_SPACE",
    "PERSONAL_DATA",
    "PERSONAL_DATA_MASKED",
    "PERSONAL_DATA_REJECTED",
    "REASONING",
    "RECORD_TOO_LARGE",
    "REFERENCE_MISSING",
    "REPETITION",
    "REPLACEMENT_CHARACTER",
    "RESERVED_WORD",
    "ROLE_ORDER",
    "SCHEMA_VERSION",
    "SECRET",
    "SECRET_MASKED",
    "SECRET_REJECTED",
    "SHAPE_UNFIT",
    "SINGLE_TURN",
    "SPLIT_OFF_TARGET",
    "SYSTEM_MISSING",
    "TABLE",
    "TOOL_CONFIG",
    "TOOL_RESULT",
    "TOOL_UNANSWERED",
    "TOOL_USE",
    "TOO_MANY_TOKENS",
    "TRAINING_COPY",
    "UNICODE_NORMALIZATION",
    "Input",
    "Rule",
    "Source",
    "Verdict",
]

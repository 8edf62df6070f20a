"""Every rule of the data engine, in one table: what it finds, why that matters, how to mend it.

A rule's verdict says what becomes of a record that breaks it. Limits themselves (counts, tokens,
reserved words) are not here: they come from the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bedrock_customization_runtime.catalog.rules import RecordFormat


class Verdict(StrEnum):
    """What becomes of a record that breaks a rule."""

    REJECT = "reject"
    """It is left out, and written to the rejected records with line and rule."""
    REPAIR = "repair"
    """It is changed without changing what it says, and kept."""
    FLAG = "flag"
    """It is kept as it is, and counted."""


class Input(StrEnum):
    """The shapes of input a rule can meet."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. The sentences start in lower case and never quote a record."""

    id: str
    verdict: Verdict
    what: str
    why: str
    fix: str
    inputs: tuple[Input, ...] = tuple(Input)
    formats: tuple[RecordFormat, ...] = tuple(RecordFormat)
    """Record formats of base models for which it holds."""

    @property
    def severity(self) -> Literal["error", "warning"]:
        """What people are told: a rejected record is an error, all else a warning."""
        return "error" if self.verdict is Verdict.REJECT else "warning"


class RecordRejectedError(Exception):
    """A record breaks a rule whose verdict is REJECT."""

    def __init__(self, rule: Rule, detail: str | None = None) -> None:
        """Keep the rule, and where in the record it was broken (a place, never a value)."""
        super().__init__(rule.id)
        self.rule = rule
        self.detail = detail


_ONE_OBJECT_A_LINE = "write one complete JSON object on each line"
_JSONL = (Input.JSONL,)
_CSV = (Input.CSV,)

LINE_TOO_LONG = Rule(
    id="line-too-long",
    verdict=Verdict.REJECT,
    what="line longer than 1 MiB",
    why="no base model takes a record that long",
    fix="split the record, or look for a missing line end",
)
INVALID_UTF_8 = Rule(
    id="invalid-utf-8",
    verdict=Verdict.REJECT,
    what="bytes that are not UTF-8",
    why="guessing the encoding would teach the model broken words",
    fix="save the file as UTF-8",
)
BYTE_ORDER_MARK = Rule(
    id="byte-order-mark",
    verdict=Verdict.REPAIR,
    what="byte order mark at the start of a line",
    why="it would become part of the first word",
    fix='nothing to do; save as "UTF-8 without BOM" to avoid it',
)
BLANK_LINE = Rule(
    id="blank-line",
    verdict=Verdict.REPAIR,
    what="blank line between records",
    why="Bedrock refuses a file that has one",
    fix="nothing to do: it is left out",
)
JSON_MALFORMED = Rule(
    id="json-malformed",
    verdict=Verdict.REJECT,
    what="not a JSON object on one line",
    why="it cannot be read",
    fix=_ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_TWO_VALUES = Rule(
    id="json-two-values",
    verdict=Verdict.REJECT,
    what="more than one JSON value on a line",
    why="only the first could be read",
    fix=_ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_CUT = Rule(
    id="json-cut",
    verdict=Verdict.REJECT,
    what="JSON that ends in the middle",
    why="the rest is missing",
    fix="upload the whole file; " + _ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_NOT_OBJECT = Rule(
    id="json-not-object",
    verdict=Verdict.REJECT,
    what="a JSON value that is not an object",
    why="a record has named fields",
    fix=_ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_TOO_DEEP = Rule(
    id="json-too-deep",
    verdict=Verdict.REJECT,
    what="JSON nested more than 64 levels deep",
    why="no record is; parsers run out of stack on it",
    fix="flatten the value",
    inputs=_JSONL,
)
JSON_NUMBER = Rule(
    id="json-number",
    verdict=Verdict.REJECT,
    what="NaN, Infinity, or a number beyond 64 bits",
    why="every reader makes something else of it",
    fix="write it as a string, or leave it out",
    inputs=_JSONL,
)
JSON_DUPLICATE_KEY = Rule(
    id="json-duplicate-key",
    verdict=Verdict.REJECT,
    what="the same key twice in one object",
    why="one of the two values would be lost silently",
    fix="keep one of them",
    inputs=_JSONL,
)
JSON_LONE_SURROGATE = Rule(
    id="json-lone-surrogate",
    verdict=Verdict.REJECT,
    what="half of a surrogate pair (\\ud800 to \\udfff)",
    why="it is no character and cannot be written as UTF-8",
    fix="export the text again without cutting it inside an emoji",
    inputs=_JSONL,
)
CSV_QUOTE = Rule(
    id="csv-quote",
    verdict=Verdict.REJECT,
    what="a quote that is not closed, or not doubled inside a quoted field",
    why="it is not clear where the field ends",
    fix='write " inside a quoted field as "" and close every quote',
    inputs=_CSV,
)
CSV_RAGGED = Rule(
    id="csv-ragged",
    verdict=Verdict.REJECT,
    what="more or fewer fields than the header",
    why="the values may stand in the wrong columns",
    fix="quote fields that hold commas or line ends",
    inputs=_CSV,
)
COLUMN_MISSING = Rule(
    id="column-missing",
    verdict=Verdict.REJECT,
    what="a column of the template is missing in this object",
    why="the record would be incomplete",
    fix="write the column in every object, or leave it out of the template",
    inputs=_JSONL,
)
COLUMN_NOT_TEXT = Rule(
    id="column-not-text",
    verdict=Verdict.REJECT,
    what="a column of the template holds a list or an object",
    why="a template puts text, numbers and booleans into a sentence",
    fix="write the value as text",
    inputs=_JSONL,
)
COLUMN_EMPTY = Rule(
    id="column-empty",
    verdict=Verdict.FLAG,
    what="a column of the template is empty",
    why="the sentence around it may make no sense",
    fix="fill the column, or leave it out of the template",
)
FIELDS_MISSING = Rule(
    id="fields-missing",
    verdict=Verdict.REJECT,
    what='neither "messages" nor both "prompt" and "completion"',
    why="without a template a record must hold a conversation or a prompt and its completion",
    fix="rename the fields (letter case matters), or give a template that names your columns",
    inputs=_JSONL,
)
FIELD_TYPE = Rule(
    id="field-type",
    verdict=Verdict.REJECT,
    what="a field of the record is null or of the wrong type",
    why="Bedrock takes texts, and messages as a list of role and content blocks",
    fix='write texts as strings and content as [{"text": "…"}]',
    inputs=_JSONL,
)
FIELD_UNKNOWN = Rule(
    id="field-unknown",
    verdict=Verdict.REJECT,
    what="a field that the record format does not know",
    why="it would be lost silently, or make the job fail",
    fix="remove it, or give a template that names the columns to use",
    inputs=_JSONL,
)
CONTENT_NOT_TEXT = Rule(
    id="content-not-text",
    verdict=Verdict.REJECT,
    what="a content block that is not text",
    why="data preparation reads text records only",
    fix="leave images, videos, documents, reasoning and tool use out of the records",
    inputs=_JSONL,
)
ROLE_ORDER = Rule(
    id="role-order",
    verdict=Verdict.REJECT,
    what="messages that do not go user, assistant, user, … and end with the assistant",
    why="Bedrock refuses other orders",
    fix='join messages of one role, end with the answer, and put instructions into "system"',
    inputs=_JSONL,
)
MULTI_TURN = Rule(
    id="multi-turn",
    verdict=Verdict.REJECT,
    what="a conversation of more than one question and answer",
    why="the base model's record format holds one prompt and one completion",
    fix="keep one exchange, or choose a base model that takes conversations",
    inputs=_JSONL,
    formats=(RecordFormat.PROMPT_COMPLETION,),
)
EMPTY_TURN = Rule(
    id="empty-turn",
    verdict=Verdict.REJECT,
    what="a question or an answer without a visible character",
    why="there is nothing to learn from it, and Bedrock refuses empty texts",
    fix="fill it in or remove the record",
)
RESERVED_WORD = Rule(
    id="reserved-word",
    verdict=Verdict.REJECT,
    what="a word the base model reserves for itself",
    why="one of them in any record makes the job fail",
    fix="write it another way, for example without the colon or the brackets",
)
TOO_MANY_TOKENS = Rule(
    id="too-many-tokens",
    verdict=Verdict.REJECT,
    what="a record that may be longer than the base model takes",
    why="one such record makes the job fail after it started",
    fix="shorten the record or split it in two",
)
REPLACEMENT_CHARACTER = Rule(
    id="replacement-character",
    verdict=Verdict.FLAG,
    what="the replacement character U+FFFD",
    why="an earlier conversion lost a character here, and the model would learn to write it",
    fix="export the data again in UTF-8",
)
BIDIRECTIONAL_CONTROL = Rule(
    id="bidirectional-control",
    verdict=Verdict.FLAG,
    what="an invisible character that reorders text",
    why="it can make text read differently from what the model sees",
    fix="remove it unless the text mixes writing directions",
)
CONFLICTING_ANSWERS = Rule(
    id="conflicting-answers",
    verdict=Verdict.FLAG,
    what="the same question with different answers",
    why="right where several answers are good, label noise where one is; all are kept, on one side",
    fix="for a classification task, decide on one answer",
)
UNICODE_NORMALIZATION = Rule(
    id="unicode-normalization",
    verdict=Verdict.REPAIR,
    what="text that was not in Unicode's normal form C",
    why="equal words would look different to the model",
    fix="nothing to do: it is normalized",
)
INVISIBLE_CHARACTERS = Rule(
    id="invisible-characters",
    verdict=Verdict.REPAIR,
    what="control or zero-width characters without a meaning where they stand",
    why="the model would learn to write them",
    fix="nothing to do: they are removed",
)
LINE_ENDS = Rule(
    id="line-ends",
    verdict=Verdict.REPAIR,
    what="line ends inside a text other than LF",
    why="the model would learn two ways to end a line",
    fix="nothing to do: they are written as LF",
)
OUTER_SPACE = Rule(
    id="outer-space",
    verdict=Verdict.REPAIR,
    what="space before or after a text",
    why="the model would learn to answer with it",
    fix="nothing to do: it is removed",
)
FEW_RECORDS = Rule(
    id="few-records",
    verdict=Verdict.FLAG,
    what="fewer training records than advised for the base model",
    why="the job runs, but the model may learn little",
    fix="add records",
)
SPLIT_OFF_TARGET = Rule(
    id="split-off-target",
    verdict=Verdict.FLAG,
    what="a side of the split that is far from the share asked for",
    why="near-copies and groups stay together, and some of them are large",
    fix="add records, or group by a column with more values",
)
LABEL_ONLY_TESTED = Rule(
    id="label-only-tested",
    verdict=Verdict.FLAG,
    what="an answer of the blind set that no training record has",
    why="the model cannot learn what it is not shown",
    fix="add records with that answer",
)

TABLE = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
"""All rules, in the order above."""

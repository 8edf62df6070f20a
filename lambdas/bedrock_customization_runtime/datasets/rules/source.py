"""Lines, JSON and CSV: rules of reading a source, before it is known what a row says."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict

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
    source=Source.GUIDE,
)
BLANK_LINE = Rule(
    id="blank-line",
    verdict=Verdict.REPAIR,
    what="blank line between records",
    why="Bedrock refuses a file that has one",
    fix="nothing to do: it is left out",
    source=Source.GUIDE,
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

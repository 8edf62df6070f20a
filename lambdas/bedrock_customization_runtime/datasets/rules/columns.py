"""Rules of the columns that a template puts into a record."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Verdict

_JSONL = (Input.JSONL,)

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

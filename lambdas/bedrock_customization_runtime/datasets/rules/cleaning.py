"""Repairs of texts, none of which changes what they say."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Rule, Verdict

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

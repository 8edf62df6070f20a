"""Rules of model invocation logs."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict

_JSONL = (Input.JSONL,)

LOG_FAILED = Rule(
    id="log-failed",
    verdict=Verdict.REJECT,
    what="the log of an invocation that failed or has no output",
    why="there is no answer to learn from",
    fix="nothing to do: it is left out",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_OUTSIDE = Rule(
    id="log-outside",
    verdict=Verdict.REJECT,
    what="the log of an invocation whose body lies in an object of its own",
    why="bodies above 100 KB are not in the log",
    fix="put the body in its place in the log, or leave the record out",
    inputs=_JSONL,
    source=Source.GUIDE,
)
LOG_MULTI_TURN = Rule(
    id="log-multi-turn",
    verdict=Verdict.REJECT,
    what="the log of a conversation of several turns",
    why="only single turns are used",
    fix="nothing to do: it is left out",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_NOT_TEXT = Rule(
    id="log-not-text",
    verdict=Verdict.REJECT,
    what="the log of an invocation with more than text in it",
    why="only text is used",
    fix="nothing to do: it is left out",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_UNKNOWN = Rule(
    id="log-unknown",
    verdict=Verdict.REJECT,
    what="the log of an invocation of a shape that is not known",
    why="prompt and answer cannot be told from the rest",
    fix="log through Converse, or give a template that names the columns",
    inputs=_JSONL,
)

"""Rules of model invocation logs.

Logs tell of all that an account does, so most breaches are nobody's fault: such a log is no
training data, and is omitted.
"""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict

_JSONL = (Input.JSONL,)

LOG_FAILED = Rule(
    id="log-failed",
    verdict=Verdict.OMIT,
    what="the log of an invocation that failed",
    why="nothing was answered",
    fix="nothing to do",
    inputs=_JSONL,
)
LOG_INCOMPLETE = Rule(
    id="log-incomplete",
    verdict=Verdict.OMIT,
    what="the log of an invocation without an input or an output",
    why="Bedrock takes logs with both alone",
    fix="turn on the delivery of text in the logging configuration, if it is off",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_OUTSIDE = Rule(
    id="log-outside",
    verdict=Verdict.OMIT,
    what="the log of an invocation whose body lies in an object of its own",
    why="bodies above 100 KB are not in the log",
    fix="put the body in its place in the log, if so long a record fits the base model",
    inputs=_JSONL,
    source=Source.GUIDE,
)
LOG_MULTI_TURN = Rule(
    id="log-multi-turn",
    verdict=Verdict.OMIT,
    what="the log of a conversation of several turns",
    why="only single turns are used",
    fix="nothing to do",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_NOT_TEXT = Rule(
    id="log-not-text",
    verdict=Verdict.OMIT,
    what="the log of an invocation with more than text in it",
    why="only text is used",
    fix="nothing to do",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_UNKNOWN = Rule(
    id="log-unknown",
    verdict=Verdict.OMIT,
    what="the log of an invocation of a shape that is not known",
    why="prompt and answer cannot be told from the rest",
    fix="log through Converse, or give a template that names the columns",
    inputs=_JSONL,
)
LOG_FILTERED = Rule(
    id="log-filtered",
    verdict=Verdict.OMIT,
    what="the log of an invocation that the request metadata filters do not choose",
    why="it is about something else",
    fix="loosen the filters if too few logs are left, or send the metadata with each request",
    inputs=_JSONL,
    source=Source.GUIDE,
)
LOG_OTHER_MODEL = Rule(
    id="log-other-model",
    verdict=Verdict.OMIT,
    what="the log of another model than the teacher",
    why="with use_prompt_response the student learns the logged answers, and takes the teacher's "
    "alone",
    fix="choose the model that was logged as teacher, or leave use_prompt_response out: then the "
    "teacher answers the logged prompts anew",
    inputs=_JSONL,
    source=Source.GUIDE,
)
LOG_OWN = Rule(
    id="log-own",
    verdict=Verdict.OMIT,
    what="the log of an invocation by a pipeline itself, in an evaluation or enrichment",
    why="blind questions of one run must not be what the next one learns",
    fix="nothing to do",
    inputs=_JSONL,
)

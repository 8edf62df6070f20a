"""Content blocks of Converse other than media: rules of their kinds, reasoning and tools."""

from __future__ import annotations

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict

_JSONL = (Input.JSONL,)
_CONVERSE = (RecordFormat.CONVERSE,)

CONTENT_NOT_TAKEN = Rule(
    id="content-not-taken",
    verdict=Verdict.REJECT,
    what="a content block of a kind that the base model does not take",
    why="the job fails on it",
    fix="leave the block out, or choose a base model that takes it",
    inputs=_JSONL,
    source=Source.GUIDE,
)
CONTENT_BLOCK = Rule(
    id="content-block",
    verdict=Verdict.REJECT,
    what="a content block that is not exactly one of Converse's kinds",
    why="Bedrock cannot tell what it is",
    fix='write {"text": "…"}, or one of image, video, document, reasoningContent, toolUse, '
    "toolResult",
    inputs=_JSONL,
    source=Source.GUIDE,
)
REASONING = Rule(
    id="reasoning",
    verdict=Verdict.REJECT,
    what="reasoning outside the assistant's turn, without its text, or without an answer beside it",
    why="only the assistant reasons, only text is learned, and reasoning alone answers nothing",
    fix='write {"reasoningContent": {"reasoningText": {"text": "…"}}} before the answer\'s text',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
REASONING_WITH_MEDIA = Rule(
    id="reasoning-with-media",
    verdict=Verdict.REJECT,
    what="reasoning in a record with images, videos or documents",
    why="Nova learns to reason over text alone",
    fix="leave the reasoning out, or the media",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.VALIDATOR,
    sources_disagree="the Nova Forge SDK says that no sample may hold both and looks within one "
    "message alone, where they never meet; the record counts, as its message says",
)
TOOL_CONFIG = Rule(
    id="tool-config",
    verdict=Verdict.REJECT,
    what="tools that are no list of full specifications with distinct names",
    why="the model cannot be told of the tools",
    fix='write {"tools": [{"toolSpec": {"name": "…", "description": "…", "inputSchema": {"json": '
    '{"type": "object", …}}}}]}, for reinforcement [{"type": "function", "function": {"name": "…", '
    '"description": "…", "parameters": {"type": "object", "properties": {…}}}}]',
    inputs=_JSONL,
    formats=(RecordFormat.CONVERSE, RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE),
    source=Source.VALIDATOR,
    sources_disagree="the API takes a tool without description, both Nova validators refuse it, "
    "and one wants tools in every graded record; a description is demanded, tools are not",
)
TOOL_USE = Rule(
    id="tool-use",
    verdict=Verdict.REJECT,
    what="a tool use that is not the assistant's, incomplete, or of a tool not declared",
    why="Bedrock refuses it",
    fix="write toolUseId, name and input in the assistant's turn, and declare the tool",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_RESULT = Rule(
    id="tool-result",
    verdict=Verdict.REJECT,
    what="a tool result that is not the user's, incomplete, or of no tool use before it",
    why="Bedrock refuses it",
    fix='write toolUseId and content, each item {"text": "…"} or {"json": {…}}, in the turn of the '
    "user that follows the tool use",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_UNANSWERED = Rule(
    id="tool-unanswered",
    verdict=Verdict.REJECT,
    what="a tool use that is not answered exactly once, or an id used twice",
    why="Bedrock refuses it",
    fix="give every tool use its own id and one result",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.VALIDATOR,
)

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
    what="reasoning outside the assistant's turn, or without its text",
    why="only the assistant reasons, and only text is learned",
    fix='write {"reasoningContent": {"reasoningText": {"text": "…"}}} before the answer\'s text',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_CONFIG = Rule(
    id="tool-config",
    verdict=Verdict.REJECT,
    what="a toolConfig that is no list of tool specifications with distinct names",
    why="the model cannot be told of the tools",
    fix='write {"tools": [{"toolSpec": {"name": "…", "inputSchema": {"json": {…}}}}]}',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
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
    fix="write toolUseId and content in the user's turn that follows the tool use",
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

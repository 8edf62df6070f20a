"""The process that compiles and runs a chat template: a conversation as its input, a verdict out.

Jinja's sandbox keeps a template from Python's internals, and bounds single ranges. It bounds
neither nested loops nor long texts, so the process has limits of its own.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import msgspec
from jinja2 import TemplateError, TemplateSyntaxError, ext, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bedrock_customization_runtime.chat_templates.verdicts import (
    CPU_SECONDS,
    MEMORY,
    OUT_OF_MEMORY,
    Conversation,
    Verdict,
    VerdictKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Template
    from jinja2.parser import Parser

_SYSTEM = "Answer in one word, 7f3a."
_FIRST_QUESTION = "What is the first question, 2b9c?"
_ANSWER = "This one, 51de."
_QUESTION = "And what is the last question, c04e?"
_DUNDER = re.compile(r"__\w+__")
_LIMITS = (MemoryError, OverflowError, RecursionError)
"""What a template that takes too much runs into, if not into the limits of the process."""
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Judge one template."""
    conversation = msgspec.json.decode(sys.stdin.buffer.read(), type=Conversation)
    _limit()
    try:
        verdict = _judge(conversation)
    except SecurityError as error:
        verdict = Verdict(kind=VerdictKind.UNSAFE, detail=str(error))
    except _LIMITS as error:
        verdict = Verdict(kind=VerdictKind.ENDLESS, detail=type(error).__name__)
    sys.stdout.buffer.write(msgspec.json.encode(verdict))


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    except (ImportError, ValueError, OSError):
        # Not every system can; the time that whoever waits for it allows holds everywhere.
        return


def _judge(conversation: Conversation) -> Verdict:
    environment = _environment()
    try:
        reached = next(_reaching(environment.parse(conversation.template)), None)
        if reached is not None:
            return Verdict(kind=VerdictKind.UNSAFE, detail=reached)
        template = environment.from_string(conversation.template)
    except TemplateSyntaxError as error:
        return Verdict(kind=VerdictKind.INVALID, detail=f"line {error.lineno}: {error.message}")
    verdict = _written(template, conversation, parts=conversation.reads_parts)
    if verdict.kind is VerdictKind.FAILS and conversation.reads_parts:
        # Templates of models that read images may still take a message's text as such.
        return _written(template, conversation, parts=False)
    return verdict


def _written(template: Template, conversation: Conversation, *, parts: bool) -> Verdict:
    """Let a template write a question alone, then one after a system prompt and an answer."""

    def write(*turns: tuple[str, str]) -> str:
        messages = [
            {"role": role, "content": [{"type": "text", "text": text}] if parts else text}
            for role, text in turns
        ]
        return template.render(
            messages=messages, tools=None, add_generation_prompt=True, **conversation.tokens
        )

    question = ("user", _QUESTION)
    turns = (("system", _SYSTEM), ("user", _FIRST_QUESTION), ("assistant", _ANSWER), question)
    for asked, wanted, otherwise in (
        ((question,), _QUESTION, VerdictKind.FAILS),
        (turns, _SYSTEM, VerdictKind.NO_SYSTEM),
    ):
        try:
            is_there = wanted in write(*asked)
        except (*_LIMITS, SecurityError):
            raise
        except Exception as error:  # noqa: BLE001 - a template can raise whatever it likes
            return Verdict(kind=otherwise, detail=f"{type(error).__name__}: {error}")
        if not is_there:
            return Verdict(kind=otherwise, detail="the template leaves it out")
    return Verdict(kind=VerdictKind.GOOD)


def _reaching(tree: nodes.Template) -> Iterator[str]:
    """Yield what reaches out of the sandbox, in branches that are never taken too."""
    for node in tree.find_all(
        (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Getattr, nodes.Const)
    ):
        match node:
            case nodes.Getattr(attr=name) if name.startswith("_"):
                yield f"line {node.lineno}: .{name}"
            case nodes.Const(value=str(text)) if _DUNDER.fullmatch(text):
                yield f"line {node.lineno}: {text}"
            case nodes.Getattr() | nodes.Const():
                continue
            case _:
                yield f"line {node.lineno}: {type(node).__name__.lower()}"


def _environment() -> ImmutableSandboxedEnvironment:
    """Return what transformers 4.51.3 offers to templates."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[ext.loopcontrols, _Generation],
        # What is written is a prompt and no page.
        autoescape=False,
    )
    environment.filters["tojson"] = _as_json
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = _NOW.strftime
    return environment


class _Generation(ext.Extension):
    """`{% generation %}` marks what the model answers; in writing it changes nothing."""

    tags: set[str] = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the block with its content."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


def _as_json(
    value: object,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - as transformers has it
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002 - as above
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)

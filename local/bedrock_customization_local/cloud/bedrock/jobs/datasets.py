"""The data of a job as the service checks it: one bad line fails the job.

In distillation a prompt that breaks a rule is left out instead, and the job fails where too few are
left.

Written against the service's documents, not against the preparation that this project runs before,
so that each checks the other.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.inference.prompts import join_turns
from bedrock_customization_local.cloud.bedrock.inference.tokens import count_record_tokens
from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError
from bedrock_customization_runtime.catalog import MethodRules, RecordFormat, SetLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TURNS = ("user", "assistant")
_DISTILLATION_KEYS = {"schemaVersion", "system", "messages"}
_OPENAI_ROLES = {"system", "user", "assistant"}


@dataclass(frozen=True, slots=True)
class Example:
    """What a record teaches.

    Args:
        prompt: What comes before the last answer.
        completion: The last answer; empty where a teacher or a grader stands in for it.
        tokens: Of the whole record.
        messages: The prompt's messages in OpenAI's format, which graders are given; empty for other
            methods.
        metadata: Everything else in the record, likewise.
    """

    prompt: str
    completion: str
    tokens: int
    messages: Sequence[Mapping[str, Any]] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read_examples(body: bytes, *, key: str, what: str, rules: MethodRules) -> list[Example]:
    """Return the examples of a data file.

    Args:
        body: The file.
        key: Its key in S3, for messages.
        what: "train" or "validation", for messages.
        rules: Of the base model.

    Raises:
        JobFailedError: Something in it breaks a rule.
    """
    drops = rules.record_format is RecordFormat.DISTILLATION_PROMPTS
    examples: list[Example] = []
    for number, line in enumerate(body.splitlines(), 1):
        record = _object(line)
        if record is None:
            raise JobFailedError(
                f"Unable to parse Amazon S3 file {key} at line {number}. Data files must conform "
                "to JSONL format."
            )
        try:
            _check_size(line, what, rules)
            examples.append(read_record(record, f"{what} data, line {number}", what, rules))
        except JobFailedError:
            if not drops:
                raise
    return examples


def read_record(record: dict[str, Any], where: str, what: str, rules: MethodRules) -> Example:
    """Return the example of one record.

    Args:
        record: The record.
        where: Where it stands, for messages.
        what: "train" or "validation", for messages.
        rules: Of the base model.

    Raises:
        JobFailedError: It breaks a rule.
    """
    problem = _Problem(where)
    texts = list(_texts(record))
    for word in rules.reserved_words:
        if any(word in text for text in texts):
            raise problem(f"the reserved keyword {word} is not allowed")
    example = _PARSERS[rules.record_format](record, problem)
    if rules.tokens_per_record is not None and example.tokens > rules.tokens_per_record:
        raise JobFailedError(
            f"Maximum input token count {example.tokens} exceeds limit of "
            f"{rules.tokens_per_record} for {what} data"
        )
    return example


def check_counts(
    train: Sequence[Example], validation: Sequence[Example], rules: MethodRules
) -> None:
    """Check the sizes of both sets together and apart.

    Raises:
        JobFailedError: There are too few or too many records.
    """
    _check_count("training", len(train), rules.train)
    if validation and rules.validation is not None:
        _check_count("validation", len(validation), rules.validation)
    _check_count("training and validation", len(train) + len(validation), rules.total)


class _Problem:
    def __init__(self, where: str) -> None:
        self._where = where

    def __call__(self, what: str) -> JobFailedError:
        return JobFailedError(f"Invalid record in {self._where}: {what}")


def _object(line: bytes) -> dict[str, Any] | None:
    """Return the object on a line; None where there is none."""
    try:
        record = json.loads(line.decode())  # strictly UTF-8, without a byte order mark
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _check_size(line: bytes, what: str, rules: MethodRules) -> None:
    highest = rules.bytes_per_record
    if highest is not None and len(line) > highest:
        raise JobFailedError(f"A record of the {what} data is larger than {highest} bytes")


def _check_count(what: str, count: int, limits: SetLimits) -> None:
    lowest, highest = limits.min_records, limits.max_records
    if lowest is not None and count < lowest:
        raise JobFailedError(
            f"The number of {what} records is {count}, below the minimum of {lowest}"
        )
    if highest is not None and count > highest:
        raise JobFailedError(
            f"The number of {what} records is {count}, above the maximum of {highest}"
        )


def _prompt_completion(record: dict[str, Any], problem: _Problem) -> Example:
    prompt, completion = record.get("prompt"), record.get("completion")
    if not isinstance(prompt, str) or not isinstance(completion, str) or len(record) != len(_TURNS):
        raise problem(
            'it must follow \'{"prompt": "<input text>", "completion": "<output text>"}\' format'
        )
    tokens = count_record_tokens([], [("user", prompt), ("assistant", completion)])
    return Example(prompt, completion, tokens)


def _converse(record: dict[str, Any], problem: _Problem) -> Example:
    if not isinstance(record.get("schemaVersion"), str):
        raise problem("schemaVersion must be bedrock-conversation-2024")
    system = [_text_of([block], problem) for block in _list(record.get("system", []), problem)]
    return _conversation(system, record.get("messages"), problem, _text_of)


def _claude(record: dict[str, Any], problem: _Problem) -> Example:
    system = record.get("system", "")
    if not isinstance(system, str) or record.keys() - {"system", "messages"}:
        raise problem("it may hold a system text and messages only")
    return _conversation([system] if system else [], record.get("messages"), problem, _string_of)


def _conversation(
    system: list[str],
    messages: object,
    problem: _Problem,
    text_of: Callable[[object, _Problem], str],
) -> Example:
    turns: list[tuple[str, str]] = []
    for message, role in zip(_list(messages, problem), itertools.cycle(_TURNS), strict=False):
        if not isinstance(message, dict) or message.get("role") != role:
            raise problem("roles must alternate between user and assistant, beginning with user")
        turns.append((role, text_of(message.get("content"), problem)))
    if not turns or turns[-1][0] != _TURNS[-1]:
        raise problem("the last message must be the assistant's")
    tokens = count_record_tokens(system, turns)
    return Example(join_turns(system, turns[:-1]), turns[-1][1], tokens)


def _distillation(record: dict[str, Any], problem: _Problem) -> Example:
    system = [_text_of([block], problem) for block in _list(record.get("system", []), problem)]
    messages = _list(record.get("messages"), problem)
    if record.keys() - _DISTILLATION_KEYS or len(system) != 1 or len(messages) not in {1, 2}:
        raise problem("it must hold one system text, one user message and perhaps its answer")
    if record.get("schemaVersion") != "bedrock-conversation-2024":
        raise problem("schemaVersion must be bedrock-conversation-2024")
    if len(messages) > 1:
        return _conversation(system, messages, problem, _text_of)
    message = messages[0]
    if not isinstance(message, dict) or message.get("role") != "user":
        raise problem("the first message must be the user's")
    prompt = _text_of(message.get("content"), problem)
    tokens = count_record_tokens(system, [("user", prompt)])
    return Example(join_turns(system, [("user", prompt)]), "", tokens)


def _openai(record: dict[str, Any], problem: _Problem) -> Example:
    messages: list[Mapping[str, Any]] = []
    system: list[str] = []
    turns: list[tuple[str, str]] = []
    for message in _list(record.get("messages"), problem):
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(message, dict) or role not in _OPENAI_ROLES:
            raise problem("each message must have the role system, user or assistant")
        messages.append(message)
        text = _string_of(message.get("content"), problem)
        if role == "system":
            system.append(text)
        else:
            turns.append((str(role), text))
    if not turns or turns[-1][0] != "user":
        raise problem("the last message must be the user's")
    if "reference_answer" not in record:
        raise problem("it needs a reference_answer for the grader")
    return Example(
        join_turns(system, turns),
        "",
        count_record_tokens(system, turns),
        messages=tuple(messages),
        metadata={name: value for name, value in record.items() if name != "messages"},
    )


def _text_of(content: object, problem: _Problem) -> str:
    blocks = _list(content, problem)
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    if len(texts) != len(blocks) or not all(isinstance(text, str) and text for text in texts):
        raise problem("content must be text; the embedded Bedrock learns from nothing else")
    return "\n".join(str(text) for text in texts)


def _string_of(content: object, problem: _Problem) -> str:
    if not isinstance(content, str) or not content:
        raise problem("content must be a text")
    return content


def _list(value: object, problem: _Problem) -> list[object]:
    if not isinstance(value, list):
        raise problem("system, messages and content must be lists")
    return value


def _texts(value: object) -> itertools.chain[str] | list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return itertools.chain.from_iterable(map(_texts, value.values()))
    if isinstance(value, list):
        return itertools.chain.from_iterable(map(_texts, value))
    return []


_PARSERS: dict[RecordFormat, Callable[[dict[str, Any], _Problem], Example]] = {
    RecordFormat.PROMPT_COMPLETION: _prompt_completion,
    RecordFormat.CONVERSE: _converse,
    RecordFormat.CLAUDE_MESSAGES: _claude,
    RecordFormat.DISTILLATION_PROMPTS: _distillation,
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE: _openai,
}
LEARNABLE = frozenset(_PARSERS)
"""Formats that the embedded Bedrock can learn from."""

"""The data of a fine-tuning job as the service checks it: one bad line fails the job.

Written against the service's documents, not against the preparation that this project runs before,
so that each checks the other.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.prompts import join_turns
from bedrock_customization_runtime.catalog import MethodRules, RecordFormat, SetLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CHARACTERS_PER_TOKEN = 6
_TURNS = ("user", "assistant")


class BadDataError(Exception):
    """The job fails for its data. The message is the job's `failureMessage`."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a record teaches.

    Args:
        prompt: What comes before the last answer.
        completion: The last answer.
    """

    prompt: str
    completion: str

    @property
    def tokens(self) -> int:
        """Tokens of the record."""
        return count_tokens(self.prompt) + count_tokens(self.completion)


def count_tokens(text: str) -> int:
    """Return the tokens of a text as AWS's guide estimates them: six characters each."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def read_examples(body: bytes, *, key: str, what: str, rules: MethodRules) -> list[Example]:
    """Return the examples of a data file.

    Args:
        body: The file.
        key: Its key in S3, for messages.
        what: "train" or "validation", for messages.
        rules: Of the base model.

    Raises:
        BadDataError: Something in it breaks a rule.
    """
    parse = _PARSERS[rules.record_format]
    examples: list[Example] = []
    for number, line in enumerate(body.splitlines(), 1):
        try:
            record = json.loads(line.decode())  # strictly UTF-8, without a byte order mark
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise BadDataError(
                f"Unable to parse Amazon S3 file {key} at line {number}. Data files must conform "
                "to JSONL format."
            )
        problem = _Problem(f"{what} data, line {number}")
        texts = list(_texts(record))
        for word in rules.reserved_words:
            if any(word in text for text in texts):
                raise problem(f"the reserved keyword {word} is not allowed")
        example = parse(record, problem)
        if rules.tokens_per_record is not None and example.tokens > rules.tokens_per_record:
            raise BadDataError(
                f"Maximum input token count {example.tokens} exceeds limit of "
                f"{rules.tokens_per_record} for {what} data"
            )
        examples.append(example)
    return examples


def check_counts(
    train: Sequence[Example], validation: Sequence[Example], rules: MethodRules
) -> None:
    """Check the sizes of both sets together and apart.

    Raises:
        BadDataError: There are too few or too many records.
    """
    _check_count("training", len(train), rules.train)
    if validation and rules.validation is not None:
        _check_count("validation", len(validation), rules.validation)
    _check_count("training and validation", len(train) + len(validation), rules.total)


class _Problem:
    def __init__(self, where: str) -> None:
        self._where = where

    def __call__(self, what: str) -> BadDataError:
        return BadDataError(f"Invalid record in {self._where}: {what}")


def _check_count(what: str, count: int, limits: SetLimits) -> None:
    lowest, highest = limits.minimum_records, limits.maximum_records
    if lowest is not None and count < lowest:
        raise BadDataError(
            f"The number of {what} records is {count}, below the minimum of {lowest}"
        )
    if highest is not None and count > highest:
        raise BadDataError(
            f"The number of {what} records is {count}, above the maximum of {highest}"
        )


def _prompt_completion(record: dict[str, Any], problem: _Problem) -> Example:
    prompt, completion = record.get("prompt"), record.get("completion")
    if not isinstance(prompt, str) or not isinstance(completion, str) or len(record) != len(_TURNS):
        raise problem(
            'it must follow \'{"prompt": "<input text>", "completion": "<output text>"}\' format'
        )
    return Example(prompt, completion)


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
    return Example(join_turns(system, turns[:-1]), turns[-1][1])


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
}
LEARNABLE = frozenset(_PARSERS)
"""Formats that the embedded Bedrock can learn from."""

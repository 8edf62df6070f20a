"""A conversation as one text: the same in training and when a model is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.inference.tokens import count_record_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

_LLAMA_TURN = re.compile(
    r"<\|start_header_id\|>(?P<role>\w+)<\|end_header_id\|>\s*(?P<text>.*?)(?:<\|eot_id\|>|$)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    Args:
        text: The conversation as one text.
        tokens: How many it is charged for.
    """

    text: str
    tokens: int
    question: str = ""
    """The last turn, which examples and earlier turns stand before; empty where nobody told."""


def prompt_of(system: Sequence[str], turns: Sequence[tuple[str, str]]) -> Prompt:
    """Return a conversation as a prompt, charged with its chat template as a training is."""
    return Prompt(join_turns(system, turns), count_record_tokens(system, turns), turns[-1][1])


def join_turns(system: Sequence[str], turns: Sequence[tuple[str, str]]) -> str:
    """Return a conversation as the text before the next answer.

    A single question stands as it is; where there are more turns, each begins with its role.

    Args:
        system: System prompts.
        turns: Role and text of each turn, the last one the user's.
    """
    if len(turns) == 1:
        return "\n\n".join([*system, turns[0][1]])
    return "\n\n".join([*system, *(f"{role}: {text}" for role, text in turns)])


def read_llama_prompt(prompt: str) -> str:
    """Return a prompt in Llama 3's chat template as `join_turns` has it; any other as it is."""
    turns = [(turn["role"], turn["text"]) for turn in _LLAMA_TURN.finditer(prompt)]
    if not turns:
        return prompt
    system = [text for role, text in turns if role == "system"]
    return join_turns(system, [turn for turn in turns if turn[0] != "system" and turn[1]])

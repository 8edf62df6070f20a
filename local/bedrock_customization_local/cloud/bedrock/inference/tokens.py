"""How many tokens a text is: the same estimate for limits, usage and the bill.

It is the runtime's central estimate, by which a training is priced before it is paid: estimate and
bill differ in what they count, never in how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import tokens
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal


def count_tokens(text: str) -> int:
    """Return the tokens of a text that stands alone."""
    return tokens.likely_of_text(text)


def count_record_tokens(system: Sequence[str], turns: Sequence[tuple[str, str]]) -> int:
    """Return the tokens of a conversation, what the chat template puts around it included.

    Args:
        system: System prompts.
        turns: Role and text of each turn.
    """
    messages = [Message(_role(role), [ContentBlock(text=text)]) for role, text in turns]
    return tokens.estimate(Record("\n".join(system) or None, messages)).likely


def _role(role: str) -> Literal["user", "assistant"]:
    return "assistant" if role == "assistant" else "user"

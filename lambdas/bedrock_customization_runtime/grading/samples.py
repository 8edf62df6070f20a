"""What Bedrock sends a grader, in the shapes in which it is documented or seen.

The user guide shows the reference answer within `metadata`, AWS's samples read it beside the
messages; the model's turn is called `assistant` or `nova_assistant`, its content a string or a list
of blocks. All of that is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from bedrock_customization_runtime.contract.grading import NotGraded

_MODEL_ROLES = ("assistant", "nova_assistant")
_REFERENCE = "reference_answer"


class NotGradedError(Exception):
    """An answer cannot be graded; its reward is 0."""

    def __init__(self, reason: NotGraded) -> None:
        """Keep the reason."""
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of the model that is trained.

    Args:
        conversation: The messages before it, as Bedrock sent them.
        answer: Its text.
        reference: Any JSON; None where there is none.
    """

    conversation: list[object]
    answer: str
    reference: object

    def reference_text(self) -> str:
        """Return the reference as text: a string as it is, a number or a boolean as JSON has it.

        Raises:
            NotGradedError: There is none, or it is an object or an array.
        """
        match self.reference:
            case None:
                raise NotGradedError(NotGraded.REFERENCE_MISSING)
            case str(text):
                return text
            case bool() | int() | float() as value:
                return msgspec.json.encode(value).decode()
        raise NotGradedError(NotGraded.REFERENCE_UNREADABLE)


def sample_of(item: object) -> Sample:
    """Return the sample that an item of the event holds.

    Raises:
        NotGradedError: It holds none, or the last message is not the model's.
    """
    match item:
        case {"id": _, "messages": [*conversation, last], **others}:
            return Sample(conversation, _answer(last), _reference(others))
    raise NotGradedError(NotGraded.ITEM_INVALID)


def _answer(message: object) -> str:
    match message:
        case {"role": role, "content": str(text)} if role in _MODEL_ROLES:
            return _writable(text)
        case {"role": role, "content": [*blocks]} if role in _MODEL_ROLES:
            # A block without text, such as the model's reasoning, is no part of the answer.
            texts = [block["text"] for block in blocks if _has_text(block)]
            return _writable("".join(texts))
    raise NotGradedError(NotGraded.ANSWER_MISSING)


def _has_text(block: object) -> bool:
    return isinstance(block, dict) and isinstance(block.get("text"), str)


def _reference(item: dict[object, object]) -> object:
    metadata = item.get("metadata")
    given = metadata.get(_REFERENCE) if isinstance(metadata, dict) else None
    return item.get(_REFERENCE) if given is None else given


def _writable(text: str) -> str:
    # A model that stops between the halves of a surrogate pair leaves what UTF-8 cannot write.
    return text.encode(errors="replace").decode()

"""Models' answers as they are stored, and their pairing with the references, by record id alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.errors import EvaluationFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Answer(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a model said to one question; a line of a part."""

    id: str
    answer: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    stop_reason: str
    """Of Bedrock; `error` where there is no answer."""
    error: str | None = None
    """Bedrock's error code where the model could not answer; such an answer counts as wrong."""


_DECODER = msgspec.json.Decoder(Answer)


def write_lines(answers: Iterable[Answer]) -> bytes:
    """Return the answers as JSON lines."""
    return msgspec.json.Encoder().encode_lines(answers)


def read_lines(name: str, lines: Iterable[bytes]) -> Iterator[Answer]:
    """Yield the answers of JSON lines.

    Args:
        name: Of the file, for messages.
        lines: With or without their ends.

    Raises:
        EvaluationFailed: A line is not an answer.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise EvaluationFailed(
                f"line {number} of {name} is not an answer: delete the object and ask again"
            ) from None


def pair(
    references: Mapping[str, str], answers: Iterable[Answer], *, model: str
) -> list[tuple[str, Answer]]:
    """Return each reference with the answer to its question, in the order of the references.

    Args:
        references: By record id.
        answers: In any order.
        model: Whose, for messages.

    Raises:
        EvaluationFailed: Not every record has exactly one answer. Nothing is compared by position
            or left out: either would favour one of the models.
    """
    by_id: dict[str, Answer] = {}
    duplicates = unknown = 0
    for answer in answers:
        if answer.id not in references:
            unknown += 1
        elif answer.id in by_id:
            duplicates += 1
        else:
            by_id[answer.id] = answer
    missing = len(references) - len(by_id)
    if missing or duplicates or unknown:
        raise EvaluationFailed(
            f"answers of the {model} model do not pair with the {len(references)} test records: "
            f"{missing} missing, {duplicates} duplicate, {unknown} of unknown records; delete its "
            "parts and ask again"
        )
    return [(reference, by_id[record]) for record, reference in references.items()]

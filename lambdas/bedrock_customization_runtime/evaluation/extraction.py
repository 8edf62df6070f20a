"""Metrics of answers that are right or wrong: the same text, the same JSON value, any answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.evaluation.texts import averaged
from bedrock_customization_runtime.grading import equality
from bedrock_customization_runtime.grading.samples import NotGradedError, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_customization_runtime.evaluation.texts import Matrix, Texts


def accuracy(reference: str, answer: str) -> float:
    """Return 1 if the normalised texts are the same, else 0."""
    return equality.exact_match(Sample([], answer, reference))


def json_equality(reference: str, answer: str) -> float:
    """Return 1 if both are the same JSON value, else 0: the order of keys does not count."""
    try:
        return equality.json_equality(Sample([], answer, reference))
    except NotGradedError:
        return 0.0


def answered(reference: str, answer: str) -> float:  # noqa: ARG001 - every score takes both
    """Return 1 if there is an answer at all, whatever it says."""
    return float(bool(answer.strip()))


def each(score: Callable[[str, str], float]) -> Callable[[Texts], Matrix]:
    """Return what measures by the mean of a score that takes reference and answer."""

    def measure(texts: Texts) -> Matrix:
        return averaged(
            [
                0.0 if answer is None else score(reference, answer)
                for reference, answer in zip(texts.references, texts.answers, strict=True)
            ]
        )

    return measure


def are_structured(references: Sequence[str]) -> bool:
    """Return whether all are JSON objects or arrays."""
    return all(text.lstrip()[:1] in {"{", "["} and equality.is_json(text) for text in references)


def not_json(texts: Texts) -> int:
    """Return how many answers are no JSON at all."""
    return sum(answer is not None and not equality.is_json(answer) for answer in texts.answers)

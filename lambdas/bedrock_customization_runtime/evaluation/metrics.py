"""What a single answer is worth: one table of metrics, each a function of reference and answer.

Every score lies in [0, 1] and more is better, so a difference between two models lies in [-1, 1].
A new metric is one function and one line of `METRICS`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.errors import EvaluationFailed

if TYPE_CHECKING:
    from collections.abc import Callable

# Chinese and Japanese do not part words by spaces: there a character is a token.
_CHARACTER_SCRIPTS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_CHARACTER_SCRIPTS}]|[^\W{_CHARACTER_SCRIPTS}]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A score of one answer against its reference.

    Args:
        name: As users, manifests and reports write it.
        title: For people.
        meaning: What a score says, in one sentence.
        binary: True if a score is either 0 or 1, which decides the significance test.
        score: Takes reference and answer, returns a score in [0, 1].
    """

    name: str
    title: str
    meaning: str
    binary: bool
    score: Callable[[str, str], float]


def metric_of(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        EvaluationFailed: There is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise EvaluationFailed(
            f"metric must be one of {', '.join(METRICS)}, got {name!r}"
        ) from None


def normalise(text: str) -> str:
    """Return the form in which texts are compared.

    Two texts are equal in this form exactly if they are canonical caseless matches of each other in
    Unicode's sense, white space at both ends aside.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold()).strip()


def accuracy(reference: str, answer: str) -> float:
    """Return 1 if the normalised texts are the same, else 0."""
    return float(normalise(reference) == normalise(answer))


def token_f1(reference: str, answer: str) -> float:
    """Return the harmonic mean of precision and recall over the tokens of the normalised texts.

    A token is a run of letters, digits and marks, or one Chinese or Japanese character; punctuation
    does not count. Texts without any token are compared whole.
    """
    expected, given = _tokens(reference), _tokens(answer)
    if not expected and not given:
        return accuracy(reference, answer)
    shared = (expected & given).total()
    return 2 * shared / (expected.total() + given.total())


def answered(reference: str, answer: str) -> float:  # noqa: ARG001 - every metric takes both
    """Return 1 if there is an answer at all, whatever it says."""
    return float(bool(answer.strip()))


def _tokens(text: str) -> Counter[str]:
    return Counter(_TOKEN.findall(normalise(text)))


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="accuracy",
            title="Accuracy",
            meaning="Share of answers equal to the reference, letter case and outer spaces aside.",
            binary=True,
            score=accuracy,
        ),
        Metric(
            name="token_f1",
            title="Token F1",
            meaning="Words that answer and reference share, in [0, 1]; their order does not count.",
            binary=False,
            score=token_f1,
        ),
        Metric(
            name="answered",
            title="Answered",
            meaning="Share of questions that got an answer at all, right or wrong.",
            binary=True,
            score=answered,
        ),
    )
}

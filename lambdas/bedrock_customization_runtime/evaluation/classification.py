"""Metrics of answers that are labels: macro-F1, and which label was given for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.datasets.index import (
    LABEL_CHARACTERS,
    LABELS,
    RECORDS_PER_LABEL,
)
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.grading.equality import normalise
from bedrock_customization_runtime.manifest import ConfusionMatrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bedrock_customization_runtime.evaluation.texts import Matrix, Texts, Vector

CONFUSION_LABELS = 20
"""Of which a matrix can still be read."""


def are_labels(references: Sequence[str]) -> bool:
    """Return whether references are labels: few, short, each given again and again."""
    labels = {normalise(text) for text in references}
    return (
        0 < len(labels) <= LABELS
        and len(references) >= RECORDS_PER_LABEL * len(labels)
        and max(map(len, labels)) <= LABEL_CHARACTERS
    )


def macro_f1(texts: Texts) -> Matrix:
    """Measure macro-F1: for each label of the references, hits, false alarms and misses.

    An answer that is no label misses its record's and is nobody's false alarm.

    Raises:
        EvaluationFailed: The references are too many to be labels.
    """
    labels, wanted, given = _places(texts)
    if len(labels) > LABELS:
        raise EvaluationFailed(
            f"metric macro_f1 compares labels, of which there may be {LABELS}, and the references "
            f"are {len(labels)} different texts: choose another metric"
        )
    rows = np.arange(len(wanted))
    hit = wanted == given
    found = np.zeros((len(wanted), 3, len(labels)))
    found[rows[hit], 0, wanted[hit]] = 1
    alarm = ~hit & (given < len(labels))
    found[rows[alarm], 1, given[alarm]] = 1
    found[rows[~hit], 2, wanted[~hit]] = 1
    return found.reshape(len(wanted), 3 * len(labels))


def macro_f1_of(sums: Matrix) -> Vector:
    """Return macro-F1 of the sums of what `macro_f1` measures; shape (…, 3 x labels).

    The mean is over the labels that occur, as reference or answer.
    """
    hits, alarms, misses = np.split(sums, 3, axis=-1)
    total = 2 * hits + alarms + misses
    scores = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    found: Vector = scores.sum(axis=-1) / np.maximum((total > 0).sum(axis=-1), 1)
    return found


def confusion_of(model: str, texts: Texts) -> ConfusionMatrix | None:
    """Return which label a model gave for which; None where there are too many to be read."""
    labels, wanted, given = _places(texts)
    if len(labels) > CONFUSION_LABELS:
        return None
    counts = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    np.add.at(counts, (wanted, given), 1)
    return ConfusionMatrix(model=model, labels=labels, counts=counts.tolist())


def _places(texts: Texts) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """Return the labels, as they are written first, and the place of each reference and answer.

    An answer that is no label has the place behind the last.
    """
    spelled: dict[str, str] = {}
    for reference in texts.references:
        spelled.setdefault(normalise(reference), reference.strip())
    place = {label: number for number, label in enumerate(sorted(spelled))}
    wanted = [place[normalise(reference)] for reference in texts.references]
    given = [
        len(place) if answer is None else place.get(normalise(answer), len(place))
        for answer in texts.answers
    ]
    return [spelled[label] for label in place], np.array(wanted), np.array(given)

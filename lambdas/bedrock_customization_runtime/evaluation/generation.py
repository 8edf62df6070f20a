"""Metrics of free text, with the figures of the libraries that define them (docs/metrics.md).

ROUGE is rouge-score's without a stemmer, BLEU (13a, exponential smoothing) and chrF are
sacrebleu's. Those are not used here because they bring what a Lambda function should not carry (a
stemmer's corpus reader, an XML parser), take many times as long, and do not hand out what a
bootstrap needs: each record's share of a corpus's score.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.evaluation import ngrams
from bedrock_customization_runtime.evaluation.extraction import accuracy
from bedrock_customization_runtime.evaluation.texts import averaged
from bedrock_customization_runtime.grading.equality import normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.evaluation.ngrams import Integers
    from bedrock_customization_runtime.evaluation.texts import Matrix, Texts, Vector

# Chinese and Japanese do not part words by spaces: there a character is a token.
_CHARACTER_SCRIPTS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_CHARACTER_SCRIPTS}]|[^\W{_CHARACTER_SCRIPTS}]+")
_ROUGE_WORD = re.compile("[a-z0-9]+")
_BLEU_ORDER, _CHRF_ORDER = 4, 6
_CHRF_WEIGHT = 4
"""Of recall against precision: the square of its beta of 2."""
# mteval-v13a: what is parted from the word it stands beside, in this order.
_BLEU_PARTED = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_BLEU_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def token_f1(reference: str, answer: str) -> float:
    """Return the harmonic mean of precision and recall over the tokens of the normalised texts.

    A token is a run of letters, digits and marks, or one Chinese or Japanese character; punctuation
    does not count. Texts without any token are compared whole.
    """
    expected = Counter(_TOKEN.findall(normalise(reference)))
    given = Counter(_TOKEN.findall(normalise(answer)))
    if not expected and not given:
        return accuracy(reference, answer)
    shared = (expected & given).total()
    return 2 * shared / (expected.total() + given.total())


def rouge(order: int) -> Callable[[Texts], Matrix]:
    """Return what measures ROUGE-1 or ROUGE-2, F-measures averaged over the records."""

    def measure(texts: Texts) -> Matrix:
        references, answers = _rouge_words(texts)
        shared = ngrams.matches(references, answers, order)[:, -1]
        return averaged(
            _f_measure(
                shared,
                ngrams.totals(references, order)[:, -1],
                ngrams.totals(answers, order)[:, -1],
            )
        )

    return measure


def rouge_l(texts: Texts) -> Matrix:
    """Measure ROUGE-L: F-measures of the longest common subsequences, averaged."""
    references, answers = _rouge_words(texts)
    shared = np.array(
        [
            _longest_common_subsequence(reference.tolist(), answer.tolist())
            for reference, answer in zip(references, answers, strict=True)
        ]
    )
    return averaged(
        _f_measure(shared, ngrams.totals(references, 1)[:, 0], ngrams.totals(answers, 1)[:, 0])
    )


def bleu(texts: Texts) -> Matrix:
    """Measure BLEU: each record's length, its reference's, shared and all its n-grams."""
    count = len(texts.references)
    words = map(_bleu_words, (*texts.references, *texts.said))
    tokens = ngrams.numbered(words, _bleu_parted)
    references, answers = tokens[:count], tokens[count:]
    return np.hstack(
        [
            ngrams.totals(answers, 1),
            ngrams.totals(references, 1),
            ngrams.matches(references, answers, _BLEU_ORDER),
            ngrams.totals(answers, _BLEU_ORDER),
        ]
    ).astype(np.float64)


def bleu_of(sums: Matrix) -> Vector:
    """Return BLEU of the sums of what `bleu` measures; shape (…, 10)."""
    length, wanted = sums[..., 0], sums[..., 1]
    shared, total = sums[..., 2:6], sums[..., 6:]
    # The n-th precision that is 0 counts as half the one before it would, of one match.
    missing = shared == 0
    smoothed = np.where(missing, 0.5 ** np.cumsum(missing, axis=-1), shared)
    defined = (shared > 0).any(axis=-1) & (total > 0).all(axis=-1)
    precisions = smoothed / np.maximum(total, 1)
    brevity = np.minimum(0, 1 - wanted / np.maximum(length, 1))
    found: Vector = np.where(defined, np.exp(brevity + np.log(precisions).mean(axis=-1)), 0.0)
    return found


def chrf(texts: Texts) -> Matrix:
    """Measure chrF: answer's, reference's and shared character n-grams of each record."""
    references = ngrams.characters(map(_unspaced, texts.references))
    answers = ngrams.characters(map(_unspaced, texts.said))
    wanted = ngrams.totals(references, _CHRF_ORDER)
    # Where the reference is too short for an n-gram, the answer's do not count.
    given = np.where(wanted > 0, ngrams.totals(answers, _CHRF_ORDER), 0)
    shared = ngrams.matches(references, answers, _CHRF_ORDER)
    return np.hstack([given, wanted, shared]).astype(np.float64)


def chrf_of(sums: Matrix) -> Vector:
    """Return chrF of the sums of what `chrf` measures; shape (…, 18)."""
    given, wanted, shared = np.split(sums, 3, axis=-1)
    counts = (given > 0) & (wanted > 0)
    orders = np.maximum(counts.sum(axis=-1), 1)
    precision = (shared / np.maximum(given, 1) * counts).sum(axis=-1) / orders
    recall = (shared / np.maximum(wanted, 1) * counts).sum(axis=-1) / orders
    weighted = _CHRF_WEIGHT * precision + recall
    found: Vector = np.divide(
        (1 + _CHRF_WEIGHT) * precision * recall,
        weighted,
        out=np.zeros_like(weighted),
        where=weighted > 0,
    )
    return found


@lru_cache(maxsize=1)  # three metrics in turn ask for the same
def _rouge_words(texts: Texts) -> tuple[list[Integers], list[Integers]]:
    count = len(texts.references)
    words = ngrams.numbered(
        _ROUGE_WORD.findall(text.lower()) for text in (*texts.references, *texts.said)
    )
    return words[:count], words[count:]


def _f_measure(shared: Integers, wanted: Integers, given: Integers) -> Vector:
    precision, recall = shared / np.maximum(given, 1), shared / np.maximum(wanted, 1)
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)


def _longest_common_subsequence(one: list[int], other: list[int]) -> int:
    """Return its length, by Hyyrö's bits: a row of the table is one integer."""
    places: dict[int, int] = {}
    for place, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << place
    whole = (1 << len(one)) - 1
    row = whole
    for token in other:
        if hits := row & places.get(token, 0):
            row = (row + hits | row - hits) & whole
    return len(one) - row.bit_count()


def _bleu_words(text: str) -> list[str]:
    plain = text.rstrip().replace("<skipped>", "").replace("-\n", "")
    if "&" in plain:
        for entity, sign in _BLEU_ENTITIES:
            plain = plain.replace(entity, sign)
    return plain.split()


def _bleu_parted(word: str) -> list[str]:
    """Return the tokens of mteval-v13a in a word: its rules never look past white space."""
    if word.isalnum():
        return [word]
    padded = f" {word} "
    for pattern, replacement in _BLEU_PARTED:
        padded = pattern.sub(replacement, padded)
    return padded.split()


def _unspaced(text: str) -> str:
    return "".join(text.split())

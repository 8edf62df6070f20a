"""Our metrics against the libraries that define them, on 1,000 random records and corpora."""

import random

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from bedrock_customization_runtime.evaluation import classification
from bedrock_customization_runtime.evaluation.metrics import METRICS
from bedrock_customization_runtime.evaluation.texts import Texts

CASES = 1_000
WORDS = """
the a of red car cars 3.5 1,000 1-2 -5 U.S. don't it's e.g. (hi) [x] &amp; &quot;q&quot; x=1 a/b
@you 50% <skipped> é café naïve Straße İstanbul ПРИВЕТ мир 東京都 京都 한국어 🙂
👩‍👩‍👧 --- ... . , ! ? ¿ „x“ word, word. no.1 10.000,00 e-mail\ud800
""".split()  # noqa: SIM905 - as one reads them
SPACES = [" ", " ", " ", " ", "  ", "\n", "-\n", "\t", "\u00a0", "\u2028", "\r\n"]


def text(source, most=14):
    """Return a text of words that repeat, sometimes an empty one, with every kind of space."""
    words = source.choices(WORDS, k=source.randint(0, most))
    return "".join(word + source.choice(SPACES) for word in words)


def answer(source, reference):
    """Return the reference, a part of it changed, or another text."""
    kind = source.random()
    if kind < 0.1:
        return reference
    if kind < 0.25:
        return text(source)
    words = reference.split(" ")
    for _ in range(source.randint(1, 3)):
        words[source.randrange(len(words))] = source.choice(WORDS)
    return " ".join(words)


@pytest.fixture(scope="module")
def texts():
    source = random.Random(5)
    references = [text(source) for _ in range(CASES)]
    answers = [answer(source, reference) for reference in references]
    return Texts(ids=list(map(str, range(CASES))), references=references, answers=answers)


def each(metric, texts):
    return metric.value(metric.measure(texts))


@pytest.mark.parametrize(
    ("name", "theirs"), [("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")]
)
def test_rouge_is_that_of_rouge_score_on_every_record(name, theirs, texts):
    from rouge_score.rouge_scorer import RougeScorer  # noqa: PLC0415 - slow to import

    scorer = RougeScorer([theirs], use_stemmer=False)
    expected = [
        scorer.score(
            reference.encode(errors="replace").decode(), said.encode(errors="replace").decode()
        )[theirs].fmeasure
        for reference, said in zip(texts.references, texts.answers, strict=True)
    ]
    assert np.abs(each(METRICS[name], texts) - expected).max() < 1e-9


@pytest.mark.parametrize(("name", "library"), [("bleu", BLEU()), ("chrf", CHRF())])
def test_bleu_and_chrf_are_those_of_sacrebleu_on_every_record_alone(name, library, texts):
    expected = [
        library.corpus_score([said], [[reference]]).score / 100
        for reference, said in zip(texts.references, texts.answers, strict=True)
    ]
    assert np.abs(each(METRICS[name], texts) - expected).max() < 1e-9


@pytest.mark.parametrize(("name", "library"), [("bleu", BLEU()), ("chrf", CHRF())])
def test_bleu_and_chrf_are_those_of_sacrebleu_on_corpora_of_any_size(name, library, texts):
    metric = METRICS[name]
    figures = metric.measure(texts)
    source = random.Random(6)
    for size in [1, 2, 3, 5, 10, 30, 100, 300, CASES]:
        rows = source.sample(range(CASES), size)
        expected = library.corpus_score(
            [texts.answers[row] for row in rows], [[texts.references[row] for row in rows]]
        )
        assert metric.value(figures[rows].sum(axis=0)) == pytest.approx(
            expected.score / 100, abs=1e-9
        )


def test_longer_texts_than_are_counted_at_once_are_those_of_sacrebleu_too():
    source = random.Random(7)
    references = [" ".join(source.choices(WORDS, k=5_000)) for _ in range(3)]
    answers = [answer(source, reference) for reference in references]
    texts = Texts(ids=["0", "1", "2"], references=references, answers=answers)
    for name, library in (("bleu", BLEU()), ("chrf", CHRF())):
        metric = METRICS[name]
        expected = library.corpus_score(answers, [references]).score / 100
        assert metric.value(metric.measure(texts).sum(axis=0)) == pytest.approx(expected, abs=1e-9)


@pytest.fixture(scope="module")
def sklearn_metrics():
    """Half a second and 100 MB, which the process of another file need not have."""
    from sklearn import metrics  # noqa: PLC0415 - slow to import

    return metrics


def labelled(source):
    """Return references and answers that are labels, some answers unknown ones."""
    labels = ["refund", "Refund ", "delivery", "other", "東京", "ß"][: source.randint(2, 6)]
    count = source.randint(2, 40)
    references = source.choices(labels, k=count)
    answers = [
        reference if source.random() < 0.5 else source.choice([*labels, "", "no label"])
        for reference in references
    ]
    return Texts(ids=list(map(str, range(count))), references=references, answers=answers)


def normal(texts):
    return [text.strip().casefold() for text in texts]


def test_accuracy_and_macro_f1_are_those_of_scikit_learn_in_1000_cases(sklearn_metrics):
    source = random.Random(8)
    for _ in range(CASES):
        texts = labelled(source)
        wanted, given = normal(texts.references), normal(texts.answers)
        value = {
            name: METRICS[name].value(METRICS[name].measure(texts).sum(axis=0))
            for name in ("accuracy", "macro_f1")
        }
        accuracy = sklearn_metrics.accuracy_score(wanted, given)
        assert value["accuracy"] == pytest.approx(accuracy, abs=1e-9)
        expected = sklearn_metrics.f1_score(
            wanted, given, labels=sorted(set(wanted)), average="macro", zero_division=0
        )
        assert value["macro_f1"] == pytest.approx(expected, abs=1e-9)


def test_a_confusion_matrix_is_that_of_scikit_learn_in_1000_cases(sklearn_metrics):
    source = random.Random(9)
    for _ in range(CASES):
        texts = labelled(source)
        wanted, given = normal(texts.references), normal(texts.answers)
        labels = sorted(set(wanted))
        found = classification.confusion_of("base", texts)
        assert normal(found.labels) == labels
        known = [label if label in labels else "\uffff" for label in given]
        expected = sklearn_metrics.confusion_matrix(wanted, known, labels=[*labels, "\uffff"])[:-1]
        assert found.counts == expected.tolist()

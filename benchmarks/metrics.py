"""How fast metrics and statistics are, beside the libraries that define them: `uv run python benchmarks/metrics.py`.

Both compute the same values of the same seeded texts, in turn, so that the ratios of the medians hold
on a busy machine too. Writes the table of docs/metrics.md.
"""  # noqa: E501 - a command is copied whole

from __future__ import annotations

import math
import os
import random
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

# Time of the processor counts the threads of a linear algebra library that wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF
from scipy.stats import bootstrap

from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.metrics import METRICS
from bedrock_customization_runtime.evaluation.statistics import Pair
from bedrock_customization_runtime.evaluation.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
BEGIN, END = "<!-- benchmarks/metrics.py -->", "<!-- end -->"
RECORDS, WORDS, ROUNDS = 1_000, 70, 5
DRAWS = 200
"""Of the bootstrap of a corpus's score: the library is asked for each draw."""


def texts(seed: int = 1) -> Texts:
    """Return answers of 70 words of which one in four is not the reference's."""
    source = random.Random(seed)  # noqa: S311 - no secrets
    words = ["".join(source.choices("etaoinshrdlucm", k=source.randint(2, 9))) for _ in range(9999)]
    references = [source.choices(words, k=WORDS) for _ in range(RECORDS)]
    return Texts(
        ids=list(map(str, range(RECORDS))),
        references=[" ".join(line) for line in references],
        answers=[
            " ".join(word if source.random() < 0.75 else source.choice(words) for word in line)  # noqa: PLR2004 - one in four
            for line in references
        ],
    )


def ours(name: str, told: Texts) -> float:
    """Return a metric of all records."""
    metric = METRICS[name]
    return float(metric.value(metric.measure(told).sum(axis=0)))


def our_rouge(told: Texts) -> float:
    """Return the sum of the three; of texts that nobody has taken apart yet."""
    fresh = Texts(ids=told.ids, references=told.references, answers=told.answers)
    return sum(ours(name, fresh) for name in ("rouge_1", "rouge_2", "rouge_l"))


def rouge(told: Texts) -> float:
    """Return the sum of rouge-score's means."""
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    pairs = zip(told.references, told.said, strict=True)
    found = [score.fmeasure for pair in pairs for score in scorer.score(*pair).values()]
    return math.fsum(found) / RECORDS


def sacrebleu(library: type[BLEU | CHRF], told: Texts) -> float:
    """Return sacrebleu's score of the corpus; each new object has a tokenizer of its own."""
    return float(library().corpus_score(told.said, [told.references]).score / 100)


def interval_of(pair: Pair, draws: int) -> float:
    """Return the lower end of our interval."""
    drawn = statistics.bootstrap_differences([pair], seed=1, draws=draws)[0]
    return statistics.percentile_interval(drawn, value=pair.difference, records=RECORDS)[0]


def scipy_interval_of(pair: Pair, draws: int) -> float:
    """Return the lower end of SciPy's interval of the same draws."""

    def difference(rows: np.ndarray) -> float:
        chosen = rows.astype(int)
        sums = pair.second[chosen].sum(axis=0), pair.first[chosen].sum(axis=0)
        return float(pair.value(sums[0]) - pair.value(sums[1]))

    found = bootstrap(
        (np.arange(RECORDS),),
        difference,
        vectorized=False,
        n_resamples=draws,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(1)),
    )
    return float(found.confidence_interval.low)


def main() -> None:
    """Measure, check that the values agree, and write the table."""
    told, other = texts(), texts(2)
    said = Texts(ids=told.ids, references=told.references, answers=other.answers)
    chrf = METRICS["chrf"]
    pair = Pair(first=chrf.measure(said), second=chrf.measure(told), value=chrf.value)
    cases: list[tuple[str, str, Callable[[], float], Callable[[], float]]] = [
        ("ROUGE-1, -2 and -L", "rouge-score", partial(our_rouge, told), partial(rouge, told)),
        *(
            (
                METRICS[name].title,
                "sacrebleu",
                partial(ours, name, told),
                partial(sacrebleu, kind, told),
            )
            for name, kind in (("bleu", BLEU), ("chrf", CHRF))
        ),
        (
            f"interval of chrF, {DRAWS:,} draws",
            "scipy",
            partial(interval_of, pair, DRAWS),
            partial(scipy_interval_of, pair, DRAWS),
        ),
    ]
    lines = [
        f"{RECORDS:,} answers of {WORDS} words, medians of {ROUNDS} runs in turn on one machine:",
        "",
        "| what | library | seconds | ours | times as fast |",
        "| --- | --- | --- | --- | --- |",
    ]
    for what, library, mine, theirs in cases:
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            values = []
            for is_mine, compute in ((True, mine), (False, theirs)):
                started = time.process_time()
                values.append(compute())
                times[is_mine].append(time.process_time() - started)
            if abs(values[0] - values[1]) > 1e-9:  # noqa: PLR2004 - the bar
                raise SystemExit(f"{what} differs: {values}")
        own, peer = median(times[True]), median(times[False])
        lines.append(f"| {what} | {library} | {peer:.3f} | {own:.3f} | {peer / own:.1f} |")
        print(lines[-1])
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]))


if __name__ == "__main__":
    main()

"""Figures of a judge's scores: Bedrock gives none beside the scores of single answers.

Only records with a valid judgement of both models are compared, so that no model gains by the
judge's failures on the other; how many are lost is counted, and too many make the whole worthless.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bedrock_customization_runtime.errors import JudgeFailed
from bedrock_customization_runtime.evaluation import statistics
from bedrock_customization_runtime.evaluation.comparison import SEED
from bedrock_customization_runtime.evaluation.judge_criteria import (
    BASE_WINS,
    CANDIDATE_WINS,
    TIE,
    outcome,
)
from bedrock_customization_runtime.evaluation.judge_datasets import Task
from bedrock_customization_runtime.evaluation.judge_results import Flaw
from bedrock_customization_runtime.evaluation.statistics import Pair
from bedrock_customization_runtime.evaluation.texts import averaged, mean
from bedrock_customization_runtime.manifest import JudgePreference, JudgeScore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_runtime.evaluation.judge_criteria import Criterion
    from bedrock_customization_runtime.evaluation.judge_datasets import JudgedRecord
    from bedrock_customization_runtime.evaluation.judge_results import Judgements
    from bedrock_customization_runtime.evaluation.texts import Vector

MAXIMUM_INVALID = 0.05
"""Share of the records, above which a judge has failed."""


def score(
    records: Sequence[JudgedRecord],
    criterion: Criterion,
    judgements: Mapping[Task, Judgements],
    metrics: Mapping[Task, str],
) -> JudgeScore:
    """Compare what a judge gave the models by one criterion.

    Args:
        records: All that it was asked about.
        criterion: By what.
        judgements: Of the jobs that judge answers alone.
        metrics: What the criterion is called in each job.

    Raises:
        JudgeFailed: Too many judgements are missing or invalid, or none is left.
    """
    invalid: Counter[str] = Counter()
    not_applicable = 0
    pairs: list[tuple[float, float]] = []
    for record in records:
        base, candidate = (
            _judgement(record, criterion, task, metrics[task], judgements[task])
            for task in (Task.BASE, Task.CANDIDATE)
        )
        flaw = _flaw(record, base, candidate)
        if flaw is None and not isinstance(base, Flaw) and not isinstance(candidate, Flaw):
            pairs.append((base, candidate))
        elif criterion.may_not_apply and base is candidate is flaw is Flaw.UNDECIDED:
            not_applicable += 1
        else:
            invalid[flaw or Flaw.ABSENT] += 1
    _check(criterion.name, len(records), invalid, valid=len(pairs))
    base_scores, candidate_scores = np.array(pairs).T
    both = _pair(base_scores, candidate_scores)
    (p_value,) = statistics.permutation_p_values([both], seed=SEED)
    interval, how = _interval(both, p_value)
    return JudgeScore(
        name=criterion.name,
        lower_is_better=criterion.lower_is_better,
        records=len(pairs),
        base=float(base_scores.mean()),
        candidate=float(candidate_scores.mean()),
        difference=both.difference,
        interval=interval,
        p_value=p_value,
        not_applicable=not_applicable,
        invalid=dict(sorted(invalid.items())),
        method=(
            "paired permutation test, two-sided, at most "
            f"{statistics.PERMUTATIONS:,} swaps (PCG64, seed {SEED}); {how}"
        ),
    )


def preference(
    records: Sequence[JudgedRecord],
    criterion: Criterion,
    judgements: Mapping[Task, Judgements],
    metrics: Mapping[Task, str],
) -> JudgePreference:
    """Count whose answers a judge prefers; where the orders disagree, nobody's.

    Arguments and errors are those of `score`, of the jobs that judge two answers.
    """
    invalid: Counter[str] = Counter()
    verdicts: list[int] = []
    disagreements = chosen = first = 0
    for record in records:
        scores = [
            _judgement(record, criterion, task, metrics[task], judgements[task])
            for task in (Task.CANDIDATE_FIRST, Task.BASE_FIRST)
        ]
        flaw = _flaw(record, *scores)
        candidate_first, base_first = scores
        if flaw is not None or isinstance(candidate_first, Flaw) or isinstance(base_first, Flaw):
            invalid[flaw or Flaw.ABSENT] += 1
            continue
        one = outcome(Task.CANDIDATE_FIRST, candidate_first)
        other = outcome(Task.BASE_FIRST, base_first)
        chosen += (one != TIE) + (other != TIE)
        first += (one == CANDIDATE_WINS) + (other == BASE_WINS)
        disagreements += one != other
        verdicts.append(one if one == other else TIE)
    _check(criterion.name, len(records), invalid, valid=len(verdicts))
    outcomes = np.array(verdicts, dtype=np.float64)
    wins, losses = int((outcomes > 0).sum()), int((outcomes < 0).sum())
    p_value = statistics.mcnemar_p_value(losses, wins)
    (lower, upper), how = _interval(
        _pair(np.maximum(-outcomes, 0), np.maximum(outcomes, 0)), p_value
    )
    return JudgePreference(
        records=len(verdicts),
        wins=wins,
        losses=losses,
        ties=len(verdicts) - wins - losses,
        disagreements=disagreements,
        first_chosen=first / chosen if chosen else None,
        win_rate=(1 + float(outcomes.mean())) / 2,
        interval=((1 + lower) / 2, (1 + upper) / 2),
        p_value=p_value,
        invalid=dict(sorted(invalid.items())),
        method=(
            f"exact sign test, two-sided, on {losses} losses and {wins} wins in both orders; {how}"
        ),
    )


def _pair(base: Vector, candidate: Vector) -> Pair:
    return Pair(first=averaged(base), second=averaged(candidate), value=mean)


def _interval(both: Pair, p_value: float) -> tuple[tuple[float, float], str]:
    """Return the 95 % interval of a difference, and how it was made."""
    (drawn,) = statistics.bootstrap_differences([both], seed=SEED)
    interval = statistics.agreeing(
        statistics.percentile_interval(drawn, value=both.difference, records=both.records), p_value
    )
    if not statistics.has_spread(drawn):
        return interval, "95 % Clopper-Pearson bounds, because all draws differ alike"
    return interval, (
        f"95 % percentile interval of {statistics.BOOTSTRAP_DRAWS:,} paired bootstrap draws "
        f"(PCG64, seed {SEED}), with 0 unless the test rejects it"
    )


def _judgement(
    record: JudgedRecord, criterion: Criterion, task: Task, metric: str, found: Judgements
) -> float | Flaw:
    judged = found.get((record.key(task), metric), Flaw.ABSENT)
    if isinstance(judged, Flaw) or criterion.takes(judged):
        return judged
    return Flaw.OUT_OF_RANGE


def _flaw(record: JudgedRecord, *judged: float | Flaw) -> Flaw | None:
    """Return why a record does not count, None if it does."""
    if record.injections():
        return Flaw.INJECTION
    return next((one for one in judged if isinstance(one, Flaw)), None)


def _check(name: str, records: int, invalid: Counter[str], *, valid: int) -> None:
    lost = invalid.total()
    if valid and lost <= MAXIMUM_INVALID * records:
        return
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in sorted(invalid.items()))
    raise JudgeFailed(
        f"{lost:,} of {records:,} records have no valid judgement of both models by {name} "
        f"({reasons or 'none applies'}), at most {MAXIMUM_INVALID:.0%} may lack one: take another "
        "judge or other criteria; where answers speak to their judge, look at what the model "
        "learned"
    )

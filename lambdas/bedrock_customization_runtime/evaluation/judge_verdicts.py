"""What a judge's figures mean for a gate: may the candidate go live, by what the judge says?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.manifest import JudgeScore, JudgeSection


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeVerdict:
    """Whether one rule is kept.

    Args:
        rule: Its name.
        passed: Whether it is.
        reason: The figures, in a sentence.
    """

    rule: str
    passed: bool
    reason: str


def judge_verdicts(
    section: JudgeSection | None,
    *,
    minimum_improvement: float | None = None,
    minimum_win_rate: float | None = None,
) -> list[JudgeVerdict]:
    """Hold a judge's figures against what is asked for; what is not finite never passes.

    Args:
        section: What the judge said; None where none was asked.
        minimum_improvement: By the first criterion the interval's lower end must exceed it, in
            [0, 1], and by no other may the tuned model surely be worse. None asks for nothing.
        minimum_win_rate: The lower end of the win rate's interval must exceed it; 0.5 asks for any
            preference beyond chance. None asks for nothing.

    Returns:
        One verdict for each rule and criterion that is asked for.
    """
    found: list[JudgeVerdict] = []
    if minimum_improvement is not None:
        found += _of_scores(section.scores if section else [], minimum_improvement)
    if minimum_win_rate is not None:
        found.append(_of_preference(section, minimum_win_rate))
    return found


def _of_scores(scores: list[JudgeScore], minimum: float) -> Iterator[JudgeVerdict]:
    if not scores:
        yield JudgeVerdict(
            rule="minimum_judge_improvement",
            passed=False,
            reason="no judge has scored answers: give the pipeline a judge with metrics",
        )
    for number, score in enumerate(scores):
        lower, upper = _gain(score)
        words = (
            f"the judge's {score.name} improves by {lower:.3f} to {upper:.3f} with 95 % confidence"
        )
        if number == 0:
            yield JudgeVerdict(
                rule="minimum_judge_improvement",
                passed=math.isfinite(upper) and lower > minimum,
                reason=f"{words}, where more than {minimum:.3f} is required",
            )
        else:
            yield JudgeVerdict(
                rule="no_judge_regression",
                passed=math.isfinite(lower) and upper >= 0,
                reason=f"{words}, where it must not surely fall",
            )


def _of_preference(section: JudgeSection | None, minimum: float) -> JudgeVerdict:
    found = section.preference if section else None
    if found is None:
        return JudgeVerdict(
            rule="minimum_judge_win_rate",
            passed=False,
            reason="no judge has compared answers: give the pipeline a judge with pairwise",
        )
    lower, upper = found.interval
    return JudgeVerdict(
        rule="minimum_judge_win_rate",
        passed=math.isfinite(upper) and lower > minimum,
        reason=(
            f"the judge prefers the tuned model in {lower:.1%} to {upper:.1%} of the records with "
            f"95 % confidence ({found.wins} wins, {found.losses} losses, {found.ties} ties), where "
            f"more than {minimum:.1%} is required"
        ),
    )


def _gain(score: JudgeScore) -> tuple[float, float]:
    lower, upper = score.interval
    return (-upper, -lower) if score.lower_is_better else (lower, upper)

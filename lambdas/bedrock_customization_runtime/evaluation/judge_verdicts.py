"""The gate's rules on what a judge said of the candidate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import GateRule
from bedrock_customization_runtime.manifest import RuleVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.contract import Gate
    from bedrock_customization_runtime.manifest import JudgeScore, JudgeSection


def judge_verdicts(section: JudgeSection | None, gate: Gate) -> Iterator[RuleVerdict]:
    """Hold a judge's figures against a gate; what is not finite never passes.

    Args:
        section: What the judge said; None where none was asked.
        gate: Its rules; those of the judge may be absent.

    Yields:
        A verdict for each rule and criterion that is asked for.
    """
    if "min_judge_improvement" in gate:
        scores = section.scores if section else []
        yield from _of_scores(scores, gate["min_judge_improvement"])
    if "min_judge_win_rate" in gate:
        yield _of_preference(section, gate["min_judge_win_rate"])


def _of_scores(scores: list[JudgeScore], minimum: float) -> Iterator[RuleVerdict]:
    rule = GateRule.MINIMUM_JUDGE_IMPROVEMENT
    if not scores:
        yield RuleVerdict(rule=rule, passed=False, reason="no judge has scored answers")
    for number, score in enumerate(scores):
        lower, upper = _gain(score)
        words = (
            f"the judge's {score.name} improves by {lower:.3f} to {upper:.3f} with 95 % confidence"
        )
        decides = number == 0
        yield RuleVerdict(
            rule=rule,
            passed=(math.isfinite(upper) and lower > minimum)
            if decides
            else (math.isfinite(lower) and upper >= 0),
            reason=f"{words}, where more than {minimum:.3f} is required"
            if decides
            else f"{words}, where it must not surely fall",
            figures=_finite(lower=lower, upper=upper, records=score.records),
        )


def _of_preference(section: JudgeSection | None, minimum: float) -> RuleVerdict:
    rule, found = GateRule.MINIMUM_JUDGE_WIN_RATE, section.preference if section else None
    if found is None:
        return RuleVerdict(rule=rule, passed=False, reason="no judge has compared answers")
    lower, upper = found.interval
    return RuleVerdict(
        rule=rule,
        passed=math.isfinite(upper) and lower > minimum,
        reason=(
            f"the judge prefers the tuned model in {lower:.1%} to {upper:.1%} of the records with "
            f"95 % confidence ({found.wins} wins, {found.losses} losses, {found.ties} ties), where "
            f"more than {minimum:.1%} is required"
        ),
        figures=_finite(lower=lower, upper=upper, records=found.records),
    )


def _gain(score: JudgeScore) -> tuple[float, float]:
    lower, upper = score.interval
    return (-upper, -lower) if score.lower_is_better else (lower, upper)


def _finite(**figures: float) -> dict[str, float]:
    """Return the figures that JSON can hold."""
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}

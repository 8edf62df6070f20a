"""May the candidate go live? The evaluation held against the gate's rules; knows no AWS.

Each rule gives a verdict of its own with the figures it rests on, and the candidate passes if all
do. What a rule asks for and the evaluation does not show counts as not shown: a figure that is not
finite, a slice without records, a price that nobody knows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import GateRule
from bedrock_customization_runtime.evaluation.judge_verdicts import judge_verdicts
from bedrock_customization_runtime.manifest import RuleVerdict
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_runtime.contract import Gate
    from bedrock_customization_runtime.manifest import EvaluationSection, MetricComparison

_BASE, _TUNED, _LIVE = "base", "tuned", "live"


def decide(evaluation: EvaluationSection, gate: Gate) -> list[RuleVerdict]:
    """Return what each rule of the gate says of a candidate.

    Args:
        evaluation: Of the run, as its manifest holds it.
        gate: The rules.
    """
    return [
        _contamination(evaluation),
        *_improvement(evaluation, gate),
        *(
            verdict
            for protected in gate["no_regression_on"]
            for verdict in _no_regression(evaluation, protected)
        ),
        *_cost(evaluation, gate),
        *_not_worse_than_live(evaluation, gate),
        *judge_verdicts(evaluation.judge, gate),
    ]


def passes(verdicts: Sequence[RuleVerdict]) -> bool:
    """Return whether no rule refuses."""
    return all(verdict.passed for verdict in verdicts)


def _contamination(evaluation: EvaluationSection) -> RuleVerdict:
    found = evaluation.contaminated
    return RuleVerdict(
        rule=GateRule.CONTAMINATION,
        passed=found == 0,
        reason=f"{wording.count(found)} blind records are also in the training set"
        + (": the figures cannot be trusted, so prepare the data anew" if found else ""),
        figures={"contaminated": float(found)},
    )


def _improvement(evaluation: EvaluationSection, gate: Gate) -> Iterator[RuleVerdict]:
    found = _comparison(evaluation, _BASE)
    if found is None:
        yield _not_shown(
            GateRule.MINIMUM_IMPROVEMENT,
            f"{evaluation.primary} was not compared with the base model",
        )
        return
    if not _is_finite(found):
        yield _not_finite(GateRule.MINIMUM_IMPROVEMENT, found)
        return
    minimum, (lower, upper) = gate["min_improvement"], found.interval
    passed = lower > minimum
    verb = "improves" if passed else "does not surely improve enough:"
    yield RuleVerdict(
        rule=GateRule.MINIMUM_IMPROVEMENT,
        passed=passed,
        reason=f"{found.name} {verb} by {wording.points(lower)} to {wording.points(upper)} points "
        f"with 95 % confidence, where more than {wording.points(minimum)} are required",
        figures={**_figures(found), "min_improvement": minimum},
    )
    chance = found.p_value if found.adjusted_p_value is None else found.adjusted_p_value
    significance = gate["significance"]
    passed = chance <= significance
    yield RuleVerdict(
        rule=GateRule.SIGNIFICANCE,
        passed=passed,
        reason=f"luck alone explains a difference of {found.name} this large with "
        f"{wording.p_value(chance)}, where at most {significance:g} is allowed",
        figures={"p_value": chance, "significance": significance},
    )


def _no_regression(evaluation: EvaluationSection, protected: str) -> Iterator[RuleVerdict]:
    rule = GateRule.NO_REGRESSION_ON
    slices = [
        one
        for one in evaluation.slices
        if one.slice is not None
        and one.name == evaluation.primary
        and one.against == _BASE
        and (one.slice == protected or one.slice.startswith(f"{protected}="))
    ]
    if not slices:
        yield _not_shown(
            rule,
            f"too few blind records, or none, are of the protected slice {protected}",
            slice_=protected,
        )
    for one in slices:
        if not _is_finite(one):
            yield _not_finite(rule, one)
            continue
        lower, upper = one.interval
        passed = upper >= 0
        yield RuleVerdict(
            rule=rule,
            slice=one.slice,
            passed=passed,
            reason=f"{one.name} on the protected slice {one.slice} "
            f"{'is not surely worse' if passed else 'is surely worse'}: "
            f"{wording.points(lower)} to {wording.points(upper)} points with 95 % confidence on "
            f"{wording.count(one.records)} records",
            figures=_figures(one),
        )


def _cost(evaluation: EvaluationSection, gate: Gate) -> Iterator[RuleVerdict]:
    if "max_usd_per_1k" not in gate:
        return
    rule, limit = GateRule.MAXIMUM_USD_PER_1K, gate["max_usd_per_1k"]
    costs = [model.usd_per_1k for model in evaluation.models if model.name == _TUNED]
    cost = costs[0] if costs else None
    if cost is None or not math.isfinite(cost):
        yield _not_shown(rule, "what 1,000 answers of the tuned model cost is not known")
        return
    yield RuleVerdict(
        rule=rule,
        passed=cost <= limit,
        reason=f"1,000 answers of the tuned model cost {wording.usd(cost)}, where at most "
        f"{wording.usd(limit)} are allowed",
        figures={"usd_per_1k": cost, "max_usd_per_1k": limit},
    )


def _not_worse_than_live(evaluation: EvaluationSection, gate: Gate) -> Iterator[RuleVerdict]:
    if not gate["not_worse_than_live"]:
        return
    rule, found = GateRule.NOT_WORSE_THAN_LIVE, _comparison(evaluation, _LIVE)
    if found is None:
        if any(model.name == _LIVE for model in evaluation.models):
            yield _not_shown(rule, f"{evaluation.primary} was not compared with the live model")
        return
    if not _is_finite(found):
        yield _not_finite(rule, found)
        return
    lower, upper = found.interval
    passed = found.difference >= 0
    yield RuleVerdict(
        rule=rule,
        passed=passed,
        reason=f"{found.name} is {'not worse' if passed else 'worse'} than that of the live model: "
        f"{wording.points(found.difference)} points, {wording.points(lower)} to "
        f"{wording.points(upper)} with 95 % confidence",
        figures=_figures(found),
    )


def _comparison(evaluation: EvaluationSection, against: str) -> MetricComparison | None:
    return next(
        (
            one
            for one in evaluation.metrics
            if one.name == evaluation.primary and one.against == against and one.slice is None
        ),
        None,
    )


def _is_finite(found: MetricComparison) -> bool:
    given = (found.baseline, found.tuned, found.difference, *found.interval, found.p_value)
    adjusted = 0.0 if found.adjusted_p_value is None else found.adjusted_p_value
    return all(map(math.isfinite, (*given, adjusted)))


def _figures(found: MetricComparison) -> dict[str, float]:
    lower, upper = found.interval
    return {
        "difference": found.difference,
        "lower": lower,
        "upper": upper,
        "records": float(found.records),
    }


def _not_finite(rule: GateRule, found: MetricComparison) -> RuleVerdict:
    return _not_shown(
        rule, f"{found.name} has a figure that is no finite number", slice_=found.slice
    )


def _not_shown(rule: GateRule, reason: str, *, slice_: str | None = None) -> RuleVerdict:
    return RuleVerdict(rule=rule, slice=slice_, passed=False, reason=reason)

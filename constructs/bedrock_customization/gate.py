"""What a candidate must show to go live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization._checks import check_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization.judge import Judge
    from bedrock_customization_runtime import contract

_INTERVAL_TAIL = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What a candidate must show on the blind set; it goes live only if every rule passes.

    docs/promotion.md states each rule's statistics.

    Args:
        min_improvement: What the primary metric must surely gain over the base model, in units
            of the metric, in [0, 1]: the lower end of the difference's 95 % interval must exceed
            it. 0 asks for any improvement beyond chance.
        significance: Largest p-value of that difference, corrected for several comparisons where
            there are several; above 0, at most 0.05, because the interval allows no more.
        no_regression_on: Protected slices, a column or `column=value` each: where the tuned model
            is surely worse than the base model, it does not pass. A slice without blind records
            does not pass either, for nothing is shown.
        max_usd_per_1k: What 1,000 answers of the tuned model may cost, in US dollars; a model
            whose price is not known does not pass. Without it, costs are only reported.
        not_worse_than_live: Whether a candidate must score at least what the model scores that is
            live, if one is.
        min_judge_improvement: What the first criterion of the judge must surely gain, in
            [0, 1], while no other surely falls. Without it, its scores are only reported.
        min_judge_win_rate: In what share of the records the judge must surely prefer the tuned
            model, a tie being half a win, in [0, 1]; 0.5 asks for any preference beyond chance.
            Without it, preferences are only reported.

    Raises:
        ValueError: A number is out of range, or a slice has no name.
    """

    min_improvement: float = 0.0
    significance: float = 0.05
    no_regression_on: Sequence[str] = ()
    max_usd_per_1k: float | None = None
    not_worse_than_live: bool = True
    min_judge_improvement: float | None = None
    min_judge_win_rate: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers and names."""
        check_between(
            "min_improvement",
            self.min_improvement,
            0,
            1,
            "it is in units of the metric, 0.02 means two points",
        )
        check_between(
            "significance",
            self.significance,
            1e-9,
            _INTERVAL_TAIL,
            "the interval is one of 95 %, so a laxer test would let nothing more through",
        )
        if self.max_usd_per_1k is not None:
            check_between(
                "max_usd_per_1k",
                self.max_usd_per_1k,
                0,
                1e6,
                "it is what 1,000 answers may cost, in US dollars",
            )
        for name, share in (
            ("min_judge_improvement", self.min_judge_improvement),
            ("min_judge_win_rate", self.min_judge_win_rate),
        ):
            if share is not None:
                check_between(name, share, 0, 1, "it is a share, 0.5 means a half")
        if isinstance(self.no_regression_on, str):
            raise ValueError(  # noqa: TRY004 - as every argument that does not fit
                f"no_regression_on must be a list, got {self.no_regression_on!r}: write "
                f"[{self.no_regression_on!r}]"
            )
        for protected in self.no_regression_on:
            column, equals, value = protected.partition("=")
            if not column.strip() or (equals and not value):
                raise ValueError(
                    "no_regression_on must name columns or column=value, got "
                    f"{protected!r}: write it like 'language' or 'language=de'"
                )

    def check_judge(self, judge: Judge | None) -> None:
        """Refuse rules on what no judge will say.

        Raises:
            ValueError: A rule needs a judge, or one that is asked for something else.
        """
        scores = judge is not None and bool(judge.metrics or judge.criteria)
        compares = judge is not None and judge.pairwise is not None
        for name, given, is_told, missing in (
            ("min_judge_improvement", self.min_judge_improvement, scores, "metrics"),
            ("min_judge_win_rate", self.min_judge_win_rate, compares, "pairwise"),
        ):
            if given is not None and not is_told:
                raise ValueError(
                    f"gate.{name} is {given:g} but no judge is asked for it: give the pipeline "
                    f"judge=Judge(model=…, {missing}=…), or leave the rule out"
                )

    def to_json(self) -> contract.Gate:
        """Return the rules as "Decide promotion" reads them."""
        gate: contract.Gate = {
            "min_improvement": self.min_improvement,
            "significance": self.significance,
            "no_regression_on": list(self.no_regression_on),
            "not_worse_than_live": self.not_worse_than_live,
        }
        if self.max_usd_per_1k is not None:
            gate["max_usd_per_1k"] = self.max_usd_per_1k
        if self.min_judge_improvement is not None:
            gate["min_judge_improvement"] = self.min_judge_improvement
        if self.min_judge_win_rate is not None:
            gate["min_judge_win_rate"] = self.min_judge_win_rate
        return gate

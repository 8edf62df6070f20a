"""Value objects that say who judges the answers to the blind set, and by what."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization._checks import check_whole
from bedrock_customization.base_model import arns_for_invocation, arns_in_region
from bedrock_customization_runtime.contract import JudgeMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime import contract

# Bedrock takes 63 characters, of which a run's own part takes 13.
_NAME = re.compile(r"[0-9a-zA-Z_.-]{1,50}")
_MOST_CRITERIA, _MOST_LABELS = 10, 10
# Bedrock takes 5,000 characters, scale and data included.
_MOST_CHARACTERS = 3500


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeCriterion:
    """A metric of your own for a judge.

    The judge is shown prompt, answer and, where every record has one, the reference answer, as
    data between tags.

    Args:
        name: Letters, digits, `.`, `_` and `-`.
        instructions: What makes an answer good, in a few sentences. They say what each label of the
            scale means.
        scale: What the judge may say, the worst first: two to ten labels, each of a few words. They
            count as evenly spaced scores from 0 to 1.

    Raises:
        ValueError: Name, instructions or scale do not fit.
    """

    name: str
    instructions: str
    scale: Sequence[str] = ("Poor", "Fair", "Good", "Excellent")

    def __post_init__(self) -> None:
        """Check what Bedrock would refuse after the customization job is paid."""
        if not _NAME.fullmatch(self.name) or self.name.startswith("Builtin."):
            raise ValueError(
                "name must be up to 50 letters, digits, dots, hyphens and underscores and not "
                f"start with Builtin., got {self.name!r}: choose another"
            )
        _check_instructions(f"instructions of {self.name}", self.instructions)
        labels = [label.strip() for label in self.scale]
        most = f"scale of {self.name} must have 2 to {_MOST_LABELS} different labels"
        if not 1 < len(labels) <= _MOST_LABELS or len(set(labels)) < len(labels):
            raise ValueError(f"{most}, got {len(labels)}: the worst first, such as Poor, Good")
        wrong = [label for label in labels if not 0 < len(label) <= 100 or "{{" in label]  # noqa: PLR2004 - Bedrock's
        if wrong:
            raise ValueError(
                f"{most} of up to 100 characters, got {wrong[0]!r}: use a word or a few"
            )

    def to_contract(self) -> contract.JudgeCriterion:
        """Return what the function receives."""
        return {
            "name": self.name,
            "instructions": self.instructions,
            "scale": [label.strip() for label in self.scale],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """A model that judges the answers of base and tuned model in Bedrock evaluation jobs.

    It is asked once the answers are there and compared, and paid by the token (docs/judging.md).

    Args:
        model: Id of a foundation model or of a system inference profile that may judge. Judges
            reach their end of life, so there is none by default; a run asks Bedrock for it before
            it pays for anything.
        metrics: Bedrock's own metrics, whose instructions to the judge it writes itself.
        criteria: Metrics of your own.
        pairwise: What makes one answer the better of two, in a few sentences: the judge then also
            compares the answers directly, once in each order. Without it, it does not.
        max_records: Of the blind set; of a larger one, a sample by the digest of the records'
            ids. At most 1,000, which is all a job takes.

    Raises:
        ValueError: Nothing is judged, or something that Bedrock refuses.
    """

    model: str
    metrics: Sequence[JudgeMetric] = ()
    criteria: Sequence[JudgeCriterion] = ()
    pairwise: str | None = None
    max_records: int = 500

    def __post_init__(self) -> None:
        """Check what can be without Bedrock."""
        if not (self.metrics or self.criteria or self.pairwise):
            raise ValueError(
                "a judge must have metrics, criteria or pairwise, got none: name what it "
                "judges, such as metrics=[JudgeMetric.CORRECTNESS]"
            )
        names = [JudgeMetric(metric).value for metric in self.metrics]
        names += [criterion.name for criterion in self.criteria]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise ValueError(
                f"a judge must have each metric once, got {repeated[0]} again: leave it out"
            )
        if len(self.criteria) > _MOST_CRITERIA:
            raise ValueError(
                f"criteria must be at most {_MOST_CRITERIA}, got {len(self.criteria)}: a job takes "
                "no more"
            )
        if self.pairwise is not None:
            _check_instructions("pairwise", self.pairwise)
        check_whole("max_records", self.max_records, 1, 1000, "a job takes no more")

    def arns(self) -> list[str]:
        """Return the ARNs in a policy for whoever asks the judge."""
        return arns_for_invocation(self.model)

    def arns_in_region(self) -> list[str]:
        """Return the ARNs, in the stack's Region, in a policy for whoever looks the judge up."""
        return arns_in_region(self.model)

    def to_contract(self) -> contract.JudgePlan:
        """Return what the handlers receive."""
        plan: contract.JudgePlan = {
            "model": self.model,
            "metrics": [JudgeMetric(metric).value for metric in self.metrics],
            "criteria": [criterion.to_contract() for criterion in self.criteria],
            "max_records": self.max_records,
        }
        if self.pairwise is not None:
            plan["pairwise"] = self.pairwise
        return plan


def _check_instructions(what: str, text: str) -> None:
    if not text.strip() or len(text) > _MOST_CHARACTERS:
        raise ValueError(
            f"{what} must have 1 to {_MOST_CHARACTERS:,} characters, got {len(text.strip())}: a "
            "few sentences are enough"
        )
    if "{{" in text or text.startswith("{%"):
        raise ValueError(
            f"{what} must not hold {{{{ or start with {{%: the data are put in behind it, and Step "
            "Functions would evaluate it"
        )

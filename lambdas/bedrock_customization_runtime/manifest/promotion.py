"""The decision, the approval, and where the model answers."""

from typing import Literal

import msgspec


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one rule of the gate says."""

    rule: str
    """Value of `contract.GateRule`."""
    slice: str | None = None
    """`column=value`, or the column where it has no records; of `no_regression_on` only."""
    passed: bool
    reason: str
    figures: dict[str, float] = {}
    """What it rests on, by name; scores and differences in units of the metric."""


class DecisionSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """May the candidate go live?"""

    promote: bool
    verdicts: list[RuleVerdict]
    min_improvement: float
    earlier_decisions: int = 0
    """How many other runs had been decided by the same blind set before."""
    decided: str

    @property
    def reasons(self) -> list[str]:
        """What speaks against the candidate, or, where nothing does, what speaks for it."""
        refusing = [verdict.reason for verdict in self.verdicts if not verdict.passed]
        return refusing or [verdict.reason for verdict in self.verdicts]


class ApprovalSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people said of a candidate that passed the gate."""

    outcome: Literal["approved", "rejected", "expired"]
    reason: str = ""
    """As the approver wrote it."""
    approver: str | None = None
    """ARN by which Lambda knew them; None of whoever had the link, and where nobody decided."""
    evidence: str | None = None
    """SHA-256 of the version of the manifest that they were shown."""
    requested: str
    """ISO 8601, UTC; so the next."""
    decided: str


class DeploymentSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the candidate answers, and whether consumers use it."""

    arn: str
    alias_parameter: str | None = None
    previous: str | None = None
    """What the alias held before."""
    removed: bool = False
    rolled_back: str | None = None
    """When consumers went back to another run's; ISO 8601, UTC."""

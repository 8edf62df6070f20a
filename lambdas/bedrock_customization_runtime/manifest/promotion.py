"""The decision, and where the model answers."""

import msgspec


class DecisionSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """May the candidate go live?"""

    promote: bool
    reasons: list[str]
    minimum_improvement: float
    decided: str


class DeploymentSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the candidate answers, and whether consumers use it."""

    arn: str
    alias_parameter: str | None = None
    previous: str | None = None
    """What the alias held before."""
    removed: bool = False

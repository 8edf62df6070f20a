"""What a judge said of the answers to the blind set."""

import msgspec


class JudgeScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a judge gave the base and the candidate by one criterion, paired by record."""

    name: str
    lower_is_better: bool = False
    records: int
    """That have a valid judgement of both models."""
    base: float
    """Mean score, in [0, 1]; likewise the next."""
    candidate: float
    difference: float
    interval: tuple[float, float]
    """95 % paired bootstrap interval of the difference."""
    p_value: float
    not_applicable: int = 0
    """Records of which the judge says that the criterion does not apply to their prompt."""
    invalid: dict[str, int] = {}
    """Records without a valid judgement of both models, by reason."""
    method: str
    """Of the test, in words, with seed and draws."""


class JudgePreference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of two answers a judge prefers, asked once in each order."""

    records: int
    """That have a valid verdict in both orders."""
    wins: int
    """Of the candidate, in both orders."""
    losses: int
    """Likewise, of the base model."""
    ties: int
    """All others."""
    disagreements: int
    """Ties on which the two orders differ."""
    first_chosen: float | None
    """Share of the verdicts for one of the answers that chose the one shown first; one half is no
    bias. None where no verdict chose."""
    win_rate: float
    """Wins and half of the ties, as a share of the records."""
    interval: tuple[float, float]
    """95 % bootstrap interval of the win rate."""
    p_value: float
    invalid: dict[str, int] = {}
    method: str


class JudgeSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judge's part of the evaluation."""

    model: str
    """The judge."""
    records: int
    """That it was asked about."""
    left_out: dict[str, int] = {}
    """Records that it was not asked about, by reason."""
    injections: dict[str, int] = {}
    """Answers that speak to a judge or of their score, by model."""
    scores: list[JudgeScore] = []
    preference: JudgePreference | None = None
    jobs: list[str]
    """ARNs of the evaluation jobs."""

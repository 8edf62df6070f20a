"""What was checked and estimated before a job, the job, and the candidates of a sweep."""

from typing import Literal

import msgspec


class PreflightCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that account and Region must have before a job starts."""

    name: str
    passed: bool
    """False where it could not be looked at; what fails ends the run."""
    detail: str


class CostItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that is paid for."""

    name: str
    quantity: float | None
    """None where nobody can say how much it will be; `assumption` says why."""
    unit: Literal["tokens", "records", "models", "hours", "vCPU hours", "unit minutes", "units"]
    price_usd: float | None
    """None where no price is known, which does not mean that it is free; likewise `usd`."""
    price_per: int = 1
    """How many units the price is for."""
    price_source: str | None = None
    price_as_of: str | None = None
    price_unverified: bool = False
    """Whether no document states the price."""
    usd: float | None
    assumption: str = ""
    """What the figure rests on, beside the price."""

    @property
    def is_certain(self) -> bool:
        """Whether a documented price stands behind the figure."""
        return self.usd is not None and not self.price_unverified


class EstimateSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the run, with all jobs of a sweep so far, was expected to cost before they were paid."""

    tokens: int
    """Of the training set, for one epoch."""
    epochs: int
    """Of all jobs together."""
    items: list[CostItem]
    """What the run itself costs."""
    monthly: list[CostItem] = []
    """What its model costs in each month it is kept."""
    usd: float | None
    """Of all items; None where one has no figure."""
    known_usd: float
    """Of those that have one."""


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of a loss curve."""

    step: int
    epoch: int
    loss: float


class DiagnosisSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the losses of a job say about its training (`diagnosis`)."""

    verdict: Literal["diverged", "overfit", "underfit", "plateau", "fine", "unknown"]
    rule: str
    """Which gave the verdict."""
    message: str
    """Its figures."""
    advice: str
    """What to try next."""


class CustomizationSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The job and its model."""

    job_name: str
    job_arn: str
    model_arn: str
    customization_type: str
    hyperparameters: dict[str, str]
    started: str
    ended: str
    training_curve: list[CurvePoint]
    """At most 200 points, first and last included; without what is no finite number."""
    validation_curve: list[CurvePoint]
    diagnosis: DiagnosisSection | None = None
    """None where the method's losses say nothing."""


class SweepCandidate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A candidate of a sweep, also as its record in S3 holds it while the sweep runs."""

    number: int
    """In the run, from 1."""
    round: int
    """From 1."""
    hyperparameters: dict[str, str]
    status: Literal[
        "proposed", "completed", "failed", "stalled", "stopped", "stopped early", "not afforded"
    ] = "proposed"
    attempts: int = 0
    """Jobs that were asked for; each is counted as paid."""
    estimate_usd: float | None = None
    """Of one job; None where no price is known."""
    job_name: str | None = None
    """Of the last attempt."""
    job_arn: str | None = None
    model_arn: str | None = None
    failure: str | None = None
    """Why there is no model."""
    training_loss: float | None = None
    """As the job ended; likewise the next, which decides."""
    validation_loss: float | None = None
    validation_curve: list[CurvePoint] = []
    diagnosis: DiagnosisSection | None = None
    redrives: int = 0
    """How often the execution had been redriven when this was recorded."""
    chosen: bool = False
    reason: str = ""
    """Why it was chosen, or why not."""
    model_deleted: bool = False


class SweepSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The candidates of a sweep and what became of each."""

    candidates: list[SweepCandidate]
    ended: str
    """Why no more were tried."""

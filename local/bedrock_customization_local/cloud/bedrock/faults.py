"""Faults on demand: named, counted, seeded, the same in every run.

A refusal is injected before the call takes effect, a lost reply after it did.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.errors import (
    InternalServerError,
    QuotaExceededError,
    ThrottledError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class FaultKind(StrEnum):
    """What goes wrong."""

    THROTTLE = "throttle"
    """The call is refused with ThrottlingException."""
    QUOTA = "quota"
    """The call is refused with ServiceQuotaExceededException."""
    LOST_REPLY = "lost reply"
    """The call takes effect, its caller gets a server error."""
    FAIL_JOB = "fail job"
    """The job ends as Failed while it trains."""
    STALL_JOB = "stall job"
    """The job's training never starts."""
    STOP_JOB = "stop job"
    """Somebody stops the job when half of a training is done."""
    FAIL_IMPORT = "fail import"
    """The model import job ends as Failed."""
    COLD_START = "cold start"
    """An imported model has no copy any more when it is asked: ModelNotReadyException."""
    FAIL_EVALUATION = "fail evaluation"
    """The evaluation job ends as Failed."""
    NONSENSE_JUDGE = "nonsense judge"
    """A judgement is null, NaN, out of range or no number; `share` is one of the judgements."""
    OBEDIENT_JUDGE = "obedient judge"
    """An answer that asks its judge for the best score gets it; likewise."""
    BIASED_JUDGE = "biased judge"
    """The first of two answers is the better one; likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that goes wrong.

    Args:
        name: For the record of what was injected.
        kind: What goes wrong.
        operation: Operation it hits, as `CreateModelCustomizationJob`; None for any. Not for jobs.
        job: Name of the job it hits, or of the imported model; None for any. Only for those.
        times: How often at most; None for ever.
        share: Share of the matching calls or jobs that it hits, drawn with `seed`.
        seed: Of the draw.
        message: What the caller is told; None for AWS's own words.
    """

    name: str
    kind: FaultKind
    operation: str | None = None
    job: str | None = None
    times: int | None = 1
    share: float = 1.0
    seed: int = 0
    message: str | None = None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int | None
    rng: random.Random = field(repr=False)


class Faults:
    """The faults of one embedded Bedrock."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()
        self._injected: list[str] = []

    @property
    def injected(self) -> tuple[str, ...]:
        """Names of the faults that hit, in order."""
        return tuple(self._injected)

    def inject(self, *faults: Fault) -> None:
        """Arm faults."""
        with self._lock:
            # Repeatable on purpose: this chance guards nothing.
            self._armed += [
                _Armed(fault, fault.times, random.Random(fault.seed)) for fault in faults
            ]

    def clear(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._armed.clear()

    def before(self, operation: str) -> None:
        """Refuse a call that has no effect yet, if a fault says so."""
        fault = self._take(
            lambda fault: fault.operation in {None, operation}, FaultKind.THROTTLE, FaultKind.QUOTA
        )
        if fault is None:
            return
        if fault.kind is FaultKind.THROTTLE:
            raise ThrottledError(
                fault.message or "Too many requests, please wait before trying again."
            )
        raise QuotaExceededError(fault.message or "You have exceeded the service quota.")

    def after(self, operation: str) -> None:
        """Lose the reply of a call that took effect, if a fault says so."""
        fault = self._take(lambda fault: fault.operation in {None, operation}, FaultKind.LOST_REPLY)
        if fault is not None:
            raise InternalServerError(fault.message or "The connection was lost before the reply.")

    def of_job(self, name: str) -> Fault | None:
        """Return what goes wrong with the job of a name, which starts now."""
        return self._take(
            lambda fault: fault.job in {None, name},
            FaultKind.FAIL_JOB,
            FaultKind.STALL_JOB,
            FaultKind.STOP_JOB,
        )

    def of_import(self, name: str) -> Fault | None:
        """Return what goes wrong with the model import job of a name."""
        return self._take(lambda fault: fault.job in {None, name}, FaultKind.FAIL_IMPORT)

    def of_imported_model(self, name: str) -> Fault | None:
        """Return what goes wrong with the imported model of a name, which is asked now."""
        return self._take(lambda fault: fault.job in {None, name}, FaultKind.COLD_START)

    def of_evaluation(self, name: str) -> Fault | None:
        """Return what goes wrong with the evaluation job of a name as a whole."""
        return self._take(lambda fault: fault.job in {None, name}, FaultKind.FAIL_EVALUATION)

    def of_judgement(self, name: str, kind: FaultKind) -> Fault | None:
        """Return whether a judgement of an evaluation job goes wrong in that way."""
        return self._take(lambda fault: fault.job in {None, name}, kind)

    def _take(self, hits: Callable[[Fault], bool], *kinds: FaultKind) -> Fault | None:
        with self._lock:
            for armed in self._matching(hits, kinds):
                if armed.rng.random() < armed.fault.share:
                    if armed.left is not None:
                        armed.left -= 1
                    self._injected.append(armed.fault.name)
                    return armed.fault
        return None

    def _matching(
        self, hits: Callable[[Fault], bool], kinds: tuple[FaultKind, ...]
    ) -> Iterator[_Armed]:
        for armed in self._armed:
            if armed.fault.kind in kinds and hits(armed.fault) and armed.left != 0:
                yield armed

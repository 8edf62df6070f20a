"""What a round finds and what became of it, as its report in S3 has it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class FindingKind(StrEnum):
    """What is wrong with a thing, in the order in which it is taken away: what bills most first."""

    EXPIRED_THROUGHPUT = "expired-throughput"
    """Provisioned throughput past the end that its tag names."""
    ORPHANED_THROUGHPUT = "orphaned-throughput"
    """Provisioned throughput whose run has ended without it going live."""
    RETIRED_THROUGHPUT = "retired-throughput"
    """Provisioned throughput of a pipeline that is gone."""
    IDLE_THROUGHPUT = "idle-throughput"
    """Provisioned throughput that is live, or was before, and that nobody asks."""
    STALLED_JOB = "stalled-job"
    """A job that makes no progress and whose run has ended."""
    ORPHANED_DEPLOYMENT = "orphaned-deployment"
    """An on-demand deployment, or an imported model, whose run has ended without it going live."""
    RETIRED_DEPLOYMENT = "retired-deployment"
    """The same of a pipeline that is gone."""
    LOST_CANDIDATE = "lost-candidate"
    """A custom model that was not promoted, past its retention."""
    RETIRED_MODEL = "retired-model"
    """A custom model of a pipeline that is gone, past its retention."""
    INCOMPLETE_UPLOAD = "incomplete-upload"
    """A multipart upload of a run that has ended."""
    STAGED_MODEL = "staged-model"
    """Copied files of an import whose run has ended."""
    EXPIRED_DATA = "expired-data"
    """Files of a run past their retention."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is left."""

    kind: FindingKind
    resource: str
    """ARN, or S3 URI; of an upload with its id after a `#`."""
    run: str | None
    """Key of the run that made it."""
    since: str
    """When it was made, or last moved; ISO 8601, UTC."""
    reason: str
    """In words."""
    usd_per_hour: float | None = None
    """None where it does not bill by the hour, or no document states the price."""
    usd_per_month: float | None = None
    """Of storage, likewise."""
    outcome: Literal["found", "removed", "spared", "failed", "reported"] = "found"
    """`spared`: used, or gone, by the second look; `reported`: for people to decide."""
    error: str | None = None
    """Code of what AWS answered, where it failed."""


class HousekeepingReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A round: what was found, and what became of it."""

    pipeline: str
    looked: str
    """When; ISO 8601, UTC."""
    dry_run: bool
    findings: list[Finding] = []
    unseen: list[str] = []
    """What could not be looked at, with the code of what AWS answered; the next round looks."""
    complete: bool = True
    """False where time ran out: the next round does the rest."""

    def of_outcome(self, outcome: str) -> list[Finding]:
        """Return the findings that ended so."""
        return [finding for finding in self.findings if finding.outcome == outcome]

"""What is left, and what is not: pure rules over what was listed, who uses it, and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime import times
from bedrock_customization_runtime.deployment import throughput_expiry
from bedrock_customization_runtime.housekeeping.bills import bill_of
from bedrock_customization_runtime.housekeeping.findings import Finding, FindingKind
from bedrock_customization_runtime.housekeeping.inventory import ResourceKind
from bedrock_customization_runtime.housekeeping.pipelines import GRACE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from bedrock_customization_runtime.housekeeping.inventory import Resource
    from bedrock_customization_runtime.housekeeping.pipelines import Limits, RunState
    from bedrock_customization_runtime.housekeeping.protection import Protection

_IS_CHANGING = frozenset({"Creating", "Updating"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a resource is judged by.

    Args:
        now: Time of day.
        limits: When something is old enough.
        protection: What the pipeline holds on to.
        made_of: By the ARN of a model, what is made of it; None where that could not be listed, and
            no model is judged.
        idle: ARNs of throughputs that nobody asks.
        is_retired: Whether the pipeline is gone: nobody works with what it made, and nothing else
            will ever take it away.
    """

    now: datetime
    limits: Limits
    protection: Protection
    made_of: Mapping[str, Collection[str]] | None
    idle: Collection[str] = ()
    is_retired: bool = False


def judge(resource: Resource, run: RunState, facts: Facts) -> Finding | None:
    """Return what is wrong with a resource; None if it stays as it is.

    Args:
        resource: Of the pipeline, by its tag.
        run: How the run goes that its tags name.
        facts: What it is judged by.
    """
    # Whoever tags something by hand names no run.
    if resource.run is None or resource.status in _IS_CHANGING:
        return None
    match resource.kind:
        case ResourceKind.THROUGHPUT:
            return _throughput(resource, run, facts)
        case ResourceKind.DEPLOYMENT | ResourceKind.IMPORTED_MODEL:
            return _deployment(resource, run, facts)
        case ResourceKind.CUSTOMIZATION_JOB | ResourceKind.EVALUATION_JOB:
            return _job(resource, run, facts)
        case ResourceKind.CUSTOM_MODEL:
            return _model(resource, run, facts)


def _throughput(resource: Resource, run: RunState, facts: Facts) -> Finding | None:
    if facts.is_retired:
        return _finding(FindingKind.RETIRED_THROUGHPUT, resource, _RETIRED)
    ends = throughput_expiry.end_of(resource.tags)
    if ends is not None and ends <= facts.now:
        reason = f"its time was over at {times.iso(ends)}"
        return _finding(FindingKind.EXPIRED_THROUGHPUT, resource, reason)
    if resource.arn not in facts.protection.deployments:
        if run.has_ended_before(facts.now - GRACE):
            return _finding(FindingKind.ORPHANED_THROUGHPUT, resource, _not_live(run))
        return None
    if resource.arn in facts.idle:
        hours = facts.limits.idle.total_seconds() / 3600
        place = "live" if resource.arn in facts.protection.live else "kept for a rollback"
        reason = f"it is {place}, and nobody asked it for {hours:g} hours: delete it, or let it be"
        return _finding(FindingKind.IDLE_THROUGHPUT, resource, reason)
    return None


def _deployment(resource: Resource, run: RunState, facts: Facts) -> Finding | None:
    if facts.is_retired:
        return _finding(FindingKind.RETIRED_DEPLOYMENT, resource, _RETIRED)
    if resource.arn in facts.protection.deployments:
        return None
    if run.has_ended_before(facts.now - GRACE):
        return _finding(FindingKind.ORPHANED_DEPLOYMENT, resource, _not_live(run))
    return None


def _job(resource: Resource, run: RunState, facts: Facts) -> Finding | None:
    if facts.is_retired:
        return _finding(FindingKind.STALLED_JOB, resource, _RETIRED)
    stands_since = facts.now - resource.moved
    if not run.has_ended_before(facts.now - GRACE) or stands_since <= facts.limits.stall:
        return None
    hours = stands_since.total_seconds() / 3600
    reason = f"it made no progress for {hours:.0f} hours, and {_not_live(run)}"
    return _finding(FindingKind.STALLED_JOB, resource, reason)


def _model(resource: Resource, run: RunState, facts: Facts) -> Finding | None:
    limit = facts.limits.models
    if limit is None or facts.made_of is None or facts.made_of.get(resource.arn):
        return None
    before = facts.now - limit
    if facts.is_retired:
        if resource.created > before:
            return None
        return _finding(FindingKind.RETIRED_MODEL, resource, _RETIRED)
    if resource.arn in facts.protection.models or resource.created > before:
        return None
    if not run.has_ended_before(before):
        return None
    reason = f"it was not promoted, and {_not_live(run)}, more than {limit.days} days ago"
    return _finding(FindingKind.LOST_CANDIDATE, resource, reason)


_RETIRED = "its pipeline is gone"


def _not_live(run: RunState) -> str:
    assert run.ended is not None  # noqa: S101 - true of every run that has ended
    return f"its run ended at {times.iso(run.ended)}"


def _finding(kind: FindingKind, resource: Resource, reason: str) -> Finding:
    bill = bill_of(resource)
    return Finding(
        kind=kind,
        resource=resource.arn,
        run=resource.run,
        since=times.iso(resource.moved),
        reason=reason,
        usd_per_hour=bill.usd_per_hour,
        usd_per_month=bill.usd_per_month,
    )

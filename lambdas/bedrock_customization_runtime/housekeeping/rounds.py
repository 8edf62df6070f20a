"""A round of housekeeping: look at everything, judge it, take away what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bedrock_customization_runtime import times
from bedrock_customization_runtime.housekeeping import inventory, protection, rules
from bedrock_customization_runtime.housekeeping.findings import (
    Finding,
    FindingKind,
    HousekeepingReport,
)
from bedrock_customization_runtime.housekeeping.inventory import Inventory, ResourceKind, code_of
from bedrock_customization_runtime.housekeeping.leftovers import Leftovers
from bedrock_customization_runtime.housekeeping.pipelines import Runs, tag_of
from bedrock_customization_runtime.housekeeping.removal import Removal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bedrock_customization_runtime.contract import KeptPipeline
    from bedrock_customization_runtime.housekeeping.inventory import Resource
    from bedrock_customization_runtime.housekeeping.pipelines import Clients, Limits
    from bedrock_customization_runtime.housekeeping.protection import Protection

_MARGIN_MS = 30_000
"""With less time left nothing more is taken away: the report is yet to be written."""
_ORDER = {kind: number for number, kind in enumerate(FindingKind)}
_MADE_OF_MODELS = frozenset(
    {
        ResourceKind.THROUGHPUT,
        ResourceKind.DEPLOYMENT,
        ResourceKind.CUSTOM_MODEL,
        ResourceKind.CUSTOMIZATION_JOB,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a pipeline has, and what of it is left.

    Args:
        inventory: What it has in Bedrock.
        protection: What it holds on to.
        findings: What is left, in the order in which it is taken away.
        unseen: What could not be looked at.
        runs: Its runs, as far as they were looked up.
    """

    inventory: Inventory
    protection: Protection
    findings: list[Finding]
    unseen: list[str]
    runs: Runs


def look(
    clients: Clients,
    pipeline: KeptPipeline,
    limits: Limits,
    *,
    now: datetime,
    is_retired: bool = False,
    all_models: bool = False,
) -> Look:
    """Find what is left of a pipeline's runs, and change nothing.

    Args:
        clients: AWS clients.
        pipeline: Whose runs.
        limits: When something is old enough.
        now: Time of day.
        is_retired: Whether the pipeline is gone, so that what is live is left, too.
        all_models: Whether custom models are listed that no limit concerns.

    Raises:
        ClientError: What the pipeline holds on to cannot be read; nothing is judged without it.
    """
    held = protection.read(clients.s3, clients.ssm, pipeline)

    def is_wanted(kind: ResourceKind, created: datetime) -> bool:
        if kind is not ResourceKind.CUSTOM_MODEL or all_models:
            return True
        return limits.models is not None and created <= now - limits.models

    found = inventory.take(clients.bedrock, tag_of(pipeline), is_wanted=is_wanted)
    unseen = [f"{kind}: {code}" for kind, code in found.unseen.items()]
    runs = Runs(clients, pipeline)
    held_on_to = [
        one for one in found.of_kind(ResourceKind.THROUGHPUT) if one.arn in held.deployments
    ]
    idle = _idle_among(clients, held_on_to, limits, now, unseen)
    facts = rules.Facts(
        now=now,
        limits=limits,
        protection=held,
        made_of=_users_of_models(found, is_retired=is_retired),
        idle=idle,
        is_retired=is_retired,
    )
    findings = []
    for resource in found.resources:
        try:
            finding = rules.judge(resource, runs.state(resource.run or ""), facts)
        except (ClientError, BotoCoreError) as error:
            unseen.append(f"run {resource.run}: {code_of(error)}")
            continue
        findings += [finding] if finding else []
    left, not_seen = Leftovers(
        clients.s3, pipeline, runs, limits=limits, protection=held, now=now
    ).find()
    return Look(
        inventory=found,
        protection=held,
        # Stable: of one kind, what was found first goes first.
        findings=sorted([*findings, *left], key=lambda finding: _ORDER[finding.kind]),
        unseen=[*dict.fromkeys([*unseen, *not_seen])],
        runs=runs,
    )


def run(
    clients: Clients,
    pipeline: KeptPipeline,
    limits: Limits,
    *,
    now: datetime,
    dry_run: bool,
    remaining_ms: Callable[[], int],
) -> HousekeepingReport:
    """Look, and take away what is left.

    Args:
        clients: AWS clients.
        pipeline: Whose runs.
        limits: When something is old enough.
        now: Time of day.
        dry_run: Whether nothing is taken away.
        remaining_ms: Tells how many milliseconds the function may still run.

    Returns:
        What was found, and what became of it. What failed is found again by the next round.
    """
    seen = look(clients, pipeline, limits, now=now)
    report = HousekeepingReport(
        pipeline=pipeline["name"],
        looked=times.iso(now),
        dry_run=dry_run,
        findings=seen.findings,
        unseen=seen.unseen,
    )
    if dry_run:
        return report
    removal = Removal(clients, pipeline, seen.runs, now=now)
    done = []
    for finding in seen.findings:
        if remaining_ms() < _MARGIN_MS:
            break
        done.append(removal.remove(finding))
    return msgspec.structs.replace(
        report,
        findings=[*done, *seen.findings[len(done) :]],
        complete=len(done) == len(seen.findings),
    )


def _users_of_models(found: Inventory, *, is_retired: bool) -> dict[str, set[str]] | None:
    """Return what is made of each model; None where that could not be listed."""
    if _MADE_OF_MODELS & found.unseen.keys():
        return None
    # What is left of a pipeline that is gone goes in one round: deployments first, then models.
    own = {resource.arn for resource in found.resources} if is_retired else set()
    return {model: users - own for model, users in found.made_of.items()}


def _idle_among(
    clients: Clients,
    throughputs: Sequence[Resource],
    limits: Limits,
    now: datetime,
    unseen: list[str],
) -> set[str]:
    """Return the throughputs that nobody asked for too long."""
    idle = set()
    for throughput in throughputs:
        try:
            if _is_idle(clients, throughput, limits, now):
                idle.add(throughput.arn)
        except (ClientError, BotoCoreError) as error:
            unseen.append(f"invocations: {code_of(error)}")
    return idle


def _is_idle(clients: Clients, throughput: Resource, limits: Limits, now: datetime) -> bool:
    since = now - limits.idle
    if throughput.created > since:
        return False
    asked = clients.cloudwatch.get_metric_statistics(
        Namespace="AWS/Bedrock",
        MetricName="Invocations",
        Dimensions=[{"Name": "ModelId", "Value": throughput.arn}],
        StartTime=since,
        EndTime=now,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point.get("Sum", 0) for point in asked) == 0

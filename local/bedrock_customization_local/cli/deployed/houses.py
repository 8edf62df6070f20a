"""What a pipeline has, what of it bills, and what of it is left: by the scheduled rounds' rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.config import Config

from bedrock_customization_local.cli.deployed import stacks
from bedrock_customization_local.cli.deployed.pipelines import aws_errors
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime import times
from bedrock_customization_runtime.housekeeping import rounds
from bedrock_customization_runtime.housekeeping.bills import bill_of
from bedrock_customization_runtime.housekeeping.pipelines import Clients, Limits
from bedrock_customization_runtime.housekeeping.removal import Removal
from bedrock_customization_runtime.names import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_local.cli.aws_options import Target
    from bedrock_customization_local.cli.deployed.stacks import PipelineStack
    from bedrock_customization_local.cli.retention_options import RetentionOptions
    from bedrock_customization_runtime.housekeeping.findings import Finding
    from bedrock_customization_runtime.housekeeping.inventory import Resource
    from bedrock_customization_runtime.housekeeping.rounds import Look

_PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
_REDRIVABLE_DAYS = 15


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A run that goes on."""

    run: str
    since: str
    """ISO 8601, UTC; so wherever it stands."""


class Possession(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of the pipeline's in Bedrock."""

    kind: str
    resource: str
    """ARN."""
    run: str | None
    status: str
    since: str
    use: Literal["live", "previous", "running", "left", "kept"]
    """Live, kept for a rollback, of a run that goes on, left over, or none of these."""
    usd_per_hour: float | None
    """None where no document states the price; so the next."""
    usd_per_month: float | None
    note: str


class RetainedResource(msgspec.Struct, frozen=True, kw_only=True):
    """What stayed when the stack was destroyed."""

    type: str
    name: str


class House(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a pipeline, and what of it is left."""

    stack: str
    pipeline: str
    """Name of the state machine."""
    looked: str
    destroyed: str | None
    """None while the stack stands."""
    usd_per_hour: float
    """What all of it bills by the hour, where a price is known."""
    usd_per_month: float
    """What it costs in a month to keep, likewise."""
    running: list[Running]
    possessions: list[Possession]
    findings: list[Finding]
    unseen: list[str]
    retained: list[RetainedResource]

    @property
    def removable(self) -> list[Finding]:
        """What `cleanup` takes away."""
        return [finding for finding in self.findings if finding.outcome == "found"]


class Keeper:
    """Looks at a pipeline's house, and takes away what is left.

    Args:
        target: Whose house; also of a stack that was destroyed in the last 90 days.
        retentions: What goes beside what nobody can use.
        now: Time of day.

    Raises:
        CommandError: There is no such pipeline, a retention does not fit, or AWS refuses.
    """

    def __init__(
        self,
        target: Target,
        retentions: RetentionOptions,
        *,
        now: datetime | None = None,
    ) -> None:
        self._now = now or datetime.now(UTC)
        session = target.session()
        with aws_errors():
            self._stack: PipelineStack = stacks.find(session, target.stack)
            self._clients = Clients(
                bedrock=session.client("bedrock", config=_PATIENT),
                cloudwatch=session.client("cloudwatch", config=_PATIENT),
                s3=session.client("s3", config=_PATIENT),
                ssm=session.client("ssm", config=_PATIENT),
                stepfunctions=session.client("stepfunctions", config=_PATIENT),
            )
            limits = _limits(retentions, is_retired=self._stack.is_retired)
            self._look: Look = rounds.look(
                self._clients,
                self._stack.pipeline,
                limits,
                now=self._now,
                is_retired=self._stack.is_retired,
                all_models=True,
            )

    def house(self) -> House:
        """Return what was seen.

        Raises:
            CommandError: AWS refuses.
        """
        stack, look = self._stack, self._look
        left = {finding.resource for finding in look.findings}
        with aws_errors():
            running = self._running()
        keys = {key_of(one.run) for one in running}
        possessions = [
            _possession(resource, self._use_of(resource, left, keys))
            for resource in look.inventory.resources
        ]
        return House(
            stack=stack.name,
            pipeline=stack.pipeline["name"],
            looked=times.iso(self._now),
            destroyed=times.iso(stack.destroyed) if stack.destroyed else None,
            usd_per_hour=sum(one.usd_per_hour or 0.0 for one in possessions),
            usd_per_month=sum(one.usd_per_month or 0.0 for one in possessions),
            running=running,
            possessions=possessions,
            findings=look.findings,
            unseen=look.unseen,
            retained=[RetainedResource(type=one.type, name=one.name) for one in stack.retained],
        )

    def clean_up(self, seen: House, *, done: Callable[[Finding], None]) -> House:
        """Take away what is left, each after a second look.

        Args:
            seen: What people agreed to.
            done: Is told of each finding and what became of it.

        Returns:
            What was seen, with what became of it.
        """
        removal = Removal(
            self._clients,
            self._stack.pipeline,
            self._look.runs,
            now=self._now,
            is_retired=self._stack.is_retired,
        )
        findings = []
        for finding in seen.findings:
            gone = removal.remove(finding)
            done(gone)
            findings.append(gone)
        return msgspec.structs.replace(seen, findings=findings)

    def _running(self) -> list[Running]:
        if self._stack.is_retired:
            return []
        pages = self._clients.stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=self._stack.pipeline["state_machine_arn"], statusFilter="RUNNING"
        )
        return [
            Running(run=one["name"], since=times.iso(one["startDate"]))
            for page in pages
            for one in page["executions"]
        ]

    def _use_of(
        self, resource: Resource, left: set[str], running: set[str]
    ) -> Literal["live", "previous", "running", "left", "kept"]:
        held = self._look.protection
        if resource.arn in left:
            return "left"
        if resource.arn in held.live:
            return "live"
        if resource.arn in held.previous:
            return "previous"
        return "running" if resource.run in running else "kept"


def as_json(house: House) -> str:
    """Return all of it as JSON, for machines."""
    return msgspec.json.format(msgspec.json.encode(house), indent=2).decode()


def _limits(given: RetentionOptions, *, is_retired: bool) -> Limits:
    """Return retentions as rules take them.

    Raises:
        CommandError: One is so short that a run could not be redriven, or artifacts go first.
    """
    models, data, artifacts = given.model_retention, given.data_retention, given.artifacts_retention
    least = 0 if is_retired else _REDRIVABLE_DAYS
    options = {"--model": models, "--data": data, "--artifacts": artifacts}
    for option, days in options.items():
        if days is not None and days < least:
            raise usage_error(
                f"{option}-retention must be at least {least} days, got {days}",
                "a run can be redriven for two weeks, and needs what it made",
            )
    if artifacts is not None and any(days is None or days > artifacts for days in (models, data)):
        raise usage_error(
            "--artifacts-retention must come with the other two, and be no shorter",
            "a manifest says whose the rest is, so it goes last",
        )

    def span(days: int | None) -> timedelta | None:
        return None if days is None else timedelta(days=days)

    return Limits(models=span(models), data=span(data), artifacts=span(artifacts))


def _possession(
    resource: Resource, use: Literal["live", "previous", "running", "left", "kept"]
) -> Possession:
    bill = bill_of(resource)
    return Possession(
        kind=resource.kind,
        resource=resource.arn,
        run=resource.run,
        status=resource.status,
        since=times.iso(resource.created),
        use=use,
        usd_per_hour=bill.usd_per_hour,
        usd_per_month=bill.usd_per_month,
        note=bill.note,
    )

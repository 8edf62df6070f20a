"""The runs of a deployed pipeline: what became of each, and what it has cost."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors
from bedrock_customization_local.cli.deployed.spending import spent
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime import manifest as manifests, times
from bedrock_customization_runtime.names import key_of
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boto3 import Session
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef
    from rich.console import Console

    from bedrock_customization_local.cli.aws_options import Target
    from bedrock_customization_runtime.manifest import Manifest

_RUNNING = "RUNNING"
_STYLES = {"promoted": "green", "failed": "red", "rejected": "yellow"}


class RunOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A run as `runs` lists it."""

    run: str
    execution_arn: str
    execution: str
    """As Step Functions has it: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE."""
    status: str
    """As the manifest has it: running, promoted, rejected or failed."""
    outcome: str | None
    """Why, in a word; None while it runs."""
    awaits_approval: bool
    started: str
    """ISO 8601, UTC; so the next."""
    ended: str | None
    base_model: str | None
    """Id for customization; None if the run never began; so the next."""
    usd: float | None
    """By the estimate, of what was done so far; None before there is one."""
    usd_is_complete: bool


def list_runs(target: Target, *, limit: int) -> list[RunOverview]:
    """Return the latest runs, the newest first.

    Args:
        target: Whose pipeline.
        limit: At most so many.

    Raises:
        CommandError: There is no such pipeline, or AWS refuses.
    """
    session = target.session()
    with aws_errors():
        pipeline = DeployedPipeline.find(session, target.stack)
        pages = session.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(
            stateMachineArn=pipeline.state_machine_arn,
            PaginationConfig={"PageSize": min(limit, 1000)},
        )
        executions = (one for page in found for one in page["executions"])
        s3 = session.client("s3")
        return [_overview(s3, pipeline, one) for one in islice(executions, limit)]


def latest(session: Session, pipeline: DeployedPipeline) -> str:
    """Return the ARN of the execution that runs, or else of the last one.

    Raises:
        CommandError: There has been none.
    """
    states = session.client("stepfunctions")
    found: Sequence[ExecutionListItemTypeDef] = states.list_executions(
        stateMachineArn=pipeline.state_machine_arn, maxResults=100
    )["executions"]
    running = [one for one in found if one["status"] == _RUNNING]
    if not found:
        raise CommandError(
            f"the pipeline of {pipeline.stack} has not run yet",
            advice=("bedrock-customization start DATA",),
        )
    return (running or found)[0]["executionArn"]


def _overview(
    s3: S3Client, pipeline: DeployedPipeline, execution: ExecutionListItemTypeDef
) -> RunOverview:
    run, is_running = execution["name"], execution["status"] == _RUNNING
    uri = f"s3://{pipeline.artifacts_bucket}/runs/{key_of(run)}/manifest.json"
    manifest = manifests.find(s3, uri)
    ended = execution.get("stopDate")
    cost = spent(manifest) if manifest else None
    return RunOverview(
        run=run,
        execution_arn=execution["executionArn"],
        execution=execution["status"],
        status=_status(manifest, is_running=is_running),
        outcome=None if is_running else (manifest.outcome if manifest else None),
        awaits_approval=bool(
            is_running and pipeline.approval_url and manifest and _awaits(manifest)
        ),
        started=times.iso(execution["startDate"]),
        ended=None if ended is None or is_running else times.iso(ended),
        base_model=manifest.run.base_model if manifest else None,
        usd=cost.usd if cost else None,
        usd_is_complete=cost is not None and cost.is_complete,
    )


def _status(manifest: Manifest | None, *, is_running: bool) -> str:
    if is_running:
        return "running"
    # A run that was stopped from outside may not have said so itself.
    return "failed" if manifest is None or manifest.status == "running" else manifest.status


def _awaits(manifest: Manifest) -> bool:
    """Whether the gate let the candidate pass, and nobody has decided or promoted it since."""
    return bool(
        manifest.decision
        and manifest.decision.promote
        and manifest.approval is None
        and manifest.deployment
        and manifest.deployment.alias_parameter is None
    )


def print_runs(console: Console, runs: Sequence[RunOverview]) -> None:
    """Print runs, the newest first."""
    if not runs:
        console.print("No run yet: bedrock-customization start DATA begins one")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for title in ("run", "started", "took", "decision"):
        table.add_column(title, overflow="fold")
    table.add_column("cost so far", justify="right", no_wrap=True)
    for one in runs:
        told = one.status + (" (asks for approval)" if one.awaits_approval else "")
        why = f": {one.outcome}" if one.status == "failed" and one.outcome else ""
        table.add_row(
            one.run,
            wording.moment(one.started).removesuffix(" UTC"),
            wording.duration(one.started, one.ended) if one.ended else "",
            Text(told + why, style=_STYLES.get(one.status, "")),
            _cost(one),
        )
    console.print(table)
    console.print("Times are UTC; costs are those of the runs' estimates, for what was done")


def _cost(one: RunOverview) -> str:
    if one.usd is None:
        return ""
    return wording.usd(one.usd) + ("" if one.usd_is_complete else " +")

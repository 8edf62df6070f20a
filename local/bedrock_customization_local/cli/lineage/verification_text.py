"""What holds of a run's lineage, in lines for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_local.cli.lineage.verification import Verification
    from bedrock_customization_runtime.manifest import ApprovalSection

_MARKS = {True: "✓", False: "✗", None: "?"}


def lines(found: Verification) -> Iterator[str]:
    """Return the lines: versions, files, what people decided, and what nothing here can tell."""
    chain = found.chain
    if chain.newest:
        run = chain.newest.run
        yield f"Run {run.id}, {chain.newest.status}: {run.execution_arn}"
    yield from _of_versions(found)
    for name in found.strangers:
        yield f"{_MARKS[False]} lineage/{name}: no version of a manifest has this name"
    for file in found.files:
        version = f" (VersionId {file.version_id})" if file.version_id else ""
        yield f"{_MARKS[file.holds]} {file.uri}: {file.said}{version}"
    if chain.newest and chain.newest.approval:
        yield _of_approval(chain.newest.approval)
    if not chain.signed:
        yield (
            f"{_MARKS[None]} not signed: whoever may write the artifacts bucket may write all "
            "versions anew"
        )
    if not found.anchored:
        yield (
            f"{_MARKS[None]} no execution's output names the last version: if the last ones were "
            "taken away together, nothing here can tell"
        )
    yield "All of it holds." if found.holds else "It does not hold."


def _of_versions(found: Verification) -> Iterator[str]:
    findings = sorted(found.chain.findings, key=lambda one: (one.version is None, one.version or 0))
    for version, group in groupby(findings, key=lambda one: one.version):
        answers = list(group)
        broken = [one for one in answers if not one.holds]
        name = f"version {version}" if version is not None else "all versions"
        if broken:
            for one in broken:
                yield f"{_MARKS[False]} {name}: {one.said}"
        else:
            yield f"{_MARKS[True]} {name}: {', '.join(one.check for one in answers)}"


def _of_approval(approval: ApprovalSection) -> str:
    who = approval.approver or (
        "nobody in time" if approval.outcome == "expired" else "whoever had the link"
    )
    shown = f", shown the version {approval.evidence}" if approval.evidence else ""
    return f"  {approval.outcome} by {who}, {approval.decided}{shown}"

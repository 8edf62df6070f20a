"""A run in a few lines, for a notification: figures and reasons, no data, at most 4 KB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import Manifest

MAXIMUM_BYTES = 4_096
_REASONS = 5


def summary(manifest: Manifest) -> str:
    """Return what became of a run, as plain text of at most 4,096 bytes of UTF-8."""
    verdict = wording.verdict(manifest)
    run = manifest.run
    times = wording.moment(run.started)
    if manifest.ended is not None:
        times += f" to {wording.moment(manifest.ended)}"
    lines = [f"{verdict.label}: {verdict.headline}", verdict.detail]
    if manifest.decision is not None:
        required = wording.points(manifest.decision.minimum_improvement)
        lines.append(f"Required: the interval's lower end above {required} points.")
        lines += [f"- {reason}" for reason in manifest.decision.reasons[:_REASONS]]
    if manifest.use_case is not None:
        lines.append(f"For: {manifest.use_case.task} Owner: {manifest.use_case.owner}")
    lines += [f"Run: {run.id}", f"Base model: {run.base_model}", f"Time: {times}"]
    text = "\n".join(wording.clipped(line) for line in lines if line)
    if run.embedded:
        text += f"\n{wording.EMBEDDED_NOTICE}"
    return text.encode(errors="replace")[:MAXIMUM_BYTES].decode(errors="ignore")

"""A run in a few lines, for a notification: figures and reasons, no data, at most 4 KB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.reports import verdicts, wording

if TYPE_CHECKING:
    from bedrock_customization_runtime.manifest import Manifest

MAXIMUM_BYTES = 4_096
_REASONS = 5
_ROOM_OF_WAYS = 1_024
_ROOM_OF_LINK = 512


def approval_wanted(manifest: Manifest, *, expires: str, link: str | None) -> str:
    """Return what people are asked, as plain text of at most 4,096 bytes of UTF-8.

    Args:
        manifest: Of the run.
        expires: ISO 8601; until when a decision counts.
        link: To the page on which whoever has it decides; None if there is none.
    """
    by_credentials = f'bedrock-customization approve {manifest.run.id} --reason "…"'
    ways = [
        f"Decide until {wording.moment(expires)}, once.",
        *([f"By this link, which is for you alone: {link}"] if link else []),
        f"By your AWS credentials: {by_credentials}, or reject instead of approve.",
    ]
    # The link comes first: what is too long is cut at the end.
    return _clipped("\n".join(["A candidate passed the gate. Does it go live?", *ways, ""])) + (
        _clipped(summary(manifest), room=MAXIMUM_BYTES - _ROOM_OF_WAYS)
    )


def summary(manifest: Manifest) -> str:
    """Return what became of a run, as plain text of at most 3,584 bytes of UTF-8.

    The state machine, which knows where it runs, puts a link behind it.
    """
    verdict = verdicts.verdict(manifest)
    run = manifest.run
    times = wording.moment(run.started)
    if manifest.ended is not None:
        times += f" to {wording.moment(manifest.ended)}"
    lines = [f"{verdict.label}: {verdict.headline}", verdict.detail]
    if manifest.decision is not None:
        earlier = manifest.decision.earlier_decisions
        if earlier:
            lines.append(f"This blind set had decided {earlier} earlier runs.")
        lines += [f"- {reason}" for reason in manifest.decision.reasons[:_REASONS]]
    if manifest.approval is not None:
        lines.append(wording.approval(manifest.approval))
    if manifest.use_case is not None:
        lines.append(f"For: {manifest.use_case.task} Owner: {manifest.use_case.owner}")
    lines += [f"Run: {run.id}", f"Base model: {run.base_model}"]
    if manifest.model_import is not None:
        lines.append(f"Imported from: {manifest.model_import.location}")
    lines.append(f"Time: {times}")
    text = "\n".join(wording.clipped(line) for line in lines if line)
    if run.embedded:
        text += f"\n{wording.EMBEDDED_NOTICE}"
    return _clipped(text, room=MAXIMUM_BYTES - _ROOM_OF_LINK)


def _clipped(text: str, room: int = MAXIMUM_BYTES) -> str:
    return text.encode(errors="replace")[:room].decode(errors="ignore")

"""Data as a pipeline would find them: by its own settings, before anything is uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_local.cli.data import validation
from bedrock_customization_local.cli.data.options import Choice
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.contract import RunKind
from bedrock_customization_runtime.datasets.checking.privacy import Privacy
from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
from bedrock_customization_runtime.datasets.settings import Settings, method_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_local.cli.data.validation import Validation
    from bedrock_customization_local.cli.deployed.settings import PipelineSettings


def check(
    found: Found, settings: PipelineSettings, *, advance: Callable[[int], None]
) -> Validation | None:
    """Examine files by the settings of a pipeline.

    Args:
        found: What to read.
        settings: Of the pipeline.
        advance: Is told of the bytes read.

    Returns:
        What was found; None where only the run can tell: a model answers before data are checked.

    Raises:
        CommandError: A file cannot be read, or does not fit the pipeline's template.
    """
    engine = engine_settings(settings)
    if engine is None:
        return None
    return validation.validate(
        found,
        Choice(catalog.base_model(engine.base_model), engine.method),
        engine,
        thorough=False,
        strict=False,
        listed=0,
        originals=False,
        advance=advance,
    )


def engine_settings(settings: PipelineSettings) -> Settings | None:
    """Return what a pipeline prepares its data by.

    Returns:
        The settings; None where a model answers before data are prepared, or none are.
    """
    preparation = settings.preparation
    if preparation is None or "enrichment" in preparation:
        return None
    return Settings(
        base_model=preparation["base_model"],
        method=method_of(preparation["base_model"], preparation["method"]),
        template=preparation.get("template"),
        split=preparation["split"],
        max_rejected=preparation["max_rejected"],
        privacy=Privacy(preparation.get("privacy", Privacy.FLAG)),
        logs=LogSelection(preparation["logs"]) if "logs" in preparation else None,
    )


def refusal_of(checked: Validation, settings: PipelineSettings) -> str | None:
    """Return why a run with such data would be refused, None if it would not."""
    unreadable = [f"{file.name}: {file.refusal}" for file in checked.files if file.refusal]
    if unreadable:
        return "; ".join(unreadable)
    # What is imported is only compared, and needs no training set.
    if checked.refusal and settings.kind is RunKind.CUSTOMIZATION:
        return checked.refusal
    allowed = settings.preparation["max_rejected"] if settings.preparation else 1.0
    if checked.rejected > allowed * checked.read:
        return (
            f"{checked.rejected:,} of {checked.read:,} records would be rejected, and the pipeline "
            f"refuses data of which more than {allowed:.0%} are (max_rejected)"
        )
    return None

"""The engine's settings from what a command was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_local.cli.data.options import LogOptions
from bedrock_customization_local.cli.defaults import (
    MAXIMUM_REJECTED,
    SEED,
    TEST_SHARE,
    VALIDATION_SHARE,
)
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.datasets.checking.privacy import Privacy
from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.errors import InvalidInput

if TYPE_CHECKING:
    from bedrock_customization_local.cli.data.options import Choice
    from bedrock_customization_runtime.contract import RecordTemplate, Split


def settings_of(
    choice: Choice,
    template: RecordTemplate | None,
    *,
    split: Split | None = None,
    max_rejected: float = MAXIMUM_REJECTED,
    near_copies: bool = True,
    privacy: Privacy = Privacy.FLAG,
    bucket: str | None = None,
    logs: LogOptions | None = None,
) -> Settings:
    """Return the settings.

    Raises:
        CommandError: A share is out of range, or the options about logs make no sense.
    """
    plan = (logs or LogOptions()).plan(choice.rules.method)
    try:
        return Settings(
            base_model=choice.model.id,
            method=choice.rules,
            template=template,
            split=split or {"validation": VALIDATION_SHARE, "test": TEST_SHARE, "seed": SEED},
            max_rejected=max_rejected,
            near_copies=near_copies,
            privacy=privacy,
            bucket=bucket,
            logs=None if plan is None else LogSelection(plan),
        )
    except InvalidInput as error:
        raise usage_error(str(error)) from None

"""How a base model is customized."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class FineTuning:
    """Supervised fine-tuning on prompts and the answers they should get.

    Args:
        hyperparameters: By Bedrock's own names, such as `epochCount`. Names, types and ranges are
            checked at synth against the base model; those left out get the service's defaults.
    """

    hyperparameters: Mapping[str, str | int | float] = field(default_factory=dict)

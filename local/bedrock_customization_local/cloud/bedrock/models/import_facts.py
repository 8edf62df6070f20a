"""What Custom Model Import takes and costs; members are named as the service's facts call them.

From AWS's user guide and pricing page of autumn 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bedrock_customization_runtime.catalog import Price, Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOURCE, _AS_OF = "Bedrock pricing page", "2026-10-05"
_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-central-1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """A class of models, by its name in `architectures` of config.json."""

    name: str
    regions: tuple[str, ...] = _REGIONS
    is_multimodal: bool = False
    chats: bool = True
    quantization: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningCosts:
    """What a copy costs while it runs."""

    window_minutes: int = 5
    idle_minutes: int = 5
    unit_minute: Price
    storage_per_unit_month: Price


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRules:
    """What is imported, and where."""

    architectures: Mapping[str, Architecture]
    quotas: Mapping[str, Quota]
    running: RunningCosts
    regions: tuple[str, ...] = _REGIONS
    maximum_text_bytes: int = 200_000_000_000
    maximum_multimodal_bytes: int = 100_000_000_000
    maximum_context_length: int = 131_072
    weight_dtypes: tuple[str, ...] = ("BF16", "F16", "F32")

    def maximum_bytes(self, *, is_multimodal: bool) -> int:
        """Return what the weights must have less than."""
        return self.maximum_multimodal_bytes if is_multimodal else self.maximum_text_bytes


@cache
def import_rules() -> ImportRules:
    """Return the facts."""
    architectures = (
        *map(_text, ("LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM")),
        *map(_text, ("Qwen2ForCausalLM", "Qwen3ForCausalLM", "Qwen3MoeForCausalLM")),
        Architecture(name="MllamaForConditionalGeneration", is_multimodal=True),
        Architecture(name="Qwen2VLForConditionalGeneration", is_multimodal=True),
        Architecture(name="Qwen2_5_VLForConditionalGeneration", is_multimodal=True),
        Architecture(name="T5ForConditionalGeneration", chats=False),
        Architecture(name="GPTBigCodeForCausalLM", chats=False),
        Architecture(name="GptOssForCausalLM", regions=("us-east-1",), quantization="mxfp4"),
    )
    return ImportRules(
        architectures={one.name: one for one in architectures},
        quotas={
            "concurrent_import_jobs": Quota(value=1, adjustable=False, code="L-5F098EFA"),
            "imported_models": Quota(value=3, adjustable=True, code="L-45B04988"),
        },
        running=RunningCosts(
            unit_minute=Price(usd=0.0785, source=_SOURCE, as_of=_AS_OF),
            storage_per_unit_month=Price(usd=1.95, source=_SOURCE, as_of=_AS_OF),
        ),
    )


def _text(name: str) -> Architecture:
    return Architecture(name=name)

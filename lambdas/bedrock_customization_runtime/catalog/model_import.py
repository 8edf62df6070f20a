"""What Custom Model Import takes, where, and what an imported model costs while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bedrock_customization_runtime.catalog.prices import Price
from bedrock_customization_runtime.catalog.service import Quota
from bedrock_customization_runtime.catalog.tables import Table, model_import_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """A stack of layers, as transformers names its tensors."""

    prefix: str
    """In front of the layer's number, from 0, and a dot."""
    count_field: str
    """Of config.json."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """A class of models that Bedrock imports. Fields and tensors are named as by transformers."""

    name: str
    """In `architectures` of config.json."""
    model_type: str
    family: str
    """For people."""
    regions: tuple[str, ...]
    is_multimodal: bool
    chats: bool
    """Whether its instruction-tuned models are asked by a chat template."""
    ties_embeddings: bool
    """Whether the head is the embedding where config.json does not say so."""
    has_uniform_layers: bool
    """Whether all layers of a stack hold tensors of the same names."""
    width_field: str
    context_field: str
    """Empty where nothing bounds the length."""
    embedding: str
    """Tensor with a row for each token."""
    head: str
    layers: tuple[Layers, ...]
    extra_embedding_rows: int = 0
    """Of the embedding alone, beyond `vocab_size`."""
    quantization: str | None = None
    """Method of `quantization_config` that Bedrock takes."""
    any_transformers_version: bool = False
    """Whether it is younger than the version that others are held to."""
    eos_token_ids: tuple[int, ...] = ()
    """That generation_config.json must name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningCosts:
    """What a copy of an imported model costs, of which Bedrock starts and ends as many as it needs.

    A copy of `n` units that answers in `w` windows costs
    `n * w * window_minutes * unit_minute.usd`.
    """

    window_minutes: int
    """Each begun window counts, from a copy's first answer on."""
    idle_minutes: int
    """After which a copy ends; the next call then waits for another one."""
    example_units_per_copy: int
    """Of AWS's own example: Bedrock tells a model's units only after it was imported."""
    unit_minute: Price
    storage_per_unit_month: Price


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRules:
    """What Custom Model Import takes."""

    regions: tuple[str, ...]
    architectures: Mapping[str, Architecture]
    """By name."""
    max_text_bytes: int
    """Weights must have less; so the next."""
    max_multimodal_bytes: int
    max_context_length: int
    """Tokens, inclusive."""
    transformers_version: str
    """That a model must be compatible with."""
    weight_dtypes: tuple[str, ...]
    """As safetensors writes them."""
    tokenizer_classes: tuple[str, ...]
    llama3_rope_scaling: Mapping[str, int]
    """That Bedrock runs Llama 3 with whatever config.json says."""
    quotas: Mapping[str, Quota]
    """`concurrent_import_jobs`, `imported_models`."""
    running: RunningCosts
    as_of: str
    """Day on which all this was last compared with its sources."""
    sources_disagree: tuple[str, ...]

    def max_bytes(self, *, is_multimodal: bool) -> int:
        """Return what the weights must have less than."""
        return self.max_multimodal_bytes if is_multimodal else self.max_text_bytes


@cache
def import_rules() -> ImportRules:
    """Return the facts of Custom Model Import."""
    table = model_import_table()
    running = table["running"]
    return ImportRules(
        regions=tuple(table["regions"]),
        architectures={
            each["name"]: _architecture(table["defaults"] | {"regions": table["regions"]} | each)
            for each in table["architectures"]
        },
        max_text_bytes=table["max_text_bytes"],
        max_multimodal_bytes=table["max_multimodal_bytes"],
        max_context_length=table["max_context_length"],
        transformers_version=table["transformers_version"],
        weight_dtypes=tuple(table["weight_dtypes"]),
        tokenizer_classes=tuple(table["tokenizer_classes"]),
        llama3_rope_scaling=table["llama3_rope_scaling"],
        quotas={name: Quota(**quota) for name, quota in table["quotas"].items()},
        running=RunningCosts(
            window_minutes=running["window_minutes"],
            idle_minutes=running["idle_minutes"],
            example_units_per_copy=running["example_units_per_copy"],
            unit_minute=Price(**running["unit_minute"]),
            storage_per_unit_month=Price(**running["storage_per_unit_month"]),
        ),
        as_of=str(table["as_of"]),
        sources_disagree=tuple(table["sources_disagree"]),
    )


def _architecture(table: Table) -> Architecture:
    lists = {"regions": tuple(table["regions"])}
    lists["eos_token_ids"] = tuple(table.get("eos_token_ids", ()))
    layers = tuple(Layers(**each) for each in table["layers"])
    return Architecture(**(table | lists | {"layers": layers}))

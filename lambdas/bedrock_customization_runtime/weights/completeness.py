"""The tensors beside config.json: adapters, number formats, and whether the model is whole."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import weights as rules
from bedrock_customization_runtime.weights.selection import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    CONFIG,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_customization_runtime.catalog import Architecture, ImportRules
    from bedrock_customization_runtime.catalog.model_import import Layers
    from bedrock_customization_runtime.weights.configuration import Configuration
    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.headers import Tensor
    from bedrock_customization_runtime.weights.shards import Weights

_ADAPTER = re.compile(r"^base_model\.model\.|\.lora_|\.base_layer\.|\.modules_to_save\.")
# As GPTQ and AWQ, bitsandbytes, compressed-tensors, and the FP8 of several tools write them.
_QUANTIZED = re.compile(
    r"\.(qweight|qzeros|g_idx|absmax|quant_map|quant_state\b.*|SCB|weight_packed|weight_scale"
    r"|weight_scale_inv|input_scale|weight_zero_point)$"
)
_MXFP4 = re.compile(r"\.experts\.\w+_(blocks|scales)$")
_SMALL = frozenset({"F4", "F6_E2M3", "F6_E3M2", "U8", "I8"})
_BUFFERS = frozenset({"BOOL", "I32", "I64"})
"""Of masks and positions, which are no weights."""
_LARGEST_BUFFER = 2**20
_LAYER_DIGITS = 6
_MOST_LAYERS = 1_000
_MOST_NAMES = 2_000
"""Of a layer; Qwen3 235B has 400."""


def check_adapters(others: Iterable[str], weights: Weights, findings: Findings) -> None:
    """Note adapters, beside the weights and among them.

    Args:
        others: Names of files that are not the model's.
        weights: Its tensors.
        findings: Takes what is wrong.
    """
    for name in others:
        if name in {ADAPTER_CONFIG, ADAPTER_WEIGHTS}:
            findings.note(rules.ADAPTER, None, name)
    for name in weights.tensors:
        if _ADAPTER.search(name):
            findings.note(rules.ADAPTER_TENSORS, None, shown(name))


def check_dtypes(
    configuration: Configuration, weights: Weights, limits: ImportRules, findings: Findings
) -> None:
    """Note weights that are quantized, or of a number format that Bedrock does not list."""
    architecture = configuration.architecture
    allowed = ", ".join(limits.weight_dtypes)
    takes_mxfp4 = architecture is not None and architecture.quantization == "mxfp4"
    for name, tensor in weights.tensors.items():
        dtype = tensor.dtype
        if takes_mxfp4 and dtype == "U8" and _MXFP4.search(name):
            continue
        if dtype in _SMALL or dtype.startswith("F8_") or _QUANTIZED.search(name):
            found = f"{shown(name)} of {dtype}"
            findings.note(rules.QUANTIZED_TENSORS, None, found, allowed=allowed)
        elif dtype not in limits.weight_dtypes and not (
            dtype in _BUFFERS and tensor.size <= _LARGEST_BUFFER
        ):
            findings.note(rules.DTYPE, None, f"{shown(name)} of {dtype}", allowed=allowed)


def check_whole(configuration: Configuration, weights: Weights, findings: Findings) -> None:
    """Note what the architecture needs and the weights do not have."""
    architecture = configuration.architecture
    if architecture is None or not weights.is_whole or not weights.files:
        return
    _check_ends(architecture, configuration, weights.tensors, findings)
    for stack in architecture.layers:
        layers = _layers(stack, weights.tensors)
        _check_count(stack, layers, configuration, findings)
        if architecture.has_uniform_layers:
            _check_uniform(stack, layers, findings)


def _check_ends(
    architecture: Architecture,
    configuration: Configuration,
    tensors: Mapping[str, Tensor],
    findings: Findings,
) -> None:
    """Check the embedding of tokens, and the head that makes tokens again."""
    tied = configuration.get("tie_word_embeddings")
    is_tied = tied if isinstance(tied, bool) else architecture.ties_embeddings
    wanted = [architecture.embedding] + ([] if is_tied else [architecture.head])
    rows, width = configuration.count("vocab_size"), configuration.count(architecture.width_field)
    for name in wanted:
        if name not in tensors:
            there = next(iter(tensors), "no tensor")
            found = f"no {name}; the first one is {shown(there)}"
            findings.note(rules.TENSOR_MISSING, None, found)
    if rows is None or width is None:
        return
    for name, extra in (
        (architecture.embedding, architecture.extra_embedding_rows),
        (architecture.head, 0),
    ):
        tensor = tensors.get(name)
        if tensor and tensor.shape != (rows + extra, width):
            found = f"{name} of shape {shown(list(tensor.shape))}"
            allowed = f"[{rows + extra}, {width}], as {CONFIG} says"
            findings.note(rules.EMBEDDING, None, found, allowed=allowed)


def _layers(stack: Layers, tensors: Iterable[str]) -> dict[int, set[str]]:
    """Return names of tensors by layer, without what they begin with."""
    layers: dict[int, set[str]] = {}
    for name in tensors:
        if name.startswith(stack.prefix):
            number, _, rest = name[len(stack.prefix) :].partition(".")
            if number.isdecimal() and number.isascii() and len(number) <= _LAYER_DIGITS:
                layers.setdefault(int(number), set()).add(rest)
    return layers


def _check_count(
    stack: Layers,
    layers: Mapping[int, object],
    configuration: Configuration,
    findings: Findings,
) -> None:
    count = configuration.count(stack.count_field)
    if count is None or (len(layers) == count and max(layers) == count - 1):
        return
    missing = next(number for number in range(len(layers) + 1) if number not in layers)
    lacking = f", none with number {missing}" if missing < count else ""
    findings.note(
        rules.LAYERS,
        None,
        f"{len(layers):,} below {stack.prefix}{lacking}",
        allowed=f"{count:,} from 0, as {stack.count_field} of {CONFIG} says",
    )


def _check_uniform(stack: Layers, layers: Mapping[int, set[str]], findings: Findings) -> None:
    """Note tensors that most layers have and some do not."""
    if not layers or len(layers) > _MOST_LAYERS:
        return
    ((usual, _),) = Counter(map(frozenset, layers.values())).most_common(1)
    if len(usual) > _MOST_NAMES:
        return
    for number, names in layers.items():
        for name in sorted(usual - names):
            found = f"no {shown(f'{stack.prefix}{number}.{name}')}"
            findings.note(rules.TENSOR_MISSING, None, found)

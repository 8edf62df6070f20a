"""config.json and generation_config.json: architecture, sizes, and what Bedrock makes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import configuration as rules
from bedrock_customization_runtime.weights.selection import CONFIG, GENERATION_CONFIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.catalog import Architecture, ImportRules
    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.reading import Reader

_LARGEST = 2**31
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")
_LLAMA_3 = "llama3"
_STRETCHING = ("linear", "dynamic", "yarn")
"""Methods that leave the original length in max_position_embeddings; others write the result."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What config.json says.

    Fields of the text model stand in it, or, for models that read images too, in `text_config`.
    """

    fields: Mapping[str, object] = field(default_factory=dict)
    architecture: Architecture | None = None
    """None where Bedrock does not import it."""

    def get(self, name: str) -> object:
        """Return a field of the text model; None where it is null or not there."""
        below = self.fields.get("text_config")
        value = self.fields.get(name)
        return below.get(name) if value is None and isinstance(below, dict) else value

    def count(self, name: str) -> int | None:
        """Return a field that counts something; None where it does not."""
        value = self.get(name)
        return value if type(value) is int and 0 < value < _LARGEST else None


def read(
    reader: Reader, limits: ImportRules, region: str | None, findings: Findings
) -> Configuration:
    """Return config.json; what is wrong with it is noted."""
    if CONFIG not in reader:
        findings.note(rules.MISSING, None, "no config.json")
    _check_region(region, limits.regions, findings)
    content = reader.object_of(CONFIG)
    if content is None:
        return Configuration()
    configuration = Configuration(content, _architecture(content, limits, region, findings))
    _check_code(content, findings)
    _check_version(configuration, limits, findings)
    _check_quantization(configuration, findings)
    _check_rope(configuration, limits, findings)
    _check_counts(configuration, findings)
    _check_generation(configuration, reader, findings)
    return configuration


def context_length(
    configuration: Configuration, limits: ImportRules, findings: Findings
) -> int | None:
    """Return the tokens a conversation may have; None where config.json does not say.

    A length beyond the limit is noted.
    """
    architecture = configuration.architecture
    name = architecture.context_field if architecture else "max_position_embeddings"
    stated = configuration.count(name)
    length = max(filter(None, (stated, _stretched(configuration, stated))), default=None)
    if length is not None and length > limits.max_context_length:
        allowed = f"at most {limits.max_context_length:,} tokens"
        findings.note(rules.CONTEXT_LENGTH, CONFIG, f"{length:,} tokens", allowed=allowed)
    return length


def _stretched(configuration: Configuration, stated: int | None) -> int | None:
    """Return the length that rope_scaling stretches positions to."""
    scaling = configuration.get("rope_scaling")
    if not isinstance(scaling, dict) or _rope_type(scaling) not in _STRETCHING:
        return None
    factor = scaling.get("factor")
    original = scaling.get("original_max_position_embeddings", stated)
    if type(original) is not int or not isinstance(factor, int | float):
        return None
    return int(min(original, _LARGEST) * min(factor, _LARGEST))


def _rope_type(scaling: Mapping[str, object]) -> object:
    return scaling.get("rope_type", scaling.get("type"))


def _check_region(region: str | None, regions: tuple[str, ...], findings: Findings) -> None:
    if region is not None and region not in regions:
        findings.note(rules.REGION, None, region, allowed=", ".join(regions))


def _architecture(
    content: Mapping[str, object], limits: ImportRules, region: str | None, findings: Findings
) -> Architecture | None:
    names = content.get("architectures")
    name = names[0] if isinstance(names, list) and len(names) == 1 else None
    architecture = limits.architectures.get(name) if isinstance(name, str) else None
    if architecture is None:
        allowed = "one of " + ", ".join(limits.architectures)
        found = f"architectures {shown(names)}"
        findings.note(rules.ARCHITECTURE, CONFIG, found, allowed=allowed)
        return None
    if content.get("model_type") != architecture.model_type:
        found = f"model_type {shown(content.get('model_type'))} for {architecture.name}"
        findings.note(rules.MODEL_TYPE, CONFIG, found, allowed=architecture.model_type)
    if region in limits.regions and region not in architecture.regions:
        found = f"{region} for {architecture.name}"
        findings.note(rules.REGION, None, found, allowed=", ".join(architecture.regions))
    return architecture


def _check_code(content: Mapping[str, object], findings: Findings) -> None:
    if content.get("auto_map"):
        findings.note(rules.CUSTOM_CODE, CONFIG, f"auto_map {shown(content['auto_map'])}")


def _check_version(configuration: Configuration, limits: ImportRules, findings: Findings) -> None:
    architecture = configuration.architecture
    version = configuration.fields.get("transformers_version")
    if not isinstance(version, str) or (architecture and architecture.any_transformers_version):
        return
    saved, allowed = _version(version), _version(limits.transformers_version)
    if saved is not None and allowed is not None and saved > allowed:
        told = f"{limits.transformers_version} or older"
        findings.note(rules.TRANSFORMERS_VERSION, CONFIG, shown(version), allowed=told)


def _version(text: str) -> tuple[int, ...] | None:
    found = _VERSION.match(text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def _check_quantization(configuration: Configuration, findings: Findings) -> None:
    architecture = configuration.architecture
    quantization = configuration.get("quantization_config")
    if not quantization:
        return
    method = quantization.get("quant_method") if isinstance(quantization, dict) else quantization
    if not (architecture and architecture.quantization and method == architecture.quantization):
        findings.note(rules.QUANTIZED, CONFIG, f"quant_method {shown(method)}")


def _check_rope(configuration: Configuration, limits: ImportRules, findings: Findings) -> None:
    if configuration.get("rope_parameters") and configuration.get("rope_theta") is None:
        findings.note(rules.ROPE_PARAMETERS, CONFIG, "rope_parameters, no rope_theta")
    scaling = configuration.get("rope_scaling")
    if not isinstance(scaling, dict):
        return
    ours = limits.llama3_rope_scaling
    if _rope_type(scaling) == _LLAMA_3 and any(
        scaling.get(name) != value for name, value in ours.items()
    ):
        found = ", ".join(f"{name} {shown(scaling.get(name))}" for name in ours)
        allowed = ", ".join(f"{name} {value}" for name, value in ours.items())
        findings.note(rules.ROPE_SCALING, CONFIG, found, allowed=allowed)


def _check_counts(configuration: Configuration, findings: Findings) -> None:
    architecture = configuration.architecture
    if architecture is None:
        return
    layers = (stack.count_field for stack in architecture.layers)
    names = ("vocab_size", architecture.width_field, architecture.context_field, *layers)
    for name in filter(None, names):
        value = configuration.get(name)
        if value is not None and configuration.count(name) is None:
            findings.note(rules.VALUE, CONFIG, f"{name} {shown(value)}")


def _check_generation(configuration: Configuration, reader: Reader, findings: Findings) -> None:
    content = reader.object_of(GENERATION_CONFIG)
    architecture = configuration.architecture
    if architecture is None or not architecture.eos_token_ids:
        return
    found = content.get("eos_token_id") if content is not None else None
    if not isinstance(found, list) or {*map(shown, found)} != {
        *map(str, architecture.eos_token_ids)
    }:
        told = f"eos_token_id {shown(found)}" if content is not None else "no such file"
        allowed = f"eos_token_id {list(architecture.eos_token_ids)}"
        findings.note(rules.GENERATION_CONFIG, GENERATION_CONFIG, told, allowed=allowed)

"""A folder of the Hugging Face kind in S3, as Custom Model Import looks at it.

Written from AWS's documents, apart from the library's own pre-flight: a fault of one shows against
the other. AWS does not document its messages; these are ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import METADATA_KEY, read_model
from bedrock_customization_local.cloud.bedrock.tinylm.tensor_file import (
    Header,
    TensorFileError,
    decode,
    read_header,
)
from bedrock_customization_runtime.catalog import import_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model
    from bedrock_customization_runtime.catalog import Architecture

_WEIGHTS, _INDEX = ".safetensors", "model.safetensors.index.json"
CONFIG = "config.json"
_TOKENIZER_CONFIG = "tokenizer_config.json"
_TOKENIZERS = ("tokenizer.json", "tokenizer.model")
_ADAPTER = "adapter_"
_LARGEST_JSON = 50_000_000
_LARGEST_NETWORK = 64_000_000
# In the notes of the user guide's page on invoking imported models.
_WITHOUT_CONVERSE = frozenset(
    {
        "GptOssForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen2VLForConditionalGeneration",
        "Qwen2_5_VLForConditionalGeneration",
    }
)
# AWS tells the units of a model after its import, and how they come about nowhere: bytes of weights
# up to which a copy has so many, after its examples of 8 and 70 billion parameters.
_UNITS = ((8_000_000_000, 1), (20_000_000_000, 2), (70_000_000_000, 4))
_MOST_UNITS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What a folder turned out to hold.

    Args:
        architecture: Class of the model.
        units: Custom model units of a copy.
        instruct_supported: Whether Converse can ask it.
        chat_template: Of its tokenizer; None without one.
        network: The small model of this package; None for any other weights.
    """

    architecture: str
    units: int
    instruct_supported: bool
    chat_template: str | None
    network: Model | None


class Access(Protocol):
    """Reads S3 as somebody, and raises JobFailedError for what that one may not."""

    def sizes_below(self, uri: str) -> dict[str, int]:
        """Return the sizes of the objects below a prefix, by what follows the prefix."""

    def read_part(self, uri: str, start: int, length: int) -> bytes:
        """Return bytes of an object."""


class ModelFiles:
    """The files below a prefix.

    Args:
        access: Reads them.
        uri: The prefix.

    Raises:
        JobFailedError: The role may not list it.
    """

    def __init__(self, access: Access, uri: str) -> None:
        self._access, self._uri = access, f"{uri.rstrip('/')}/"
        self.sizes: Mapping[str, int] = access.sizes_below(self._uri)

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return a part of a file."""
        return self._access.read_part(f"{self._uri}{name}", start, length)

    def json(self, name: str) -> dict[str, Any]:
        """Return a file that holds a JSON object.

        Raises:
            JobFailedError: It holds something else.
        """
        size = self.sizes[name]
        try:
            found = json.loads(self.read(name, 0, size)) if 0 < size <= _LARGEST_JSON else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise JobFailedError(f"{name} is not a valid JSON object.")
        return found


def examine(files: ModelFiles, region: str) -> Examined:
    """Return what a folder holds.

    Args:
        files: The folder.
        region: Where it is imported.

    Raises:
        JobFailedError: It cannot be imported.
    """
    if not files.sizes:
        raise JobFailedError("There are no model files at the provided Amazon S3 location.")
    _check_names(files.sizes)
    config = files.json(CONFIG)
    architecture = _architecture(config, region)
    _check_config(config, architecture)
    template = _chat_template(files)
    headers = read_headers(files)
    _check_weights(files, headers, architecture)
    size = sum(files.sizes[name] for name in headers)
    return Examined(
        architecture=architecture.name,
        units=next((units for most, units in _UNITS if size <= most), _MOST_UNITS),
        instruct_supported=(
            architecture.chats
            and architecture.name not in _WITHOUT_CONVERSE
            and template is not None
        ),
        chat_template=template,
        network=read_network(files, headers),
    )


def read_headers(files: ModelFiles) -> dict[str, Header]:
    """Return the headers of the weights' files, by name.

    Raises:
        JobFailedError: One is no safetensors file.
    """
    headers: dict[str, Header] = {}
    for name in sorted(files.sizes):
        if name.endswith(_WEIGHTS):
            try:
                headers[name] = read_header(partial(files.read, name), files.sizes[name])
            except TensorFileError as error:
                raise JobFailedError(f"{name} is not a valid safetensors file: {error}.") from error
    return headers


def read_network(files: ModelFiles, headers: Mapping[str, Header]) -> Model | None:
    """Return the small model of this package, if that is what weights are.

    Args:
        files: The folder.
        headers: Of its weights' files.

    Raises:
        JobFailedError: They say that they are, and are not.
    """
    vocabularies = [one.metadata[METADATA_KEY] for one in headers.values() if _is_ours(one)]
    if len(vocabularies) != 1 or sum(files.sizes[name] for name in headers) > _LARGEST_NETWORK:
        return None
    try:
        tensors = {
            name: decode(tensor, files.read(file, tensor.start, tensor.end - tensor.start))
            for file, header in headers.items()
            for name, tensor in header.tensors.items()
        }
        return read_model(vocabularies[0], tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise JobFailedError("The weights do not fit the model's configuration.") from error


def _is_ours(header: Header) -> bool:
    return METADATA_KEY in header.metadata


def _check_names(sizes: Mapping[str, int]) -> None:
    if any(name.startswith(_ADAPTER) for name in sizes):
        raise JobFailedError(
            "The model has adapters. Merge them into the base model's weights before the import."
        )
    for name in (CONFIG, _TOKENIZER_CONFIG):
        if name not in sizes:
            raise JobFailedError(f"The required file {name} is missing.")
    if not any(name in sizes for name in _TOKENIZERS):
        raise JobFailedError(f"A tokenizer is missing: {' or '.join(_TOKENIZERS)}.")
    if not any(name.endswith(_WEIGHTS) for name in sizes):
        raise JobFailedError("The model has no weights in the safetensors format.")


def _architecture(config: Mapping[str, Any], region: str) -> Architecture:
    named = config.get("architectures")
    name = str(named[0]) if isinstance(named, list) and named else "none"
    found = import_rules().architectures.get(name)
    if found is None:
        raise JobFailedError(f"The model architecture {name} is not supported.")
    if region not in found.regions:
        raise JobFailedError(f"The model architecture {name} is not supported in {region}.")
    return found


def _check_config(config: Mapping[str, Any], architecture: Architecture) -> None:
    quantization = config.get("quantization_config")
    if quantization is not None:
        method = quantization.get("quant_method") if isinstance(quantization, dict) else None
        if method is None or method != architecture.quantization:
            raise JobFailedError("The model is quantized. Import weights that are not.")
    nested = config.get("text_config")
    fields = nested if isinstance(nested, dict) else config
    context, most = fields.get("max_position_embeddings"), import_rules().max_context_length
    if isinstance(context, int) and context > most:
        raise JobFailedError(
            f"The model's context length of {context} tokens exceeds the maximum of {most}."
        )


def _check_weights(
    files: ModelFiles, headers: Mapping[str, Header], architecture: Architecture
) -> None:
    size = sum(files.sizes[name] for name in headers)
    most = import_rules().max_bytes(is_multimodal=architecture.is_multimodal)
    if size >= most:
        raise JobFailedError(
            f"The model weights of {size} bytes exceed the maximum of {most} bytes."
        )
    if _INDEX in files.sizes:
        named = files.json(_INDEX).get("weight_map")
        shards = set(named.values()) if isinstance(named, dict) else set()
        missing = sorted(str(name) for name in shards if name not in headers)
        if not shards or missing:
            raise JobFailedError(f"{_INDEX} names files that are missing: {missing}.")
    allowed = import_rules().weight_dtypes
    for header in headers.values():
        for tensor in header.tensors.values():
            if tensor.dtype not in allowed and architecture.quantization is None:
                raise JobFailedError(
                    f"The weights have the type {tensor.dtype}. Supported are {', '.join(allowed)}."
                )


def _chat_template(files: ModelFiles) -> str | None:
    """Return the template that counts: a file of its own before the tokenizer's configuration."""
    settings = files.json(_TOKENIZER_CONFIG)
    if "chat_template.jinja" in files.sizes:
        name = "chat_template.jinja"
        return files.read(name, 0, files.sizes[name]).decode(errors="replace")
    if "chat_template.json" in files.sizes:
        settings = files.json("chat_template.json")
    template = settings.get("chat_template")
    if isinstance(template, list):
        named = {one.get("name"): one.get("template") for one in template if isinstance(one, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else None

"""Tokenizer and processor: files, classes, and a vocabulary that fits the embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import (
    configuration as configuration_rules,
    tokenizer as rules,
)
from bedrock_customization_runtime.weights.selection import (
    PREPROCESSOR_CONFIG,
    SPECIAL_TOKENS,
    TOKENIZER,
    TOKENIZER_CONFIG,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.catalog import ImportRules
    from bedrock_customization_runtime.weights.configuration import Configuration
    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.reading import Reader
    from bedrock_customization_runtime.weights.shards import Weights

MAXIMUM_BYTES = 48 * 2**20
"""Of tokenizer.json; that of gpt-oss, the largest of the listed architectures, has 28 MB."""
MAXIMUM_TOKENS = 500_000
"""The largest vocabulary of the listed architectures has 202,000."""
_MAXIMUM_SIGNS = 600_000
"""Of those that stand beside each token, with room for tokens that hold them."""
_SENTENCEPIECE: Mapping[str, str] = {
    "LlamaTokenizer": "tokenizer.model",
    "CodeLlamaTokenizer": "tokenizer.model",
    "T5Tokenizer": "spiece.model",
}
_OTHER_JSON = (
    "added_tokens.json",
    "processor_config.json",
    "video_preprocessor_config.json",
)
_OTHER_FILES = ("tokenizer.model", "spiece.model", "vocab.json", "merges.txt")


class _AddedToken(msgspec.Struct):
    id: int


class _Model(msgspec.Struct):
    vocab: msgspec.Raw


class _Tokenizer(msgspec.Struct):
    """The part of tokenizer.json that numbers tokens; all else is skipped, not built."""

    model: _Model
    added_tokens: msgspec.Raw = msgspec.Raw(b"[]")


def check(
    reader: Reader,
    configuration: Configuration,
    weights: Weights,
    limits: ImportRules,
    findings: Findings,
) -> dict[str, object]:
    """Note what is wrong with the tokenizer, and with the processor of images.

    Returns:
        tokenizer_config.json, as far as it can be read, with the tokens of special_tokens_map.json
        that it does not state itself.
    """
    missing = [name for name in (TOKENIZER, TOKENIZER_CONFIG) if name not in reader]
    if missing:
        findings.note(rules.MISSING, None, f"no {' and no '.join(missing)}")
    content = reader.object_of(TOKENIZER_CONFIG)
    if content is not None:
        _check_class(content, reader, limits, findings)
        _check_code(TOKENIZER_CONFIG, content, findings)
    _check_vocabulary(reader, configuration, weights, findings)
    _check_processor(reader, configuration, findings)
    special = reader.object_of(SPECIAL_TOKENS) or {}
    for name in _OTHER_JSON:
        _check_code(name, reader.object_of(name) or {}, findings)
    for name in _OTHER_FILES:
        reader.bytes_of(name)
    return special | (content or {})


def _check_class(
    content: Mapping[str, object], reader: Reader, limits: ImportRules, findings: Findings
) -> None:
    name = content.get("tokenizer_class")
    allowed = ", ".join(limits.tokenizer_classes)
    if name is None:
        findings.note(rules.CLASS_MISSING, TOKENIZER_CONFIG, "none", allowed=allowed)
    elif not isinstance(name, str) or name not in limits.tokenizer_classes:
        findings.note(rules.CLASS, TOKENIZER_CONFIG, shown(name), allowed=allowed)
    elif (file := _SENTENCEPIECE.get(name)) and file not in reader:
        found = f"{name}, no {file}"
        findings.note(rules.MODEL_MISSING, TOKENIZER_CONFIG, found, allowed=file)


def _check_code(name: str, content: Mapping[str, object], findings: Findings) -> None:
    if content.get("auto_map"):
        found = f"auto_map {shown(content['auto_map'])}"
        findings.note(configuration_rules.CUSTOM_CODE, name, found)


def _check_vocabulary(
    reader: Reader, configuration: Configuration, weights: Weights, findings: Findings
) -> None:
    data = reader.bytes_of(TOKENIZER, maximum=MAXIMUM_BYTES)
    if data is None:
        return
    try:
        highest = _highest_token(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        findings.note(rules.INVALID, TOKENIZER, shown(str(error)))
        return
    architecture = configuration.architecture
    embedding = weights.tensors.get(architecture.embedding) if architecture else None
    if embedding and embedding.shape and highest >= embedding.shape[0]:
        found = f"a token with number {shown(highest)}"
        allowed = f"below {embedding.shape[0]:,}, the rows of the embedding"
        findings.note(rules.VOCABULARY, TOKENIZER, found, allowed=allowed)


def _highest_token(data: bytes) -> int:
    """Return the highest number of a token.

    Raises:
        msgspec.DecodeError: It is no tokenizer.
        UnicodeDecodeError: Its text is no UTF-8.
        RecursionError: It is nested too deep.
        ValueError: Its vocabulary is empty or far too large.
    """
    tokenizer = msgspec.json.decode(data, type=_Tokenizer)
    vocabulary, added = bytes(tokenizer.model.vocab), bytes(tokenizer.added_tokens)
    is_list = vocabulary.startswith(b"[")
    # Counted before they are built: a token has a colon, or in Unigram's list a bracket.
    if max(vocabulary.count(b"[" if is_list else b":"), added.count(b"{")) > _MAXIMUM_SIGNS:
        raise ValueError("the vocabulary is too large")
    if is_list:
        count = len(msgspec.json.decode(vocabulary, type=list[tuple[str, float]]))
        highest = count - 1
    else:
        numbers = msgspec.json.decode(vocabulary, type=dict[str, int])
        count, highest = len(numbers), max(numbers.values(), default=-1)
    if not 0 < count <= MAXIMUM_TOKENS:
        raise ValueError(f"a vocabulary of {count:,} tokens")
    tokens = msgspec.json.decode(added, type=list[_AddedToken])
    return max([highest, *(token.id for token in tokens)])


def _check_processor(reader: Reader, configuration: Configuration, findings: Findings) -> None:
    architecture = configuration.architecture
    if architecture and architecture.is_multimodal and PREPROCESSOR_CONFIG not in reader:
        findings.note(rules.PROCESSOR_MISSING, None, f"no {PREPROCESSOR_CONFIG}")
    _check_code(PREPROCESSOR_CONFIG, reader.object_of(PREPROCESSOR_CONFIG) or {}, findings)

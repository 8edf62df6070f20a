"""Which files are the weights, and which tensors they hold: index and shards side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_customization_runtime.weights import headers
from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import headers as header_rules, weights as rules
from bedrock_customization_runtime.weights.selection import INDEX, is_weights_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.folder import Folder
    from bedrock_customization_runtime.weights.headers import Tensor
    from bedrock_customization_runtime.weights.reading import Reader
    from bedrock_customization_runtime.weights.selection import Selection

SINGLE = "model.safetensors"
MAXIMUM_SHARDS = 1_000
"""No published model of the listed architectures has 200."""


@dataclass(slots=True)
class Weights:
    """The weights of a model."""

    files: tuple[str, ...] = ()
    """That hold them, in the order of names; those alone are copied."""
    tensors: dict[str, Tensor] = field(default_factory=dict)
    is_whole: bool = True
    """Whether every header could be read, so that a tensor not here is not there."""


@dataclass(frozen=True, slots=True)
class _Index:
    """What model.safetensors.index.json says."""

    file_of: Mapping[str, str]
    """By tensor."""
    total_size: object


def read(selection: Selection, reader: Reader, folder: Folder, findings: Findings) -> Weights:
    """Return the weights; what is wrong with files, index and headers is noted."""
    index = _index(reader, findings)
    files = _files(selection, index, findings, index_there=INDEX in reader)
    weights = Weights(files=files[:MAXIMUM_SHARDS])
    if len(files) > MAXIMUM_SHARDS:
        findings.note(rules.TOO_MANY_SHARDS, None, f"{len(files):,} files")
        weights.is_whole = False
    for name in weights.files:
        header = headers.read(folder, selection.weights[name], findings)
        count = len(weights.tensors) + len(header.tensors)
        if count > headers.MAXIMUM_TENSORS:
            findings.note(header_rules.TOO_MANY, name, f"{count:,} up to this file")
            weights.is_whole = False
            break
        if index is not None and header.is_whole:
            _compare(name, header.tensors, index, findings)
        weights.is_whole &= header.is_whole
        _add(name, header.tensors, weights, findings)
    if index is not None and weights.is_whole:
        _check_total(index, weights, findings)
    return weights


def _index(reader: Reader, findings: Findings) -> _Index | None:
    content = reader.object_of(INDEX)
    if content is None:
        return None
    file_of, metadata = content.get("weight_map"), content.get("metadata")
    if not isinstance(file_of, dict) or not file_of:
        findings.note(rules.INDEX_INVALID, INDEX, f"weight_map {shown(file_of)}")
        return None
    for name, file in file_of.items():
        if not isinstance(file, str) or not is_weights_name(file):
            findings.note(rules.INDEX_FILE_NAME, INDEX, f"{shown(file)} for {shown(name)}")
    return _Index(
        {name: file for name, file in file_of.items() if isinstance(file, str)},
        metadata.get("total_size") if isinstance(metadata, dict) else None,
    )


def _files(
    selection: Selection, index: _Index | None, findings: Findings, *, index_there: bool
) -> tuple[str, ...]:
    """Return the files that are the weights."""
    there = selection.weights
    if not there:
        findings.note(rules.MISSING, None, _instead(selection.others))
        return ()
    if index is None:
        return _files_without_index(there, findings, index_there=index_there)
    named = sorted({file for file in index.file_of.values() if is_weights_name(file)})
    for file in named:
        if file not in there:
            findings.note(rules.SHARD_MISSING, INDEX, shown(file))
    if SINGLE in there and SINGLE not in named:
        findings.note(rules.AMBIGUOUS, SINGLE, f"{SINGLE} and {INDEX}")
    _note_extra(there.keys() - {SINGLE, *named}, findings)
    return tuple(file for file in named if file in there)


def _files_without_index(
    there: Mapping[str, object], findings: Findings, *, index_there: bool
) -> tuple[str, ...]:
    if SINGLE in there and not index_there:
        _note_extra(there.keys() - {SINGLE}, findings)
        return (SINGLE,)
    if len(there) > 1 and not index_there:
        findings.note(rules.INDEX_MISSING, None, f"{len(there):,} files and no {INDEX}")
    elif not index_there:
        findings.note(rules.NAME, next(iter(there)), shown(next(iter(there))))
    return tuple(there)


def _note_extra(files: Iterable[str], findings: Findings) -> None:
    for file in sorted(files):
        findings.note(rules.SHARD_EXTRA, None, shown(file))


def _instead(others: tuple[str, ...]) -> str:
    """Return what is there in the place of weights."""
    below = [name for name in others if name.endswith(("/config.json", "/model.safetensors"))]
    return f"no *.safetensors beside it, but {shown(below[0])}" if below else "no *.safetensors"


def _compare(file: str, tensors: Mapping[str, Tensor], index: _Index, findings: Findings) -> None:
    for name in tensors:
        if index.file_of.get(name) != file:
            found = f"{shown(name)} of {shown(index.file_of.get(name, 'no file'))}"
            findings.note(rules.TENSOR_UNLISTED, file, found)
    for name, there in index.file_of.items():
        if there == file and name not in tensors:
            findings.note(rules.TENSOR_NOT_THERE, file, shown(name))


def _add(file: str, tensors: Mapping[str, Tensor], weights: Weights, findings: Findings) -> None:
    for name, tensor in tensors.items():
        if name in weights.tensors:
            findings.note(rules.TENSOR_TWICE, file, shown(name))
        weights.tensors.setdefault(name, tensor)


def _check_total(index: _Index, weights: Weights, findings: Findings) -> None:
    total = sum(tensor.size for tensor in weights.tensors.values())
    if index.total_size is not None and index.total_size != total:
        found = f"{shown(index.total_size)}, the tensors have {total:,} bytes"
        findings.note(rules.TOTAL_SIZE, INDEX, found)

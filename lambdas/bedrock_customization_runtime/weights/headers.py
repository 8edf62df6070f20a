"""The header of a safetensors file, from two ranged reads: which tensor has which bytes.

A file is 8 bytes with the header's length, the header, and the tensors one after the other. The
format's own library is written to open files, and maps them whole; this only tells what is in them,
names all that is wrong, and refuses what the library lets pass (duplicate keys).

Sources that keep a file's beginning alone, such as archives, keep what is read here: 8 bytes, then
the header.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, TypeGuard

from bedrock_customization_runtime.weights import strict_json
from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.reading import LFS_POINTER
from bedrock_customization_runtime.weights.rules import files as file_rules, headers as rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.folder import File, Folder

MAXIMUM_HEADER = 16 * 2**20
MAXIMUM_TENSORS = 100_000
"""The largest listed model, Qwen3 235B, has 37,000."""
BITS: Mapping[str, int] = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
"""Of an element, by dtype."""
_LENGTH_BYTES = 8
_KEYS_PER_TENSOR = 5
_VALUES_PER_TENSOR = 12
_LARGEST = 2**63
_FIELDS = {"dtype", "shape", "data_offsets"}
_METADATA = "__metadata__"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor, without its numbers."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    """First byte after the header, from 0."""
    end: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.begin

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's header says."""

    tensors: Mapping[str, Tensor]
    """By name, without those that make no sense."""
    is_whole: bool
    """Whether there are no others."""


def read(folder: Folder, file: File, findings: Findings) -> Header:
    """Return a file's header, empty where it cannot be read at all.

    Args:
        folder: Where the file lies.
        file: A safetensors file.
        findings: Takes what is wrong.
    """
    length = _length(folder, file, findings)
    if length is None:
        return _UNREADABLE
    data = folder.read(file.name, _LENGTH_BYTES, length)
    if len(data) < length:
        found = f"{_LENGTH_BYTES + len(data):,} of {file.size:,} bytes"
        findings.note(file_rules.CUT, file.name, found)
        return _UNREADABLE
    entries = _entries(data, file.name, findings)
    if entries is None:
        return _UNREADABLE
    metadata = entries.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        findings.note(rules.METADATA, file.name, shown(metadata))
    size = file.size - _LENGTH_BYTES - length
    tensors = {
        name: tensor
        for name, entry in entries.items()
        if (tensor := _tensor(name, entry, size, file.name, findings)) is not None
    }
    is_whole = len(tensors) == len(entries)
    if is_whole:
        _check_coverage(tensors.items(), size, file.name, findings)
    return Header(tensors, is_whole)


_UNREADABLE = Header({}, is_whole=False)


def _length(folder: Folder, file: File, findings: Findings) -> int | None:
    """Return the header's length; None where it makes no sense."""
    start = folder.read(file.name, 0, _LENGTH_BYTES) if file.size else b""
    if start == LFS_POINTER[:_LENGTH_BYTES]:
        # As a length it would be 2 million terabytes.
        findings.note(file_rules.LFS_POINTER, file.name, f"{file.size:,} bytes")
        return None
    if len(start) < _LENGTH_BYTES:
        findings.note(rules.LENGTH, file.name, f"a file of {len(start):,} bytes")
        return None
    length = int.from_bytes(start, "little")
    if not len("{}") <= length <= min(MAXIMUM_HEADER, file.size - _LENGTH_BYTES):
        found = f"{length:,} in a file of {file.size:,} bytes"
        findings.note(rules.LENGTH, file.name, found)
        return None
    return length


def _entries(data: bytes, file: str, findings: Findings) -> dict[str, object] | None:
    if not data.startswith(b"{"):
        findings.note(rules.JSON, file, "another first byte than {")
        return None
    try:
        return strict_json.parse(
            data,
            max_keys=MAXIMUM_TENSORS * _KEYS_PER_TENSOR,
            max_values=MAXIMUM_TENSORS * _VALUES_PER_TENSOR,
        )
    except strict_json.DuplicateKeyError as error:
        findings.note(rules.DUPLICATE, file, shown(str(error)))
    except strict_json.StrictJsonError as error:
        findings.note(rules.JSON, file, str(error))
    return None


def _tensor(name: str, entry: object, size: int, file: str, findings: Findings) -> Tensor | None:
    """Return a tensor; None where, which is noted, it makes no sense."""
    told = shown(name)
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        findings.note(rules.ENTRY, file, f"{told}: {_fields_of(entry)}")
        return None
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        findings.note(rules.DTYPE, file, f"{shown(dtype)} of {told}", allowed=", ".join(BITS))
        return None
    if not _are_counts(shape) or not _are_span(offsets):
        found = f"{told}: shape {shown(shape)}, data_offsets {shown(offsets)}"
        findings.note(rules.ENTRY, file, found)
        return None
    begin, end = offsets
    if end > size:
        found = f"{told}: bytes {shown(begin)} to {shown(end)} of {size:,}"
        findings.note(rules.OUTSIDE, file, found)
        return None
    bits = _bits(shape, BITS[dtype])
    if bits is None or bits != (end - begin) * 8:
        needed = "more than 2⁶³ bits" if bits is None else f"{bits / 8:,.12g} bytes"
        found = f"{told}: {end - begin:,} bytes, shape {shown(shape)} of {dtype} needs {needed}"
        findings.note(rules.SIZE, file, found)
        return None
    return Tensor(dtype, tuple(shape), begin, end)


def _fields_of(entry: object) -> str:
    return shown(sorted(entry)) if isinstance(entry, dict) else shown(entry)


def _are_counts(value: object) -> TypeGuard[list[int]]:
    # bool is an int of Python's, and none of JSON's.
    return isinstance(value, list) and all(type(each) is int and each >= 0 for each in value)


def _are_span(value: object) -> TypeGuard[list[int]]:
    return _are_counts(value) and len(value) == len(("begin", "end")) and value[0] <= value[1]


def _bits(shape: list[int], of_element: int) -> int | None:
    """Return what a shape needs; None beyond what a reader can count."""
    product = of_element
    for dimension in shape:
        product *= dimension
        if product > _LARGEST:
            return None
    return product


def _check_coverage(
    tensors: Iterable[tuple[str, Tensor]], size: int, file: str, findings: Findings
) -> None:
    """Note bytes that two tensors share, and bytes that none has."""
    reached = 0
    for begin, end, name in sorted(starmap(_span, tensors)):
        if begin < reached:
            found = f"{shown(name)} from byte {begin:,}, where the one before ends at {reached:,}"
            findings.note(rules.OVERLAP, file, found)
        elif begin > reached:
            found = f"bytes {reached:,} to {begin:,}, before {shown(name)}"
            findings.note(rules.HOLE, file, found)
        reached = max(reached, end)
    if reached < size:
        findings.note(rules.HOLE, file, f"{size - reached:,} bytes after the last tensor")


def _span(name: str, tensor: Tensor) -> tuple[int, int, str]:
    return tensor.begin, tensor.end, name

"""safetensors files: written whole, and read by ranges of bytes.

By hand, because the `safetensors` package reads files of this machine; models to import lie in S3,
and of most of them nothing but the header is read.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

_LENGTH_BYTES = 8
_MAXIMUM_HEADER_BYTES = 100_000_000
_ALIGNMENT = 8
_METADATA = "__metadata__"
_BITS = {
    dtype: bits
    for bits, dtypes in (
        (4, ("F4",)),
        (6, ("F6_E2M3", "F6_E3M2")),
        (8, ("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0")),
        (16, ("U16", "I16", "F16", "BF16")),
        (32, ("U32", "I32", "F32")),
        (64, ("U64", "I64", "F64")),
    )
    for dtype in dtypes
}


class TensorFileError(ValueError):
    """The file is no safetensors file."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor is.

    Args:
        dtype: As the format names it: F32, BF16.
        shape: Its sizes.
        start: Its first byte in the file.
        end: The byte after its last one.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds.

    Args:
        metadata: Texts by name.
        tensors: By name.
    """

    metadata: Mapping[str, str]
    tensors: Mapping[str, Tensor]


def encode(tensors: Mapping[str, NDArray[np.floating]], metadata: Mapping[str, str]) -> bytes:
    """Return tensors as a file, in float32.

    Args:
        tensors: By name.
        metadata: Texts by name.
    """
    header: dict[str, Any] = {_METADATA: dict(metadata)}
    parts: list[bytes] = []
    end = 0
    for name, tensor in tensors.items():
        part = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [end, end + len(part)],
        }
        end += len(part)
        parts.append(part)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *parts])


def read_header(read: Callable[[int, int], bytes], size: int) -> Header:
    """Return what a file holds.

    Args:
        read: Returns so many bytes from a position on.
        size: Of the file, in bytes.

    Raises:
        TensorFileError: It is no safetensors file, or it is not whole.
    """
    length = int.from_bytes(read(0, _LENGTH_BYTES), "little") if size > _LENGTH_BYTES else 0
    data = _LENGTH_BYTES + length
    if not 0 < length <= min(_MAXIMUM_HEADER_BYTES, size - _LENGTH_BYTES):
        raise TensorFileError("its header is longer than the file")
    try:
        header = json.loads(read(_LENGTH_BYTES, length))
        metadata = {str(name): str(text) for name, text in header.pop(_METADATA, {}).items()}
        tensors = {name: _tensor(entry, data) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise TensorFileError("its header is not one of the format") from error
    position = data
    for tensor in sorted(tensors.values(), key=lambda one: (one.start, one.end)):
        if tensor.start != position:
            raise TensorFileError("its tensors overlap or leave room between them")
        position = tensor.end
    if position != size:
        raise TensorFileError(f"its header tells of {position} bytes, and it has {size}")
    return Header(metadata, tensors)


def decode(tensor: Tensor, content: bytes) -> NDArray[np.floating]:
    """Return a float32 tensor of its bytes."""
    return np.frombuffer(content, "<f4").reshape(tensor.shape)


def _tensor(entry: Mapping[str, Any], data: int) -> Tensor:
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    start, end = entry["data_offsets"]
    numbers = (*shape, start, end)
    if any(type(number) is not int or number < 0 for number in numbers):
        raise TypeError
    if (end - start) * 8 != math.prod(shape) * _BITS[dtype]:
        raise ValueError
    return Tensor(dtype, shape, data + start, data + end)

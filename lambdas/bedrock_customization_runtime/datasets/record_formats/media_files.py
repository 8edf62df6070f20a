"""What the first bytes of a media file say: its format, an image's pixels, a video's length.

Read here and not by a library: those at hand read pixels of images alone (imagesize) or formats
alone (filetype), and those that also know videos need a native MediaInfo, which no Lambda has.
Nothing is decoded, so nothing that a stranger's file holds can be run or unpacked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = 64 * 2**10
"""Bytes that say enough of most files."""
_ISO = frozenset({"mp4", "mov"})
_EBML = frozenset({"mkv", "webm"})
_SEGMENT, _INFO, _SCALE, _DURATION = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489
_NANOSECONDS = 1e9
_DEFAULT_SCALE = 1_000_000
# Markers of JPEG that carry the size of the image: all starts of frame.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFile:
    """What is known of a file; None for what nobody could look at."""

    size: int | None = None
    """In bytes."""
    head: bytes | None = None
    """The first `HEAD` bytes, or all of it."""


Look = Callable[[str], MediaFile | None]
"""Returns what is known of the file at an S3 URI; None where there is no such file."""


def has_format(head: bytes, named: str) -> bool:
    """Whether a file can be of a format of Converse's; True for formats that are not known here."""
    found = _format_of(head)
    if named not in _KNOWN or named == found:
        return True
    # Each family is one container; which of its names a file goes by is a matter of habit.
    return any(named in family and found in family for family in (_ISO, _EBML))


def pixels_of(head: bytes) -> tuple[int, int] | None:
    """Return width and height of an image; None where its beginning does not say."""
    try:
        return _SIZES[_format_of(head)](head)
    except (KeyError, struct.error, IndexError):
        return None


def seconds_of(head: bytes) -> float | None:
    """Return the length of a video; None where its beginning does not say."""
    try:
        return _LENGTHS[_format_of(head)](head)
    except (KeyError, struct.error, IndexError, ZeroDivisionError):
        return None


def _format_of(head: bytes) -> str:  # noqa: PLR0911 - a list of signatures
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head[4:8] == b"ftyp":
        return "mov" if head[8:10] == b"qt" else "mp4"
    if head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    return ""


def _png_size(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif_size(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    place = 2
    while True:
        while head[place] != 0xFF or head[place + 1] == 0xFF:  # noqa: PLR2004 - a marker's sign
            place += 1
        marker = head[place + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return width, height
        if marker == _START_OF_SCAN:
            return None
        place += 2 + int(struct.unpack_from(">H", head, place + 2)[0])


def _webp_size(head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", head, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = (int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
            return width + 1, height + 1
        case _:
            return None


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the boxes of an ISO file."""
    while start + 8 <= min(end, len(data)):
        size, kind = struct.unpack_from(">I4s", data, start)
        inner = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, inner)
            inner += 8
        stop = end if size == 0 else start + size
        if stop < inner:
            return
        yield kind, inner, stop
        start = stop


def _iso_seconds(head: bytes) -> float | None:
    for kind, start, end in _boxes(head, 0, len(head)):
        if kind != b"moov":
            continue
        for inner, at, _ in _boxes(head, start, end):
            if inner == b"mvhd":
                wide = head[at] == 1
                layout, offset = (">IQ", 20) if wide else (">II", 12)
                scale, ticks = struct.unpack_from(layout, head, at + offset)
                return float(ticks / scale)
    return None


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield id, start and end of the elements of an EBML file."""
    while start < min(end, len(data)):
        width = 9 - data[start].bit_length()
        if not 1 <= width <= 4:  # noqa: PLR2004 - ids are no longer
            return
        element = int.from_bytes(data[start : start + width], "big")
        start += width
        width = 9 - data[start].bit_length()
        if width > 8:  # noqa: PLR2004 - nor sizes
            return
        size = int.from_bytes(data[start : start + width], "big") & (1 << 7 * width) - 1
        start += width
        unknown = size == (1 << 7 * width) - 1
        stop = end if unknown else start + size
        yield element, start, stop
        start = stop


def _ebml_seconds(head: bytes) -> float | None:
    for element, start, end in _elements(head, 0, len(head)):
        if element != _SEGMENT:
            continue
        for inner, begin, stop in _elements(head, start, end):
            if inner != _INFO:
                continue
            scale, ticks = _DEFAULT_SCALE, None
            for fact, at, to in _elements(head, begin, stop):
                if fact == _SCALE:
                    scale = int.from_bytes(head[at:to], "big")
                elif fact == _DURATION:
                    (ticks,) = struct.unpack_from(">f" if to - at == 4 else ">d", head, at)  # noqa: PLR2004 - bytes
            return None if ticks is None else float(ticks) * scale / _NANOSECONDS
    return None


_SIZES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "png": _png_size,
    "jpeg": _jpeg_size,
    "gif": _gif_size,
    "webp": _webp_size,
}
_LENGTHS: dict[str, Callable[[bytes], float | None]] = {
    **dict.fromkeys(_ISO, _iso_seconds),
    **dict.fromkeys(_EBML, _ebml_seconds),
}
_KNOWN = frozenset((*_SIZES, *_LENGTHS, "pdf"))

"""What the first bytes of real and of broken media files say."""

import struct

import pytest
from hypothesis import given, settings as profile, strategies as st
from planted_records import mp4, png, webm

from bedrock_customization_runtime.datasets.record_formats.media_files import (
    has_format,
    pixels_of,
    seconds_of,
)

# The beginnings of files, as far as their size.
GIF = b"GIF89a" + struct.pack("<HH", 640, 480) + b"\0\0\0;"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"  # the application's segment
    b"\xff\xff\xc4\x00\x04\0\0"  # a table, behind a fill byte
    b"\xff\xc2\x00\x11\x08"
    + struct.pack(">HH", 480, 640)
    + b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"
)
WEBP_LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
WEBP_LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14)
WEBP_EXTENDED = (
    b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
    + (639).to_bytes(3, "little")
    + (479).to_bytes(3, "little")
)
IMAGES = {
    "png": png(640, 480),
    "gif": GIF,
    "jpeg": JPEG,
    "webp": WEBP_LOSSY,
    "lossless": WEBP_LOSSLESS,
    "extended": WEBP_EXTENDED,
}
LONG = struct.pack(">I4sIQQIQ", 40, b"mvhd", 1 << 24, 0, 0, 1000, 7_500)
VIDEOS = {
    "mp4": (mp4(7.5), 7.5),
    "mov": (mp4(7.5).replace(b"isom", b"qt  "), 7.5),
    "wide header": (b"\0\0\0\x08ftyp" + struct.pack(">I4s", 48, b"moov") + LONG, 7.5),
    "webm": (webm(7.5), 7.5),
    "mkv": (webm(7.5).replace(b"webm", b"mkv "), 7.5),
}


@pytest.mark.parametrize("head", IMAGES.values(), ids=IMAGES)
def test_an_image_says_how_large_it_is(head):
    assert pixels_of(head) == (640, 480)
    assert pixels_of(head + b"what follows") == (640, 480)


@pytest.mark.parametrize(("head", "seconds"), VIDEOS.values(), ids=VIDEOS)
def test_a_video_says_how_long_it_is(head, seconds):
    assert seconds_of(head) == seconds


def test_a_video_whose_index_stands_at_its_end_does_not_say():
    assert seconds_of(b"\0\0\0\x10ftypisom\0\0\0\0" + b"\x7f\0\0\0mdat" + bytes(1000)) is None


@pytest.mark.parametrize(
    ("head", "named", "fits"),
    [
        (png(1, 1), "png", True),
        (png(1, 1), "jpeg", False),
        (JPEG, "jpeg", True),
        (JPEG, "png", False),
        (mp4(1), "mp4", True),
        (mp4(1), "mov", True),
        (mp4(1), "webm", False),
        (webm(1), "webm", True),
        (webm(1), "mkv", True),
        (b"%PDF-1.4", "pdf", True),
        (b"<html>", "pdf", False),
        (b"", "png", False),
        (b"any", "docx", True),
    ],
)
def test_a_file_is_of_a_format_or_not(head, named, fits):
    assert has_format(head, named) is fits


@profile(max_examples=300, deadline=None, derandomize=True)
@given(
    head=st.sampled_from([*IMAGES.values(), *(head for head, _ in VIDEOS.values())]),
    cut=st.integers(0, 80),
    noise=st.binary(max_size=60),
)
def test_broken_files_say_nothing_wrong_and_never_raise(head, cut, noise):
    for broken in (head[:cut], head[:cut] + noise, noise):
        pixels_of(broken)
        seconds_of(broken)
        has_format(broken, "png")

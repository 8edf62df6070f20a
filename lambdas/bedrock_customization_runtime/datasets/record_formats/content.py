"""What kinds of content one base model takes, and its limits of media.

The media themselves lie in S3, out of this engine's reach: who runs it may hand in a way to look at
them, and where nobody does, the finding `media-unchecked` says so.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bedrock_customization_runtime.catalog.rules import Modality, RecordFormat
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.record_formats.converse import MEDIA
from bedrock_customization_runtime.datasets.record_formats.media_files import (
    has_format,
    pixels_of,
    seconds_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_runtime.catalog.rules import MediaLimits, MethodRules
    from bedrock_customization_runtime.datasets.record_formats.fields import Fields
    from bedrock_customization_runtime.datasets.record_formats.media_files import Look
    from bedrock_customization_runtime.datasets.record_formats.records import ContentBlock, Record

_MODALITIES = {
    "image": Modality.IMAGE,
    "video": Modality.VIDEO,
    "document": Modality.DOCUMENT,
}
_URI = re.compile(r"s3://([a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])/(.+)")
_ANY_KEY = r"A-Za-z0-9_\-/.!'()*"
"""What `s3Uri` of Bedrock's API takes: no spaces, = + : or @."""
_BUCKET_OWNER = re.compile(r"\d{12}", re.ASCII)
_LONGEST_URI = 1024
_MEDIUM = frozenset({"format", "source"})
_DOCUMENT = frozenset({"format", "source", "name"})
_SOURCE = frozenset({"s3Location"})
_LOCATION = frozenset({"uri", "bucketOwner"})


class ContentRules:
    """The content rules of one base model and method.

    Args:
        method: The catalogue's rules.
        bucket: Of the data set, where it is known.
        media_below: S3 URI prefix below which media must lie, if they must.
        look: Looks at media files; without it, those of accepted records stay unchecked.
    """

    def __init__(
        self,
        method: MethodRules,
        *,
        bucket: str | None = None,
        media_below: str | None = None,
        look: Look | None = None,
    ) -> None:
        self._media = method.media
        self._bucket = bucket
        self._media_below = media_below or ""
        self._look = look
        self._is_caption = method.record_format is RecordFormat.IMAGE_CAPTION
        holds_blocks = method.record_format is RecordFormat.CONVERSE
        media = [kind for kind in MEDIA if _MODALITIES[kind] in method.modalities]
        self._taken = frozenset((*media, *method.blocks)) if holds_blocks else frozenset[str]()
        self._takes_tools = (
            "toolUse" in self._taken
            or method.record_format is RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE
        )
        characters = (self._media and self._media.uri_characters) or _ANY_KEY
        self._key = re.compile(f"[{characters}]+")
        self._first_kind: str | None = None

    def check(self, record: Record, fields: Fields, note: Callable[[rules.Rule], None]) -> None:
        """Note every content block that the base model does not take.

        Args:
            record: As read from Converse, or a caption.
            fields: Collects the problems.
            note: Is told of media that could not be looked at.
        """
        if record.tools is not None and not self._takes_tools:
            fields.fail(rules.CONTENT_NOT_TAKEN, "$.toolConfig")
        counts: Counter[str] = Counter()
        for number, message in enumerate(record.messages):
            for index, block in enumerate(message.content):
                if block.text is not None:
                    continue
                kind = kind_of(block)
                path = f"$.messages[{number}].content[{index}].{kind}"
                if self._is_caption:
                    self._check_file("image", block.image or {}, "$.image-ref", fields, note)
                elif kind not in self._taken:
                    fields.fail(rules.CONTENT_NOT_TAKEN, path)
                elif kind in MEDIA:
                    counts[kind] += 1
                    if message.role != "user":
                        fields.fail(rules.MEDIA_TURN, path)
                    self._check_medium(kind, getattr(block, kind), path, fields, note)
        self._check_counts(counts, fields)
        if counts and _reasons(record):
            fields.fail(rules.REASONING_WITH_MEDIA, "$.messages")

    def _check_medium(
        self,
        kind: str,
        medium: Mapping[str, object],
        path: str,
        fields: Fields,
        note: Callable[[rules.Rule], None],
    ) -> None:
        limits = self._limits(kind)
        named = medium.get("format")
        fields.only(medium, _DOCUMENT if kind == "document" else _MEDIUM, path)
        if not isinstance(named, str):
            fields.fail(rules.MEDIA_SOURCE, f"{path}.format")
        elif limits and limits.formats and named not in limits.formats:
            fields.fail(rules.MEDIA_FORMAT, f"{path}.format", f"{', '.join(limits.formats)} only")
        self._check_file(kind, medium, f"{path}.source.s3Location.uri", fields, note)

    def _check_file(
        self,
        kind: str,
        medium: Mapping[str, object],
        path: str,
        fields: Fields,
        note: Callable[[rules.Rule], None],
    ) -> None:
        uri = self._uri(medium, path, fields)
        if uri is None:
            return
        if self._look is None:
            note(rules.MEDIA_UNCHECKED)
            return
        found = self._look(uri)
        if found is None:
            fields.fail(rules.MEDIA_MISSING, path)
            return
        limits = self._limits(kind)
        if limits and limits.max_bytes and (found.size or 0) > limits.max_bytes:
            detail = f"{found.size:,} bytes, {limits.max_bytes:,} fit"
            fields.fail(rules.MEDIA_SIZE, path, detail)
        if found.head is None:
            note(rules.MEDIA_UNCHECKED)
            return
        named = medium.get("format")
        if isinstance(named, str) and not has_format(found.head, named):
            fields.fail(rules.MEDIA_CONTENT, path)
        elif limits:
            _check_extent(found.head, limits, path, fields, note)

    def _uri(self, medium: Mapping[str, object], path: str, fields: Fields) -> str | None:
        """Return where a medium lies, if Bedrock takes that."""
        source = medium.get("source")
        location = source.get("s3Location") if isinstance(source, dict) else None
        if not isinstance(source, dict) or not isinstance(location, dict):
            fields.fail(rules.MEDIA_SOURCE, path)
            return None
        uri = location.get("uri")
        if not isinstance(uri, str):
            fields.fail(rules.MEDIA_SOURCE, path)
            return None
        above = path.removesuffix(".uri")
        fields.only(source, _SOURCE, above.removesuffix(".s3Location"))
        fields.only(location, _LOCATION, above)
        owner = location.get("bucketOwner")
        if owner is not None and not (isinstance(owner, str) and _BUCKET_OWNER.fullmatch(owner)):
            fields.fail(rules.MEDIA_SOURCE, f"{above}.bucketOwner", "12 digits")
        found = _URI.fullmatch(uri)
        if (
            found is None
            or len(uri) > _LONGEST_URI
            or not self._key.fullmatch(found[2])
            or "//" in found[2]
        ):
            fields.fail(rules.MEDIA_URI, path)
        elif self._media and self._media.same_bucket and self._bucket not in {None, found[1]}:
            fields.fail(rules.MEDIA_BUCKET, path)
        elif not uri.startswith(self._media_below):
            fields.fail(rules.MEDIA_OUT_OF_REACH, path)
        else:
            return uri
        return None

    def _limits(self, kind: str) -> MediaLimits | None:
        return self._media.limits.get(_MODALITIES[kind]) if self._media else None

    def _check_counts(self, counts: Counter[str], fields: Fields) -> None:
        for kind, count in counts.items():
            limits = self._limits(kind)
            most = limits and limits.max_per_record
            if most and count > most:
                fields.fail(rules.MEDIA_COUNT, "$.messages", f"{count} of {kind}, {most} fit")
        if not counts or self._media is None or not self._media.one_modality:
            return
        if self._first_kind is None:
            self._first_kind = next(iter(counts))
        others = counts.keys() - {self._first_kind}
        if others:
            detail = f"{', '.join(sorted(others))} after {self._first_kind}"
            fields.fail(rules.MEDIA_MIXED, "$.messages", detail)


def kind_of(block: ContentBlock) -> str:
    """Return the name of the field that is set."""
    return next(name for name in block.__struct_fields__ if getattr(block, name) is not None)


def _check_extent(
    head: bytes,
    limits: MediaLimits,
    path: str,
    fields: Fields,
    note: Callable[[rules.Rule], None],
) -> None:
    """Note an image of too few or too many pixels, and a video that is too long."""
    lowest, highest = limits.min_pixels, limits.max_pixels
    if lowest is not None or highest is not None:
        sides = pixels_of(head)
        if sides is None:
            note(rules.MEDIA_UNCHECKED)
        elif min(sides) < (lowest or 0) or (highest is not None and max(sides) > highest):
            allowed = f"at least {lowest}" if highest is None else f"{lowest} to {highest:,}"
            detail = f"{sides[0]:,} by {sides[1]:,} pixels, a side may have {allowed}"
            fields.fail(rules.MEDIA_PIXELS, path, detail)
    if limits.max_seconds is not None:
        seconds = seconds_of(head)
        if seconds is None:
            note(rules.MEDIA_UNCHECKED)
        elif seconds > limits.max_seconds:
            detail = f"{seconds:,.0f} seconds, {limits.max_seconds:,} fit"
            fields.fail(rules.MEDIA_SECONDS, path, detail)


def _reasons(record: Record) -> bool:
    return any(
        block.reasoningContent is not None
        for message in record.messages
        for block in message.content
    )

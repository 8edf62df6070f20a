"""What kinds of content one base model takes, and its limits of media.

Not looked into, because it would mean reading every object: sizes in bytes, pixels, seconds.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bedrock_customization_runtime.catalog.rules import Modality, RecordFormat
from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.converse import MEDIA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.catalog.rules import MethodRules
    from bedrock_customization_runtime.datasets.fields import Fields
    from bedrock_customization_runtime.datasets.records import ContentBlock, Record

_MODALITIES = {
    "image": Modality.IMAGE,
    "video": Modality.VIDEO,
    "document": Modality.DOCUMENT,
}
_URI = re.compile(r"s3://([a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])/(.+)")
_ANY_KEY = r"A-Za-z0-9_\-/.!'()*"
"""What `s3Uri` of Bedrock's API takes: no spaces, = + : or @."""
_BUCKET_OWNER = re.compile(r"\d{12}")


class ContentRules:
    """The content rules of one base model and method.

    Args:
        method: The catalogue's rules.
        bucket: Of the data set, where it is known.
    """

    def __init__(self, method: MethodRules, bucket: str | None = None) -> None:
        self._media = method.media
        self._bucket = bucket
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

    def check(self, record: Record, fields: Fields) -> None:
        """Note every content block that the base model does not take.

        Args:
            record: As read from Converse, or a caption.
            fields: Collects the problems.
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
                    self._check_uri(block.image or {}, path, fields)
                elif kind not in self._taken:
                    fields.fail(rules.CONTENT_NOT_TAKEN, path)
                elif kind in MEDIA:
                    counts[kind] += 1
                    if message.role != "user":
                        fields.fail(rules.MEDIA_TURN, path)
                    self._check_medium(kind, getattr(block, kind), path, fields)
        self._check_counts(counts, fields)

    def _check_medium(
        self, kind: str, medium: Mapping[str, object], path: str, fields: Fields
    ) -> None:
        limits = self._media and self._media.limits.get(_MODALITIES[kind])
        named = medium.get("format")
        if not isinstance(named, str):
            fields.fail(rules.MEDIA_SOURCE, f"{path}.format")
        elif limits and limits.formats and named not in limits.formats:
            fields.fail(rules.MEDIA_FORMAT, f"{path}.format", f"{', '.join(limits.formats)} only")
        self._check_uri(medium, path, fields)

    def _check_uri(self, medium: Mapping[str, object], path: str, fields: Fields) -> None:
        source = medium.get("source")
        location = source.get("s3Location") if isinstance(source, dict) else None
        uri = location.get("uri") if isinstance(location, dict) else None
        where = f"{path}.source.s3Location.uri"
        if not isinstance(uri, str):
            fields.fail(rules.MEDIA_SOURCE, where)
            return
        owner = location.get("bucketOwner") if isinstance(location, dict) else None
        if owner is not None and not (isinstance(owner, str) and _BUCKET_OWNER.fullmatch(owner)):
            fields.fail(rules.MEDIA_SOURCE, f"{path}.source.s3Location.bucketOwner")
        found = _URI.fullmatch(uri)
        if found is None or not self._key.fullmatch(found[2]) or "//" in found[2]:
            fields.fail(rules.MEDIA_URI, where)
        elif self._media and self._media.same_bucket and self._bucket not in {None, found[1]}:
            fields.fail(rules.MEDIA_BUCKET, where)

    def _check_counts(self, counts: Counter[str], fields: Fields) -> None:
        for kind, count in counts.items():
            limits = self._media and self._media.limits.get(_MODALITIES[kind])
            most = limits and limits.maximum_per_record
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

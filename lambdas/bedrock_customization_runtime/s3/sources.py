"""What a run's source may be: one object, or a prefix, which ends with a slash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import rules
from bedrock_customization_runtime.datasets.examination import examine, examine_all
from bedrock_customization_runtime.s3.file_record import FileRecord
from bedrock_customization_runtime.s3.prefixes import PinnedPrefix, skipped_in_words
from bedrock_customization_runtime.s3.streams import PinnedObject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.datasets.checking.findings import Findings
    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.settings import Settings


def pin(s3: S3Client, uri: str) -> PinnedObject | PinnedPrefix:
    """Return a source as it is now.

    Raises:
        InvalidInput: It does not exist, holds no data, or may not be read.
    """
    return PinnedPrefix(s3, uri) if uri.endswith("/") else PinnedObject(s3, uri)


def examine_source(source: PinnedObject | PinnedPrefix, settings: Settings) -> Examined:
    """Read a source to its end and judge every record (see `examine`).

    Raises:
        SourceChanged: It was overwritten or deleted meanwhile.
        DatasetRejected: It cannot be read as a whole; the message names the object.
    """
    if isinstance(source, PinnedObject):
        return examine(source.chunks(), settings)
    examined = examine_all(source.contents(), settings)
    note_skipped(examined.findings, source.skipped)
    return examined


def note_skipped(findings: Findings, skipped: Mapping[str, int]) -> None:
    """Say that a prefix holds objects that are not read, if it does."""
    if skipped:
        findings.note_whole(rules.OBJECT_SKIPPED, skipped_in_words(skipped))


def record_of(source: PinnedObject | PinnedPrefix, *, sha256: str, records: int) -> FileRecord:
    """Return what the manifest says of a source."""
    return FileRecord(
        uri=source.uri,
        sha256=sha256,
        bytes=source.size,
        records=records,
        objects=len(source.objects) if isinstance(source, PinnedPrefix) else 1,
    )

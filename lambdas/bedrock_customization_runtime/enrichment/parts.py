"""Where a model's answers lie: each under the hash of its question, and a run's own in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets.enrichment import EnrichedRecord
from bedrock_customization_runtime.s3 import objects, parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import Run
    from bedrock_customization_runtime.manifest import FileRecord

RECORDS = 64
"""Of a part."""
CACHE = "enrichment"
"""Prefix in the data bucket of the answers that all runs share."""
_decode_lines = msgspec.json.Decoder(EnrichedRecord).decode_lines


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said, as every run finds it."""

    answer: str | None
    stop_reason: str
    input_tokens: int
    output_tokens: int
    paid_by: str
    """Key of the run that paid."""


_decode_answer = msgspec.json.Decoder(StoredAnswer).decode


def find(s3: S3Client, bucket: str, key: str) -> StoredAnswer | None:
    """Return the answer to a question, None where it was never asked."""
    version = objects.read_version(s3, _answer_uri(bucket, key))
    return None if version is None else _decode_answer(version.body)


def keep(s3: S3Client, bucket: str, key: str, answer: StoredAnswer) -> None:
    """Keep the answer to a question for ever."""
    uri = _answer_uri(bucket, key)
    objects.write(s3, uri, msgspec.json.encode(answer), "application/json")


def uri_of(run: Run, number: int) -> str:
    """Return where a part of a run's answers lies."""
    return parts.uri_of(_prefix(run), number)


def write(s3: S3Client, uri: str, records: Sequence[EnrichedRecord]) -> None:
    """Write a part, whole."""
    objects.write(s3, uri, msgspec.json.Encoder().encode_lines(records), "application/jsonl")


def read(s3: S3Client, uri: str) -> list[EnrichedRecord] | None:
    """Return a part, None where there is none yet."""
    version = objects.read_version(s3, uri)
    return None if version is None else _decode_lines(version.body)


def read_all(s3: S3Client, run: Run) -> tuple[list[EnrichedRecord], FileRecord]:
    """Return a run's answers, and its parts as one file."""
    return parts.read_all(s3, _prefix(run), lambda _, body: _decode_lines(body))


def _prefix(run: Run) -> str:
    return f"{run['data']}/enrichment"


def _answer_uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{CACHE}/{key[:2]}/{key}.json"

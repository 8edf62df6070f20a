"""The blind set as the evaluation reads it: test records, one JSON object a line."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.datasets.record_formats.records import TestRecord
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.s3 import streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

_DECODER = msgspec.json.Decoder(TestRecord)


@dataclass(frozen=True, kw_only=True, slots=True)
class BlindSet:
    """A blind set on disk, of which one record at a time is in memory; iterate it once at a time.

    Args:
        uri: Where it came from.
        file: Its lines.
        records: How many lines.
        sha256: Digest of the file, hexadecimal.
    """

    uri: str
    file: IO[bytes]
    records: int
    sha256: str

    def __iter__(self) -> Iterator[TestRecord]:
        """Yield the records.

        Raises:
            EvaluationFailed: A line is not a test record.
        """
        return self._from(0)

    def slice(self, start: int, end: int) -> list[TestRecord]:
        """Return the records from one number, from 0, to before another, as far as there are any.

        Raises:
            EvaluationFailed: A line is not a test record.
        """
        return list(islice(self._from(start), max(0, end - start)))

    def _from(self, start: int) -> Iterator[TestRecord]:
        self.file.seek(0)
        for number, line in enumerate(islice(self.file, start, None), start=start + 1):
            try:
                yield _DECODER.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise EvaluationFailed(
                    f"line {number} of {self.uri} is not a test record: prepare the data again"
                ) from None


@contextmanager
def opened(s3: S3Client, uri: str) -> Iterator[BlindSet]:
    """Fetch a blind set for the length of a `with`.

    It goes to a temporary file first: S3 drops a connection from which nothing is read for the
    minutes that models take to answer.
    """
    with TemporaryFile() as file:
        streams.fetch(s3, uri, file)
        file.seek(0)
        digest, records = sha256(), 0
        for line in file:
            digest.update(line)
            records += 1
        yield BlindSet(uri=uri, file=file, records=records, sha256=digest.hexdigest())

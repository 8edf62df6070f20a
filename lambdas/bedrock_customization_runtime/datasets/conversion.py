"""Records of one format as records of another, line by line, without judging what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets import formats, json_rows, shapes

if TYPE_CHECKING:
    from bedrock_customization_runtime.catalog.rules import RecordFormat


def convert(line: bytes, record_format: RecordFormat) -> bytes:
    """Return a record in another format, with its line feed.

    What both formats can hold comes back unchanged when it is converted back. A system prompt goes
    in front of the prompt where a format has none, and several text blocks become one where a
    format has strings.

    Args:
        line: A record in any shape that is read without a template.
        record_format: What to write.

    Raises:
        RecordRejectedError: The line is no record, or the format cannot hold it.
    """
    _, record = shapes.record_of(json_rows.decode(line))
    return formats.training_line(formats.fitted(record, record_format), record_format)

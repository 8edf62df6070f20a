"""Records of one format as records of another, line by line, without judging what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.problems import Problem, RecordRejectedError
from bedrock_customization_runtime.datasets.reading.rows import UnreadableRow
from bedrock_customization_runtime.datasets.reading.sniffing import opened
from bedrock_customization_runtime.datasets.record_formats import formats, shapes
from bedrock_customization_runtime.datasets.record_formats.records import exchange
from bedrock_customization_runtime.datasets.source_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_customization_runtime.catalog.rules import RecordFormat
    from bedrock_customization_runtime.datasets.reading.rows import Row
    from bedrock_customization_runtime.datasets.record_formats.records import Record
    from bedrock_customization_runtime.datasets.record_formats.templates import Template


def convert_all(
    chunks: Iterable[bytes], record_format: RecordFormat, template: Template | None = None
) -> Iterator[bytes | tuple[int, list[Problem]]]:
    """Yield each record of a source in another format, or its line and why it cannot be that.

    What both formats can hold comes back unchanged when it is converted back. A system prompt goes
    in front of the prompt where a format has none, and several text blocks become one where a
    format has strings.

    Args:
        chunks: The source's bytes.
        record_format: What to write.
        template: What makes records of columns; None where the rows are records.

    Raises:
        DatasetRejected: The source as a whole cannot be read.
    """

    def ignore(*_: object) -> None:
        """Repairs are not what a conversion is asked for."""

    kind, text = opened(chunks, nulls=template is not None)
    for row in rows_of(kind, text, template, ignore):
        if isinstance(row, UnreadableRow):
            yield row.line, [Problem(row.rule, detail=row.detail)]
            continue
        try:
            record = formats.fitted(_record_of(row, template), record_format)
            yield formats.training_line(record, record_format)
        except RecordRejectedError as error:
            yield row.line, error.problems


def _record_of(row: Row, template: Template | None) -> Record:
    if template is None:
        return shapes.record_of(row.values)[1]
    filled = template.fill(row.values, lambda _: None)
    return exchange(filled.system, filled.prompt, filled.completion)

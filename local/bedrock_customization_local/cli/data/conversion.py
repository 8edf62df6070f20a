"""What `convert` does: files in, lines of another format out, the rest named."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from bedrock_customization_local.cli.data import files
from bedrock_customization_local.cli.data.options import STANDARD_STREAM
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_local.cli.permissions import give_usual
from bedrock_customization_runtime.datasets.conversion import convert_all
from bedrock_customization_runtime.datasets.record_formats.templates import Template
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_runtime.catalog import RecordFormat
    from bedrock_customization_runtime.contract import RecordTemplate
    from bedrock_customization_runtime.datasets.problems import Problem


class Teller:
    """Names records that could not be converted.

    Args:
        console: Where to.
        maximum: How many to name; the rest are counted.
    """

    def __init__(self, console: Console, maximum: int) -> None:
        self._console = console
        self._maximum = maximum
        self.count = 0

    def tell(self, file: str, line: int, problems: list[Problem]) -> None:
        """Name one."""
        self.count += 1
        if self.count <= self._maximum:
            first = problems[0]
            self._console.print(
                Text.assemble(
                    (f"{file}:{line}  ", "bold"), (first.rule.id, "red"), f"  {first.reason}"
                ),
                soft_wrap=True,
            )

    def finish(self, converted: int) -> None:
        """Say how many there were."""
        if self.count:
            told = f"{self.count:,} of {self.count + converted:,} records left out"
            self._console.print(Text.assemble(("✗ ", "bold red"), told))


def convert(
    found: Found,
    record_format: RecordFormat,
    template: RecordTemplate | None,
    *,
    write: Callable[[bytes], object],
    advance: Callable[[int], None],
    tell: Teller,
) -> int:
    """Convert files, one after the other.

    Args:
        found: What to read.
        record_format: What to write.
        template: How columns become records; None where the rows are records.
        write: Takes the lines.
        advance: Is told of the bytes read.
        tell: Is told of what could not be converted.

    Returns:
        How many records could not be.

    Raises:
        CommandError: A file cannot be read.
    """
    converted = 0
    try:
        made = Template(template) if template else None
        for file in found.files:
            for each in convert_all(files.chunks(file, advance), record_format, made):
                if isinstance(each, bytes):
                    write(each)
                    converted += 1
                else:
                    tell.tell(file.name, *each)
    except DatasetRejected as refusal:
        raise CommandError(f"{file.name}: {refusal}") from None
    except InvalidInput as error:
        raise usage_error(str(error)) from None
    tell.finish(converted)
    return tell.count


@contextmanager
def destination(path: Path, *, overwrite: bool) -> Iterator[Callable[[bytes], object]]:
    """Yield what writes bytes to a file, which is there whole at the end, or to standard output.

    Args:
        path: The file; `-` is standard output.
        overwrite: Whether the file may exist.

    Raises:
        CommandError: It exists, or cannot be written.
    """
    if path == STANDARD_STREAM:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    if path.exists() and not overwrite:
        raise usage_error(f"--out: {path} exists: choose another file, or replace it: --overwrite")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise usage_error(f"--out: {path} cannot be written: {error.strerror}") from None
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file.write
        give_usual(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)

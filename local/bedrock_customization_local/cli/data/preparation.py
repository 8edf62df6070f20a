"""What `prepare` does: the engine between files of this machine, in the Lambda function's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_local.cli.data import files
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_runtime.datasets.examination import examine, examine_all
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.report import Report, report
from bedrock_customization_runtime.datasets.splitting import Side
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput
from bedrock_customization_runtime.reports import data_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_local.cli.data.prepared_folder import PreparedFolder
    from bedrock_customization_runtime.datasets.examined import Examined
    from bedrock_customization_runtime.datasets.settings import Settings

REPORT = "report.json"
REPORT_PAGE = "report.html"


def prepare(
    found: Found, settings: Settings, folder: PreparedFolder, *, advance: Callable[[int], None]
) -> Report:
    """Prepare files as one data set.

    Args:
        found: What to read.
        settings: What to prepare by.
        folder: Where to write.
        advance: Is told of the bytes read.

    Returns:
        What `report.json` says; of a refused data set its refusal.

    Raises:
        CommandError: A file cannot be read, or is nothing that can be.
    """
    try:
        with _examined(found, settings, advance) as examined, folder.writing() as new:
            return _write(examined, new)
    except DatasetRejected as refusal:
        raise CommandError(str(refusal)) from None
    except InvalidInput as error:
        raise usage_error(str(error)) from None


def _examined(found: Found, settings: Settings, advance: Callable[[int], None]) -> Examined:
    if len(found.files) == 1:
        return examine(files.chunks(found.files[0], advance), settings)
    return examine_all(((file.name, files.chunks(file, advance)) for file in found.files), settings)


def _write(examined: Examined, folder: Path) -> Report:
    if examined.rejected:
        _write_lines(folder / "rejected.jsonl", examined.rejected_lines())
    try:
        prepared = divide(examined)
    except DatasetRejected as refusal:
        body = report(examined, None, str(refusal))
    else:
        body = report(examined, prepared)
        for side in Side:
            if prepared.count(side):
                _write_lines(folder / f"{side.name.lower()}.jsonl", prepared.lines(side))
    (folder / REPORT).write_bytes(body)
    document = msgspec.json.decode(body, type=Report)
    page = data_page.render(document, data_page.examples(examined))
    (folder / REPORT_PAGE).write_text(page, encoding="utf-8")
    return document


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(lines)

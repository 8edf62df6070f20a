"""`bedrock-customization prepare`: the pipeline's data preparation, on this machine's files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.data.options import (
    BaseModelOption,
    BucketOption,
    Columns,
    LogOptions,
    MethodOption,
    PathsArgument,
    SplitOptions,
    choice_of,
)
from bedrock_customization_local.cli.defaults import MAXIMUM_REJECTED
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


class PrivacyChoice(StrEnum):
    """What becomes of records with personal data or secrets."""

    OFF = "off"
    FLAG = "flag"
    MASK = "mask"
    REJECT = "reject"


@with_option_groups
def prepare(
    *,
    paths: PathsArgument,
    base_model: BaseModelOption,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Where the files go: a new folder.", show_default=False
        ),
    ],
    method: MethodOption = None,
    columns: Columns,
    split: SplitOptions,
    privacy: Annotated[
        PrivacyChoice, typer.Option(help="What becomes of personal data and secrets.")
    ] = PrivacyChoice.FLAG,
    near_copies: Annotated[
        bool,
        typer.Option(
            "--near-copies/--no-near-copies",
            help="Whether questions of mostly the same words stay on one side, too.",
        ),
    ] = True,
    max_rejected: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share of rejected records above which nothing is written."
        ),
    ] = MAXIMUM_REJECTED,
    bucket: BucketOption = None,
    logs: LogOptions,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier call wrote there.")
    ] = False,
    format: FormatOption = OutputFormat.TEXT,
    open_report: Annotated[
        bool, typer.Option("--open", help="Open the report in a browser.")
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Make training, validation and blind set of raw data, as the pipeline does: the same bytes.

    Writes train.jsonl, validation.jsonl, test.jsonl, rejected.jsonl, report.json and report.html,
    all of them or none. A refused data set leaves reports and rejected records.

    Exit codes: 0 prepared, 1 refused, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the engine takes a while to import.
        from bedrock_customization_local.cli.data import (
            engine_settings,
            files,
            preparation,
            preparation_text,
        )
        from bedrock_customization_local.cli.data.byte_progress import byte_progress
        from bedrock_customization_local.cli.data.prepared_folder import PreparedFolder
        from bedrock_customization_runtime.datasets.checking.privacy import Privacy

        choice = choice_of(base_model, method)
        found = files.find(paths)
        settings = engine_settings.settings_of(
            choice,
            columns.template(found.files[0].path, split),
            split=split.shares,
            max_rejected=max_rejected,
            near_copies=near_copies,
            privacy=Privacy(privacy.value),
            bucket=bucket,
            logs=logs,
        )
        folder = PreparedFolder(out, overwrite=overwrite)
        with byte_progress(
            error_console(), "Reading", found.size, shown=format is OutputFormat.TEXT
        ) as advance:
            report = preparation.prepare(found, settings, folder, advance=advance)
        if format is OutputFormat.JSON:
            typer.echo((folder.path / preparation.REPORT).read_text(encoding="utf-8").rstrip())
        else:
            preparation_text.print_preparation(console, report, found, folder.path)
        if open_report:
            typer.launch((folder.path / preparation.REPORT_PAGE).absolute().as_uri())
        if report.refusal is not None:
            raise typer.Exit(ExitCode.FAILURE)

"""`bedrock-customization prepare`: the pipeline's data preparation, on this machine's files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from bedrock_customization_local.cli.data.options import (
    BaseModelOption,
    BucketOption,
    Columns,
    CompletionOption,
    FiltersOption,
    InputsOption,
    LogOptions,
    MethodOption,
    PathsArgument,
    PromptOption,
    SystemOption,
    TargetOption,
    TeacherOption,
    UsePromptResponseOption,
    choice_of,
)
from bedrock_customization_local.cli.defaults import (
    MAXIMUM_REJECTED,
    SEED,
    TEST_SHARE,
    VALIDATION_SHARE,
)
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


class PrivacyChoice(StrEnum):
    """What becomes of records with personal data or secrets."""

    OFF = "off"
    FLAG = "flag"
    MASK = "mask"
    REJECT = "reject"


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
    prompt: PromptOption = None,
    completion: CompletionOption = None,
    system: SystemOption = None,
    target: TargetOption = None,
    inputs: InputsOption = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column whose equal values stay on one side of the split."
        ),
    ] = None,
    stratify_by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column whose values are spread over the sides alike."),
    ] = None,
    slice_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Column by which results are told apart; may be repeated."
        ),
    ] = None,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the validation set.")
    ] = VALIDATION_SHARE,
    test: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the blind set.")
    ] = TEST_SHARE,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Another one gives another split.")
    ] = SEED,
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
    maximum_rejected: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share of rejected records above which nothing is written."
        ),
    ] = MAXIMUM_REJECTED,
    bucket: BucketOption = None,
    teacher: TeacherOption = None,
    use_prompt_response: UsePromptResponseOption = False,
    request_metadata_filters: FiltersOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what an earlier call wrote there.")
    ] = False,
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
        from bedrock_customization_local.cli.data import (  # noqa: PLC0415
            engine_settings,
            files,
            preparation,
            preparation_text,
        )
        from bedrock_customization_local.cli.data.byte_progress import byte_progress  # noqa: PLC0415
        from bedrock_customization_local.cli.data.prepared_folder import PreparedFolder  # noqa: PLC0415
        from bedrock_customization_runtime.datasets.checking.privacy import Privacy  # noqa: PLC0415

        choice = choice_of(base_model, method)
        found = files.find(paths)
        columns = Columns(
            prompt=prompt,
            completion=completion,
            system=system,
            target=target,
            inputs=inputs or (),
            group_by=group_by,
            stratify_by=stratify_by,
            slice_by=slice_by or (),
        )
        settings = engine_settings.settings_of(
            choice,
            columns.template(found.files[0].path),
            split={"validation": validation, "test": test, "seed": seed},
            maximum_rejected=maximum_rejected,
            near_copies=near_copies,
            privacy=Privacy(privacy.value),
            bucket=bucket,
            logs=LogOptions(
                teacher=teacher,
                use_prompt_response=use_prompt_response,
                filters=request_metadata_filters,
            ),
        )
        folder = PreparedFolder(out, overwrite=overwrite)
        with byte_progress(error_console(), "Reading", found.size, shown=True) as advance:
            report = preparation.prepare(found, settings, folder, advance=advance)
        preparation_text.print_preparation(console, report, found, folder.path)
        if open_report:
            typer.launch((folder.path / preparation.REPORT_PAGE).absolute().as_uri())
        if report.refusal is not None:
            raise typer.Exit(ExitCode.FAILURE)

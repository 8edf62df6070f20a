"""`bedrock-customization start`: begin a run of a deployed pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command, error_console

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.data.files import Found
    from bedrock_customization_local.cli.deployed.settings import PipelineSettings


@with_option_groups
def start(
    *,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file or folder on this machine, which is uploaded; or what lies in the data "
            "bucket, s3://BUCKET/incoming/…. Of a pipeline that copies: the model's ARN.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Of the run. Without it: of the data and the time."),
    ] = None,
    hyperparameters: Annotated[
        list[str] | None,
        typer.Option(
            "--hyperparameter",
            metavar="NAME=VALUE",
            help="Of this run, over the pipeline's; may be repeated.",
        ),
    ] = None,
    no_validate: Annotated[
        bool, typer.Option("--no-validate", help="Upload files unread: the run checks them anyway.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow the run to its end, as `watch` does.")
    ] = False,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Start a run: check a file by the pipeline's own settings, upload it, and begin.

    Data that the run would refuse are not uploaded.

    Exit codes: 0 begun (with --watch: came to a decision), 1 refused or failed, 2 the command makes
    no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 and the engine take a while to import.
        from bedrock_customization_local.cli.commands.watch import follow
        from bedrock_customization_local.cli.data import files
        from bedrock_customization_local.cli.deployed import settings
        from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors
        from bedrock_customization_local.cli.starting import execution

        session = target.session()
        with aws_errors():
            pipeline = DeployedPipeline.find(session, target.stack)
            known = settings.of_pipeline(session, pipeline)
        execution.check_kind(known, data)
        chosen = execution.hyperparameters_of(known, hyperparameters or ())
        run = execution.run_name(data, name)
        is_text = format is OutputFormat.TEXT
        source = data
        if execution.is_on_this_machine(data):
            found = files.find([Path(data)])
            if not no_validate:
                _check(console, found, known, is_text=is_text)
            with aws_errors():
                source = execution.upload(session, pipeline, run, found)
        with aws_errors():
            started = execution.start(
                session, pipeline, known, name=run, source=source, hyperparameters=chosen
            )
        if is_text:
            console.print(f"{run} has begun, with {source}", markup=False, soft_wrap=True)
        elif not watch:
            print_json(
                {"run": run, "execution_arn": started.execution_arn, "source": started.source}
            )
        if watch:
            follow(console, started.execution_arn, target, format)
        elif is_text:
            console.print(
                f"Follow it: bedrock-customization watch {run}{target.words}",
                markup=False,
                soft_wrap=True,
            )


def _check(console: Console, found: Found, known: PipelineSettings, *, is_text: bool) -> None:
    from bedrock_customization_local.cli.data import validation_text
    from bedrock_customization_local.cli.data.byte_progress import byte_progress
    from bedrock_customization_local.cli.starting import checking

    with byte_progress(error_console(), "Validating", found.size, shown=is_text) as advance:
        checked = checking.check(found, known, advance=advance)
    if checked is None:
        return
    refusal = checking.refusal_of(checked, known)
    if refusal:
        if is_text:
            validation_text.print_findings(console, checked)
        raise CommandError(
            refusal,
            advice=(
                f"bedrock-customization validate {found.files[0].name} shows each record",
                "--no-validate starts nevertheless",
            ),
        )
    if is_text:
        told = f", {checked.rejected:,} of them will be left out" if checked.rejected else ""
        console.print(f"{checked.read:,} records{told}")

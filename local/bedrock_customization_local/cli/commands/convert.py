"""`bedrock-customization convert`: records of one format as records of another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bedrock_customization_local.cli.data.options import (
    STANDARD_STREAM,
    Columns,
    MaximumShownOption,
    MethodOption,
    PathsArgument,
    choice_of,
    complete_base_model,
)
from bedrock_customization_local.cli.messages import ExitCode, usage_error
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.running import VerboseOption, command, error_console


class FormatChoice(StrEnum):
    """The record formats, as a command line spells them."""

    CONVERSE = "converse"
    PROMPT_COMPLETION = "prompt-completion"
    CLAUDE_MESSAGES = "claude-messages"
    OPENAI_MESSAGES_WITH_REFERENCE = "openai-messages-with-reference"
    DISTILLATION_PROMPTS = "distillation-prompts"
    CONTINUED_PRETRAINING = "continued-pretraining"
    IMAGE_CAPTION = "image-caption"


@with_option_groups
def convert(
    *,
    paths: PathsArgument,
    to: Annotated[FormatChoice | None, typer.Option(help="Format to write.")] = None,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Base model whose format to write, in place of --to.",
            autocompletion=complete_base_model,
        ),
    ] = None,
    method: MethodOption = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write; - is standard output.")
    ] = STANDARD_STREAM,
    columns: Columns,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file if there is one.")
    ] = False,
    max_shown: MaximumShownOption = 20,
    verbose: VerboseOption = False,
) -> None:
    """Convert records between formats, as a stream, without judging what they say.

    What the format cannot hold is left out and named on standard error.

    Exit codes: 0 all converted, 1 something could not be, 2 the command makes no sense.
    """
    with command(verbose=verbose):
        # Not for --help: the engine takes a while to import.
        from bedrock_customization_local.cli.data import conversion, files
        from bedrock_customization_local.cli.data.byte_progress import byte_progress
        from bedrock_customization_runtime.catalog import RecordFormat

        if (to is None) == (base_model is None):
            raise usage_error("give either --to FORMAT or --base-model ID")
        record_format = (
            choice_of(base_model, method).rules.record_format
            if base_model
            else RecordFormat[to.name if to else ""]
        )
        found = files.find(paths)
        errors = error_console()
        template = columns.template(found.files[0].path)
        with (
            conversion.destination(out, overwrite=overwrite) as write,
            byte_progress(
                errors, "Converting", found.size, shown=out != STANDARD_STREAM
            ) as advance,
        ):
            unconverted = conversion.convert(
                found,
                record_format,
                template,
                write=write,
                advance=advance,
                tell=conversion.Teller(errors, max_shown),
            )
        if unconverted:
            raise typer.Exit(ExitCode.FAILURE)

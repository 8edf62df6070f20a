"""`bedrock-customization verify`: whether a run's lineage is what its phases wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.messages import ExitCode
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.lineage.verification import Verification


@with_option_groups
def verify(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="Name of a deployed pipeline's run, or ARN of its execution.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A copy of the run's folder on this machine; asks no AWS. RUN may name whose.",
            show_default=False,
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Public key that must have signed, PEM or DER. Without it: the stack's.",
            show_default=False,
        ),
    ] = None,
    format: FormatOption = OutputFormat.TEXT,
    target: Target,
    verbose: VerboseOption = False,
) -> None:
    """Check a run's manifest: every version, every signature, every file it names.

    Exit codes: 0 all of it holds, 1 something does not or cannot be read, 2 the command makes no
    sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.lineage import public_keys, verification
        from bedrock_customization_local.cli.messages import usage_error

        key = public_keys.of_file(public_key) if public_key else None
        match run, folder:
            case (_, Path()):
                found = verification.of_folder(folder, key=key, run=run)
            case (str(), None):
                found = verification.of_run(run, target, key=key)
            case _:
                raise usage_error("name a run, or --folder")
        if format is OutputFormat.JSON:
            print_json(found.document())
        else:
            _print(console, found)
        if not found.holds:
            raise typer.Exit(ExitCode.FAILURE)


def _print(console: Console, found: Verification) -> None:
    from bedrock_customization_local.cli.lineage import verification_text

    for line in verification_text.lines(found):
        console.print(line, markup=False, soft_wrap=True)

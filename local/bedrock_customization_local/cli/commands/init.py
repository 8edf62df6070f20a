"""`bedrock-customization init`: begin an app for a use case."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.data.options import complete_base_model
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command
from bedrock_customization_local.cli.scaffolding.use_cases import DESCRIPTIONS, UseCase

if TYPE_CHECKING:
    from rich.console import Console


def init(
    *,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="[FOLDER]",
            help="Where to write; it is made if it is not there. Without it: this folder.",
            show_default=False,
        ),
    ] = Path(),
    use_case: Annotated[
        UseCase | None,
        typer.Option(help="What the model is for. Without it you are asked, on a terminal."),
    ] = None,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Base model. Without it: one that suits the use case.",
            autocompletion=complete_base_model,
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the stack. Without it: the folder's name."),
    ] = None,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Write an app for a use case: stack, test, README, what to install. It synthesizes at once.

    Nothing is overwritten, and nothing is installed or deployed.

    Exit codes: 0 written, 1 the folder cannot be written, 2 the command makes no sense, or a file
    is there already.
    """
    with command(verbose=verbose) as console:
        # Not for --help: the catalogue takes a moment to import.
        from bedrock_customization_local.cli.scaffolding import app

        chosen = use_case or _asked(console)
        made = app.write(
            app.NewApp(
                use_case=chosen,
                stack=stack or app.stack_name(folder),
                base_model=base_model,
            ),
            folder,
        )
        if format is OutputFormat.JSON:
            print_json({"use_case": chosen.value, "files": [path.as_posix() for path in made]})
            return
        for path in made:
            console.print(f"wrote {path.as_posix()}", markup=False, soft_wrap=True)
        console.print(
            f"Next: {(folder / 'README.md').as_posix()} says how to try it and how to deploy it",
            markup=False,
            soft_wrap=True,
        )


def _asked(console: Console) -> UseCase:
    """Ask for a use case.

    Raises:
        CommandError: Nobody is there to ask.
    """
    if not sys.stdin.isatty():
        raise usage_error(
            "--use-case is missing", f"name one of {', '.join(one.value for one in UseCase)}"
        )
    for number, one in enumerate(UseCase, 1):
        purpose = DESCRIPTIONS[one].purpose.replace("\n", " ")
        console.print(f"{number}  {one.value}: {purpose}", markup=False)
    cases = list(UseCase)
    while True:
        chosen: int = typer.prompt("Which", type=int)
        if 1 <= chosen <= len(cases):
            return cases[chosen - 1]
        console.print(f"a number from 1 to {len(cases)}")

"""`bedrock-customization watch`: how a run of a deployed pipeline is getting on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.messages import ExitCode, run_error
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat
from bedrock_customization_local.cli.running import VerboseOption, command
from bedrock_customization_local.cli.signals import Interrupted

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.deployed.watching import WatchedRun


@with_option_groups
def watch(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="Name of a run, or ARN of its execution. Without it: the one under way, or else "
            "the last.",
            show_default=False,
        ),
    ] = None,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Follow a run to its end: phases, what happens just now, what it has cost so far.

    Ctrl-C ends the watching alone; the run goes on. JSON is a line for each step that is done, and
    one for the run.

    Exit codes: 0 the run came to a decision, 1 it failed or cannot be seen, 2 the command makes no
    sense.
    """
    with command(verbose=verbose) as console:
        follow(console, run, target, format)


def follow(console: Console, run: str | None, target: Target, format: OutputFormat) -> None:
    """Follow a run, and end the command as the run has ended.

    Raises:
        CommandError: It has failed.
    """
    # Not for --help: boto3 takes a while to import.
    from bedrock_customization_local.cli.deployed import watching

    watched = watching.WatchedRun(target, run)
    try:
        if format is OutputFormat.JSON:
            lines = watching.StepLines(typer.echo)
            progress = watched.follow(lines, told=lambda _: None)
            typer.echo(json.dumps(watching.document(watched, progress), ensure_ascii=False))
            if progress.failure:
                raise typer.Exit(ExitCode.FAILURE)
            return
        _draw(console, watched)
    except Interrupted as interruption:
        console.print(
            f"No longer watched; {watched.name} goes on: bedrock-customization watch "
            f"{watched.name}",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(interruption.exit_code) from None


def _draw(console: Console, watched: WatchedRun) -> None:
    from rich.text import Text

    from bedrock_customization_local.cli.demonstration import results
    from bedrock_customization_local.cli.deployed import watching
    from bedrock_customization_local.cli.deployed.spending import spent
    from bedrock_customization_local.cli.following.display import Timeline
    from bedrock_customization_runtime.reports import wording

    console.print(f"{watched.name} of the stack {watched.pipeline.stack}", markup=False)
    with Timeline(console) as timeline:
        progress = watched.follow(timeline, told=watching.noting(timeline))
    manifest = watched.manifest()
    if manifest and not progress.failure:
        results.print_outcome(console, manifest, watched.alias_value())
    if manifest and manifest.run.embedded:
        console.print()
        console.print(Text(wording.EMBEDDED_NOTICE, style="yellow"))
    cost = spent(manifest) if manifest else None
    if cost:
        console.print()
        console.print(f"Cost, by the run's estimate: {cost.words}", markup=False)
    if progress.failure:
        raise run_error(progress.failure, None)
    console.print(
        f"Report: bedrock-customization report {watched.name} --out FOLDER",
        markup=False,
        soft_wrap=True,
    )

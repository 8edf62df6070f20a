"""`bedrock-customization demo`: the whole lifecycle on this machine, with the user's own app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli import source
from bedrock_customization_local.cli.display import Timeline
from bedrock_customization_local.cli.messages import CommandError, usage_error
from bedrock_customization_local.cli.running import REGION, VerboseOption, command
from bedrock_customization_local.cli.synth import CdkApp, Synthesis, find_app
from bedrock_customization_local.cli.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

_DATA = Path(__file__).parents[1] / "demo_data" / "banking77_excerpt.csv"
_TEMPLATE = source.Template(
    prompt="{text}",
    completion="{category}",
    system="You sort customers' questions to a bank. Answer with the intent only.",
)
_ATTRIBUTION = "an excerpt of BANKING77 by PolyAI, CC-BY-4.0"
_BASE_MODEL = "amazon.nova-micro-v1:0:128k"
_CONTEXT = "bedrock_customization:"


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Your own .csv or .jsonl file. Without it: bank questions."
        ),
    ] = None,
    base_model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help=f"Base model to customize. Without it: your app's, or {_BASE_MODEL}."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that holds the answers.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="COLUMN",
            help="Column of the question; may be repeated. Without it: all others.",
        ),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column whose equal values stay on one side of the split."
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="System prompt of every record.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the local AWS up to explore, until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the local AWS; 0 is any free one.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the report and the manifest. "
            "Without it: customization-reports/<run>/ here.",
        ),
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Prepare data, customize a model, prove it better, promote it: all on this machine.

    Synthesizes your CDK app (or the ready-made one, where there is no cdk.json), deploys it to an
    AWS that runs inside this command, and runs the pipeline to its end. Nothing leaves this
    machine, no account is needed and nothing is billed.
    """
    with command(verbose=verbose) as console:
        app = find_app(Path.cwd())
        data_file, template = _choose_data(
            app, data, target=target, inputs=inputs or [], group_by=group_by, system=system
        )
        context = _context(app, base_model, template)
        reports = output or Path("customization-reports")
        _check_writable(reports)
        _print_head(console, app, data_file, str(context[_CONTEXT + "baseModel"]))
        with (
            workspace() as folder,
            Timeline(console) as timeline,
            Synthesis(app, context, assembly=folder / "cdk.out", region=REGION) as synthesis,
        ):
            # Only now, while the app synthesizes: it takes seconds.
            from bedrock_customization_local.cli import lifecycle  # noqa: PLC0415

            lifecycle.run()


def _choose_data(
    app: CdkApp,
    data: Path | None,
    *,
    target: str | None,
    inputs: list[str],
    group_by: str | None,
    system: str | None,
) -> tuple[Path, source.Template | None]:
    """Return the file and how its rows become records (None: they already are)."""

"""The command line `bedrock-customization`.

Nothing heavy is imported here: `--help` answers at once, and a command imports the embedded AWS
only when it starts it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from bedrock_customization_local.cli.commands.advise import advise
from bedrock_customization_local.cli.commands.approve import approve, reject
from bedrock_customization_local.cli.commands.check import check
from bedrock_customization_local.cli.commands.cleanup import cleanup
from bedrock_customization_local.cli.commands.convert import convert
from bedrock_customization_local.cli.commands.demo import demo
from bedrock_customization_local.cli.commands.doctor import doctor
from bedrock_customization_local.cli.commands.estimate import estimate
from bedrock_customization_local.cli.commands.init import init
from bedrock_customization_local.cli.commands.inspect_model import inspect_model
from bedrock_customization_local.cli.commands.local import local
from bedrock_customization_local.cli.commands.plan import plan
from bedrock_customization_local.cli.commands.prepare import prepare
from bedrock_customization_local.cli.commands.report import report
from bedrock_customization_local.cli.commands.rollback import rollback
from bedrock_customization_local.cli.commands.rules import rules
from bedrock_customization_local.cli.commands.runs import runs
from bedrock_customization_local.cli.commands.start import start
from bedrock_customization_local.cli.commands.status import status
from bedrock_customization_local.cli.commands.validate import validate
from bedrock_customization_local.cli.commands.verify import verify
from bedrock_customization_local.cli.commands.watch import watch
from bedrock_customization_local.cli.help_examples import epilog

app = typer.Typer(
    name="bedrock-customization",
    help="Customize foundation models on Amazon Bedrock, and try it all on this machine first.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    # A bug shows Python's own traceback: shorter, and what people expect in an issue.
    pretty_exceptions_enable=False,
)
_COMMANDS = {
    "Begin, and try it on this machine": (init, doctor, demo),
    "Data and models": (validate, prepare, estimate, advise, convert, rules, inspect_model),
    "Deploy": (plan, check),
    "A deployed pipeline": (
        *(start, watch, runs, report, verify),
        *(approve, reject, rollback, status, cleanup),
    ),
}
for _panel, _functions in _COMMANDS.items():
    for _function in _functions:
        _name = _function.__name__.replace("_", "-")
        app.command(_name, rich_help_panel=_panel, epilog=epilog(_name))(_function)
app.add_typer(local, name="local", rich_help_panel=next(iter(_COMMANDS)))


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature of a callback
    if wanted:
        typer.echo(version("cdk-bedrock-customization"))
        raise typer.Exit


@app.callback()
def _main(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal without a check mark shows a question mark instead of failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")

"""`bedrock-customization approve` and `reject`: decide for a run that waits, as yourself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What is decided on, and why."""

    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Name of the run, or ARN of its execution.")
    ]
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why, for the record; up to 1,000 signs."),
    ]


@with_option_groups
def approve(
    *,
    candidate: Candidate,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Approve a candidate that passed the gate: it goes live.

    AWS checks who you are, and the run's record names you.

    Exit codes: 0 decided, 1 refused, 2 the command makes no sense.
    """
    _decide("approve", candidate, target, format, verbose=verbose)


@with_option_groups
def reject(
    *,
    candidate: Candidate,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """Reject a candidate that passed the gate: it is taken away.

    AWS checks who you are, and the run's record names you.

    Exit codes: 0 decided, 1 refused, 2 the command makes no sense.
    """
    _decide("reject", candidate, target, format, verbose=verbose)


def _decide(
    decision: Literal["approve", "reject"],
    candidate: Candidate,
    target: Target,
    format: OutputFormat,
    *,
    verbose: bool,
) -> None:
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from bedrock_customization_local.cli.deployed import decisions

        answer = decisions.decide(
            decision,
            candidate.run,
            candidate.reason,
            target,
        )
        if format is OutputFormat.JSON:
            print_json({"run": candidate.run, **answer})
            return
        console.print(
            f"{candidate.run} is {answer['outcome']}, by {answer['approver']}", markup=False
        )

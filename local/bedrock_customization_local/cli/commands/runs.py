"""`bedrock-customization runs`: what became of a deployed pipeline's runs, and what they cost."""

from __future__ import annotations

from typing import Annotated

import typer

from bedrock_customization_local.cli.aws_options import Target
from bedrock_customization_local.cli.option_groups import with_option_groups
from bedrock_customization_local.cli.output_format import FormatOption, OutputFormat, print_json
from bedrock_customization_local.cli.running import VerboseOption, command


@with_option_groups
def runs(
    *,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="At most so many, the newest first.")
    ] = 20,
    target: Target,
    format: FormatOption = OutputFormat.TEXT,
    verbose: VerboseOption = False,
) -> None:
    """List a pipeline's runs: when, how long, what was decided, what they have cost.

    Step Functions knows a run for 90 days after its end; older ones stand in the artifacts bucket.

    Exit codes: 0 listed, 1 AWS refused, 2 the command makes no sense.
    """
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        from msgspec import to_builtins

        from bedrock_customization_local.cli.deployed import runs as deployed_runs

        found = deployed_runs.list_runs(target, limit=limit)
        if format is OutputFormat.JSON:
            print_json([to_builtins(one) for one in found])
        else:
            deployed_runs.print_runs(console, found)

"""`bedrock-customization rollback`: point the alias at what an earlier run promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bedrock_customization_local.cli.running import (
    RegionOption,
    StackOption,
    VerboseOption,
    command,
)

if TYPE_CHECKING:
    from boto3 import Session
    from rich.console import Console

    from bedrock_customization_runtime.promotion.alias import Promotion, PromotionRecord


def rollback(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="RUN", help="The run to go back to. Without it: undo the last move."
        ),
    ] = None,
    list_moves: Annotated[
        bool, typer.Option("--list", help="List what the alias has named, and change nothing.")
    ] = False,
    stack: StackOption = None,
    region: RegionOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Point the alias at the model of an earlier run, if it still answers."""
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        import boto3

        from bedrock_customization_local.cli.deployed import (
            DeployedPipeline,
            aws_errors,
        )
        from bedrock_customization_runtime.promotion import alias

        session = boto3.Session(region_name=region)
        with aws_errors():
            pipeline = DeployedPipeline.find(session, stack)
            s3 = session.client("s3")
            record = alias.record_uri(pipeline.artifacts_bucket, pipeline.alias_parameter)
            if list_moves:
                _print_history(console, alias.read(s3, record))
                return
            move = alias.roll_back(
                s3,
                session.client("ssm"),
                record=record,
                alias_parameter=pipeline.alias_parameter,
                to=to,
                by=session.client("sts").get_caller_identity()["Arn"],
                check=lambda target: _check_answers(session, target),
            )
            alias.note_rollback(s3, record, move)
        console.print(
            f"{pipeline.alias_parameter} names {move.arn} of run {move.run}", markup=False
        )


def _check_answers(session: Session, target: Promotion) -> None:
    """Ask the model a word, as a consumer would.

    Raises:
        CommandError: It is gone, or does not answer.
    """
    from botocore.exceptions import ClientError

    from bedrock_customization_local.cli.messages import CommandError

    try:
        session.client("bedrock-runtime").converse(
            modelId=target.arn,
            messages=[{"role": "user", "content": [{"text": "Hello"}]}],
            inferenceConfig={"maxTokens": 1},
        )
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        raise CommandError(
            f"{target.arn} of run {target.run} does not answer ({code}), so nothing was changed: "
            f"{error.response['Error'].get('Message', '')}",
            advice=(
                f"its model is {target.model_arn}: run the pipeline again with the same data",
                "or go back to a run whose deployment still stands, of those that --list shows",
            ),
        ) from error


def _print_history(console: Console, record: PromotionRecord) -> None:
    from rich.table import Table

    from bedrock_customization_runtime.reports import wording

    table = Table("When", "Move", "Run", "What consumers invoke", "By")
    for move in record.history:
        table.add_row(
            wording.moment(move.moved), move.kind, move.run, move.arn, move.by or "the gate"
        )
    console.print(table)

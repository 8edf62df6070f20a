"""Pointing an alias back at what an earlier run promoted, if that still answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_runtime.manifest.signature import Signer
from bedrock_customization_runtime.promotion import alias

if TYPE_CHECKING:
    from boto3 import Session

    from bedrock_customization_local.cli.aws_options import Target
    from bedrock_customization_runtime.promotion.alias import Promotion, PromotionRecord

# An imported model that nobody asked for five minutes is loaded anew; ten attempts outlast that.
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 10})


def moves(target: Target) -> PromotionRecord:
    """Return what an alias has named.

    Args:
        target: Whose pipeline.

    Raises:
        CommandError: There is no such pipeline, or its record cannot be read.
    """
    session = target.session()
    with aws_errors():
        return alias.read(
            session.client("s3"), _record(DeployedPipeline.find(session, target.stack))
        )


def roll_back(to: str | None, target: Target) -> tuple[str, Promotion]:
    """Point an alias at the model of an earlier run.

    Args:
        to: The run; None undoes the last move.
        target: Whose pipeline.

    Returns:
        The alias's parameter, and the move.

    Raises:
        CommandError: There is no such pipeline or run, or its model does not answer.
    """
    session = target.session()
    with aws_errors():
        pipeline = DeployedPipeline.find(session, target.stack)
        s3, record = session.client("s3"), _record(pipeline)
        move = alias.roll_back(
            s3,
            session.client("ssm"),
            record=record,
            alias_parameter=pipeline.alias_parameter,
            to=to,
            by=session.client("sts").get_caller_identity()["Arn"],
            check=partial(_check_answers, session),
        )
        key = pipeline.signing_key
        signer = Signer(session.client("kms"), key) if key else None
        alias.note_rollback(s3, record, move, signer)
    return pipeline.alias_parameter, move


def _record(pipeline: DeployedPipeline) -> str:
    return alias.record_uri(pipeline.artifacts_bucket, pipeline.alias_parameter)


def _check_answers(session: Session, target: Promotion) -> None:
    """Ask the model a word, as a consumer would.

    Raises:
        CommandError: It is gone, or does not answer.
    """
    try:
        session.client("bedrock-runtime", config=_PATIENT).converse(
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

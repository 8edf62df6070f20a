"""`bedrock-customization approve` and `reject`: decide for a run that waits, as yourself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bedrock_customization_local.cli.running import (
    RegionOption,
    StackOption,
    VerboseOption,
    command,
)

if TYPE_CHECKING:
    from boto3 import Session

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="Name of the run, or ARN of its execution.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for the record; up to 1,000 signs.")
]
_TIMEOUT_SECONDS = 60


def approve(
    *,
    run: RunArgument,
    reason: ReasonOption,
    stack: StackOption = None,
    region: RegionOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Approve a candidate that passed the gate: it goes live.

    AWS checks who you are, and the run's record names you.
    """
    _decide("approve", run, reason, stack=stack, region=region, verbose=verbose)


def reject(
    *,
    run: RunArgument,
    reason: ReasonOption,
    stack: StackOption = None,
    region: RegionOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Reject a candidate that passed the gate: it is taken away.

    AWS checks who you are, and the run's record names you.
    """
    _decide("reject", run, reason, stack=stack, region=region, verbose=verbose)


def _decide(
    decision: Literal["approve", "reject"],
    run: str,
    reason: str,
    *,
    stack: str | None,
    region: str | None,
    verbose: bool,
) -> None:
    with command(verbose=verbose) as console:
        # Not for --help: boto3 takes a while to import.
        import boto3

        from bedrock_customization_local.cli.deployed import (
            DeployedPipeline,
            aws_errors,
            run_of,
        )
        from bedrock_customization_local.cli.messages import usage_error

        session = boto3.Session(region_name=region)
        key, execution_arn = run_of(run)
        with aws_errors():
            pipeline = DeployedPipeline.find(session, stack, execution_arn)
            if pipeline.approval_url is None:
                raise usage_error(
                    f"the stack {pipeline.stack} has no output ApprovalUrl",
                    "give the pipeline `approval=Approval()`, and the stack the output "
                    "`pipeline.approval.address`",
                )
            body = {"run": key, "decision": decision, "reason": reason}
            answer = _post(session, pipeline.approval_url, body)
        console.print(f"{run} is {answer['outcome']}, by {answer['approver']}", markup=False)


def _post(session: Session, url: str, body: dict[str, str]) -> dict[str, str]:
    """Send a signed request and return what the function says.

    Raises:
        CommandError: It refuses.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import NoCredentialsError
    from botocore.httpsession import URLLib3Session

    from bedrock_customization_local.cli.messages import CommandError

    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    request = AWSRequest(
        method="POST",
        url=url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    SigV4Auth(credentials.get_frozen_credentials(), "lambda", session.region_name).add_auth(request)
    response = URLLib3Session(timeout=_TIMEOUT_SECONDS).send(request.prepare())
    answer = json.loads(response.content or b"{}")
    if response.status_code != 200:  # noqa: PLR2004 - OK
        told = answer.get("message") or answer.get("Message") or "no reason given"
        raise CommandError(
            f"nothing was decided: {told}",
            advice=("who decides needs `pipeline.approval.grant_decide`",)
            if response.status_code == 403  # noqa: PLR2004 - Forbidden
            else (),
        )
    return {str(name): str(value) for name, value in answer.items()}

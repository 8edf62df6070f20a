"""Decisions on a run that waits, sent to its pipeline as the caller: AWS checks who that is."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors, run_of
from bedrock_customization_local.cli.messages import CommandError, usage_error

if TYPE_CHECKING:
    from boto3 import Session

    from bedrock_customization_local.cli.aws_options import Target

_TIMEOUT_SECONDS = 60


def decide(decision: str, run: str, reason: str, target: Target) -> dict[str, str]:
    """Approve or reject a candidate.

    Args:
        decision: `approve` or `reject`.
        run: Its run's name, or the ARN of its execution.
        reason: For the record.
        target: Whose pipeline.

    Returns:
        What was decided, and by whom: `outcome` and `approver`.

    Raises:
        CommandError: There is no such pipeline, nobody is asked there, or it refuses.
    """
    session = target.session()
    key, execution_arn = run_of(run)
    with aws_errors():
        pipeline = DeployedPipeline.find(session, target.stack, execution_arn)
        if pipeline.approval_url is None:
            raise usage_error(
                f"the stack {pipeline.stack} has no output ApprovalUrl",
                "give the pipeline `approval=Approval()`, and call its `define_outputs()`",
            )
        body = {"run": key, "decision": decision, "reason": reason}
        return _post(session, pipeline.approval_url, body)


def _post(session: Session, url: str, body: dict[str, str]) -> dict[str, str]:
    """Send a signed request and return what the function says.

    Raises:
        CommandError: It refuses.
    """
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
    if response.status_code != HTTPStatus.OK:
        told = answer.get("message") or answer.get("Message") or "no reason given"
        raise CommandError(
            f"nothing was decided: {told}",
            advice=("who decides needs `pipeline.approval.grant_decide`",)
            if response.status_code == HTTPStatus.FORBIDDEN
            else (),
        )
    return {str(name): str(value) for name, value in answer.items()}

"""Do people agree that the candidate goes live?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam, aws_lambda as lambda_

from bedrock_customization._access import Right, give, publishing
from bedrock_customization._acknowledged import acknowledge
from bedrock_customization._asl import States
from bedrock_customization._executions import REDRIVES
from bedrock_customization._function import HandlerFunction
from bedrock_customization._phase import Phase
from bedrock_customization._retries import Retry
from bedrock_customization.approval import Approval
from bedrock_customization.storage import APPROVALS, RUNS
from bedrock_customization_runtime.contract import ErrorName, Handler

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns, aws_stepfunctions as sfn
    from constructs import Construct

    from bedrock_customization.storage import CustomizationStorage

_WAKING = Right(
    actions=["states:SendTaskSuccess"],
    resources=["*"],
    wildcard_because="the task's token says which execution is woken; it is the only name that "
    "the call knows",
)
_LOOKING_UP = Right(
    actions=["cloudtrail:LookupEvents"],
    resources=["*"],
    wildcard_because="CloudTrail's event history has no resource-level permissions",
)


class ApprovalStep(Phase):
    """Tell people that a candidate passed the gate, and wait until one decides or time is up.

    Input: `$run`, and the manifest's evaluation and decision.
    Output: `$approval` (`contract.ApprovalOutcome`).
    Errors: `ManifestConflict`, and what SNS says of the topic.

    Args:
        scope: Parent.
        id: Id below the parent.
        storage: Where the manifest is, and the pending approval is kept.
        topic: Where people are told.
        approval: How long they have, and by which ways they decide.
        on_failure: Where errors go, with `$failure` assigned.
            Without it they end the execution.
    """

    # A part of the gate: after a failure here, too, a redriven run deploys again.
    title = "PromotionGate"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        storage: CustomizationStorage,
        topic: sns.ITopic,
        approval: Approval | None = None,
        on_failure: sfn.IChainable | None = None,
    ) -> None:
        approval = approval or Approval()
        super().__init__(scope, id)
        self.request_function = self._define_request_function(storage, topic)
        self.decide_function = self._define_decide_function(
            "Decide",
            storage,
            APPROVALS,
            other_than_submitter=approval.other_than_submitter,
        )
        """Approves and rejects for whoever may invoke its address with their own credentials."""
        address = lambda_.FunctionUrl(
            self,
            "Address",
            function=self.decide_function.function,
            auth_type=lambda_.FunctionUrlAuthType.AWS_IAM,
        )
        self.address: str = address.url
        """Where `bedrock-customization approve` and `reject` send decisions."""
        page = self._define_page(storage) if approval.link else None
        states = States(self, self.title, on_failure=on_failure)
        timeout_seconds = round(approval.timeout.to_seconds())
        conclude = states.invoke(
            "Conclude approval",
            self.request_function,
            {"run": "{% $run %}", "conclude": True},
            comment="Keep what was decided; nothing can be decided any more",
            assign="approval",
            retries=[Retry(errors=[ErrorName.MANIFEST_CONFLICT], interval_seconds=5)],
        )
        request = states.invoke_and_wait(
            "Request approval",
            self.request_function,
            {
                "run": "{% $run %}",
                "redrives": REDRIVES,
                "timeout_seconds": timeout_seconds,
                "topic": topic.topic_arn,
                "page": page,
            },
            comment="People decide whether the candidate goes live",
            timeout_seconds=timeout_seconds,
            on_timeout=conclude,
        )
        request.next(conclude)
        self.rights = states.rights
        self._start = request
        self._ends = [conclude]

    def grant_decide(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow approving and rejecting by one's own credentials, which the record then names."""
        function_arn = self.decide_function.function.function_arn
        by_signature = {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}
        by_address = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
        rights = [
            Right(
                actions=["lambda:InvokeFunctionUrl"],
                resources=[function_arn],
                conditions=by_signature,
            ),
            # Never by Invoke: the caller would write the event, and with it who they are.
            Right(
                actions=["lambda:InvokeFunction"], resources=[function_arn], conditions=by_address
            ),
        ]
        return give(grantee, rights)

    def _define_page(self, storage: CustomizationStorage) -> str:
        """Define the public address, and return it."""
        function = self._define_decide_function("Page", storage, APPROVALS, RUNS)
        acknowledge(
            function,
            {
                "Annotation::@aws-cdk/aws-lambda:addPermissionsToVersionOrAlias": "nothing but the "
                "address invokes it, which is one of the function itself"
            },
        )
        return lambda_.FunctionUrl(
            self,
            "PageAddress",
            function=function.function,
            auth_type=lambda_.FunctionUrlAuthType.NONE,
        ).url

    def _define_decide_function(
        self,
        id: str,
        storage: CustomizationStorage,
        *read: str,
        other_than_submitter: bool = False,
    ) -> HandlerFunction:
        environment = {"ARTIFACTS_BUCKET": storage.artifacts_bucket.bucket_name}
        if other_than_submitter:
            environment["OTHER_THAN_SUBMITTER"] = "1"
        return HandlerFunction(
            self,
            id,
            handler=Handler.DECIDE_APPROVAL,
            description="Takes people's decisions on candidates",
            rights=[
                *storage.reading(storage.artifacts_bucket, *read),
                *storage.writing(storage.artifacts_bucket, APPROVALS),
                _WAKING,
                *([_LOOKING_UP] if other_than_submitter else []),
            ],
            timeout_minutes=1,
            environment=environment,
        )

    def _define_request_function(
        self, storage: CustomizationStorage, topic: sns.ITopic
    ) -> HandlerFunction:
        return HandlerFunction(
            self,
            "Request",
            handler=Handler.REQUEST_APPROVAL,
            description="Asks people whether a candidate goes live",
            rights=[
                *storage.reading(storage.artifacts_bucket, RUNS, APPROVALS),
                *storage.writing(storage.artifacts_bucket, RUNS, APPROVALS),
                *publishing(topic),
                _WAKING,
            ],
        )

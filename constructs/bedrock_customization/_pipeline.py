"""What every pipeline is, whatever its phases: storage, topic, alias, machine, grants, metrics."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypedDict, Unpack

from aws_cdk import (
    CfnOutput,
    Duration,
    Fn,
    Names,
    RemovalPolicy,
    Stack,
    aws_iam as iam,
    aws_kms as kms,
    aws_logs as logs,
    aws_sns as sns,
    aws_stepfunctions as sfn,
)
from constructs import Construct

from bedrock_customization._access import Right
from bedrock_customization._acknowledged import acknowledge, wildcards
from bedrock_customization._executions import running_maps
from bedrock_customization._run_frame import RunFrame
from bedrock_customization.alias import Alias
from bedrock_customization.customization_network import CustomizationNetwork
from bedrock_customization.deployment_kinds import ImportedCopies, ProvisionedThroughput
from bedrock_customization.network import JobNetwork
from bedrock_customization.phases.approval import ApprovalStep
from bedrock_customization.phases.deployment import CandidateRemoval
from bedrock_customization.phases.promotion import PromotionGate
from bedrock_customization.phases.run_cleanup import RunCleanup
from bedrock_customization.phases.throughput_expiry import ThroughputExpiry
from bedrock_customization.regulation import LOCKED_FOR, Regulation
from bedrock_customization.storage import CustomizationStorage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch

    from bedrock_customization._phase import Phase
    from bedrock_customization.approval import Approval
    from bedrock_customization.deployment_kinds import Deployment
    from bedrock_customization.gate import Gate
    from bedrock_customization.judge import Judge

DELIVERING = Right(
    actions=["logs:CreateLogDelivery", "xray:PutTraceSegments"],
    resources=["*"],
    wildcard_because="X-Ray and the delivery of logs have no resource-level permissions",
)


class MetricOptions(TypedDict, total=False):
    """What a metric may be asked for, as in `aws_cdk.aws_cloudwatch.MetricOptions`."""

    period: Duration
    statistic: str
    label: str
    color: str


class Pipeline(Construct):
    """Define what runs of all kinds need; a front door defines its phases and calls `_wire`.

    Args:
        scope: Parent.
        id: Id below the parent.
        deployment: On what candidates and the promoted model answer.
        creates_models: As of `CandidateRemoval`.
        storage: Buckets and keys. Without it, they are defined.
        network: Where functions and jobs run; a `JobNetwork` is of jobs alone.
        regulated: Whether the rules of NIST 800-53 R5, HIPAA and PCI DSS are met too.
        model_key: What encrypts the models. Without one, a key that AWS owns does.
        topic: Where people hear how a run ended.
            Without one, a topic encrypted with a key of its own is defined.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        deployment: Deployment,
        creates_models: bool = False,
        storage: CustomizationStorage | None = None,
        network: CustomizationNetwork | JobNetwork | None = None,
        regulated: bool = False,
        model_key: kms.IKey | None = None,
        topic: sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._name = self._unique_name()
        self._deployed_on, self._creates_models = deployment, creates_models
        self._regulated = regulated
        self.network: CustomizationNetwork | None = None
        """Where functions and jobs run, if not where Lambda and Bedrock run them."""
        self._job_network: JobNetwork | None = None
        if network or regulated:
            self._define_network(network)
        self.storage: CustomizationStorage = storage or CustomizationStorage(
            self, "Storage", lock_artifacts_for=LOCKED_FOR if regulated else None
        )
        """Where everything of runs lies."""
        self.topic: sns.ITopic = topic or self._define_topic()
        """Where people hear how a run ended."""
        self.alias = Alias(
            self,
            "Alias",
            parameter_name=f"/bedrock-customization/{self._name}",
            model_key=model_key,
            imported=isinstance(deployment, ImportedCopies),
        )
        """By which consumers find what is live."""
        self._removal = CandidateRemoval(
            self,
            "CandidateRemoval",
            storage=self.storage,
            alias=self.alias,
            deployment=deployment,
            creates_models=creates_models,
        )
        self._frame = RunFrame(self, storage=self.storage, topic=self.topic, removal=self._removal)
        self.state_machine: sfn.StateMachine
        """An execution of it is a run."""
        self.approval: ApprovalStep | None = None
        """Asks people, where that was asked for."""

    def define_outputs(self) -> None:
        """Say in outputs of the stack where everything is: `bedrock-customization` looks there.

        For the one pipeline of a stack.
        """
        for name, value in {
            "DataBucketName": self.storage.data_bucket.bucket_name,
            "BlindBucketName": self.storage.blind_bucket.bucket_name,
            "ArtifactsBucketName": self.storage.artifacts_bucket.bucket_name,
            "StateMachineArn": self.state_machine.state_machine_arn,
            "AliasParameterName": self.alias.parameter_name,
            "NotificationTopicArn": self.topic.topic_arn,
            **({"SigningKeyArn": key.key_arn} if (key := self.storage.signing_key) else {}),
            **({"ApprovalUrl": self.approval.address} if self.approval else {}),
        }.items():
            CfnOutput(Stack.of(self), name, value=value)

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow starting runs."""
        return self.state_machine.grant_start_execution(grantee)

    def grant_put_data(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow uploading raw data below `incoming/`, and media below `media/`."""
        return self.storage.grant_put_data(grantee)

    def grant_read_artifacts(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading reports, manifests and evaluations; never data or the blind set."""
        return self.storage.grant_read_artifacts(grantee)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the state machine, such as `ExecutionsFailed`; sum over 5 minutes."""
        options.setdefault("statistic", "Sum")
        return self.state_machine.metric(name, **options)

    def metric_succeeded(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the number of runs that came to a decision; sum over 5 minutes."""
        return self.metric("ExecutionsSucceeded", **options)

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the number of runs that failed; sum over 5 minutes."""
        return self.metric("ExecutionsFailed", **options)

    def _define_gate(
        self, gate: Gate | None, approval: Approval | None, *, is_evaluated: bool = True
    ) -> PromotionGate:
        """Define the gate, behind it what asks people, if they are asked."""
        if approval:
            self.approval = ApprovalStep(
                self,
                "Approval",
                storage=self.storage,
                topic=self.topic,
                approval=approval,
                on_failure=self._frame.on_failure,
            )
        return PromotionGate(
            self,
            "PromotionGate",
            storage=self.storage,
            alias=self.alias,
            removal=self._removal,
            gate=gate,
            approval=self.approval,
            is_evaluated=is_evaluated,
            on_failure=self._frame.on_failure,
        )

    def _wire(
        self,
        start: Phase,
        *legs: Sequence[Phase],
        judge: Judge | None = None,
        has_maps: bool = True,
    ) -> None:
        """Define the state machine of the phases, and what cleans up after its executions.

        Args:
            start: What begins a run.
            legs: The other phases, as of `RunFrame.enclose`.
            judge: Who judges the answers, if the executions have them judged.
            has_maps: Whether some of the phases are distributed Maps.
        """
        first = self._frame.enclose(start, *legs)
        self.state_machine = self._define_state_machine(first)
        of_phases = [
            right for phase in (start, *chain.from_iterable(legs)) for right in phase.rights
        ]
        of_maps = running_maps(self.state_machine) if has_maps else []
        given = [DELIVERING, *of_phases, *self._frame.rights, *of_maps]
        acknowledge(self.state_machine, wildcards(Stack.of(self), given))
        RunCleanup(
            self,
            "RunCleanup",
            state_machine=self.state_machine,
            storage=self.storage,
            topic=self.topic,
            alias=self.alias,
            deployment=self._deployed_on,
            creates_models=self._creates_models,
            judge=judge,
        )
        if isinstance(self._deployed_on, ProvisionedThroughput):
            ThroughputExpiry(
                self,
                "ThroughputExpiry",
                state_machine=self.state_machine,
                alias=self.alias,
                topic=self.topic,
            )

    def _define_network(self, network: CustomizationNetwork | JobNetwork | None) -> None:
        if isinstance(network, JobNetwork):
            if self._regulated:
                raise ValueError(
                    "network is a JobNetwork, of jobs alone, and a regulated pipeline has its "
                    "functions in a VPC too: give CustomizationNetwork(vpc=...), or leave it out"
                )
            self._job_network = network
            return
        self.network = network or CustomizationNetwork(self, "Network")
        self._job_network = self.network.jobs

    def _protect(self) -> None:
        """Do what can only be done once everything is defined."""
        if self.network:
            self.network.connect(self)
        if self._regulated:
            Regulation.apply_to(self)
            for given in (self.storage, self.network):
                if given and given.node.scope is not self:
                    Regulation.apply_to(given)

    def _define_state_machine(self, first: sfn.State) -> sfn.StateMachine:
        log_group = logs.LogGroup(
            self,
            "Logs",
            # Only this prefix keeps the account's log resource policy from growing past its limit.
            log_group_name=f"/aws/vendedlogs/states/{self._name}",
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        return sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(first),
            query_language=sfn.QueryLanguage.JSONATA,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
        )

    def _define_topic(self) -> sns.Topic:
        key = kms.Key(
            self,
            "TopicKey",
            description="Notifications of runs",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        return sns.Topic(self, "Notifications", master_key=key, enforce_ssl=True)

    def _unique_name(self) -> str:
        """Return a name that not even a deleted stack of the same name has used."""
        # Not the pseudo parameter: it would be another stack's own where that reads the name.
        stack_uuid = Fn.select(2, Fn.split("/", Stack.of(self).stack_id))
        suffix = Fn.select(4, Fn.split("-", stack_uuid))
        return f"{Names.unique_resource_name(self, max_length=100)}-{suffix}"

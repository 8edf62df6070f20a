"""What NIST 800-53 R5, HIPAA and PCI DSS ask for beyond what always holds."""

from __future__ import annotations

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_s3 as s3,
)
from constructs import Construct

from bedrock_customization._acknowledged import acknowledge
from bedrock_customization._code import FunctionRuntime
from bedrock_customization._everything_below import below
from bedrock_customization._function import SYNCHRONOUS, HandlerFunction
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION
from bedrock_customization.customization_network import CustomizationNetwork
from bedrock_customization.storage import ACCESS_LOGS

LOCKED_FOR = Duration.days(365)
"""How long manifests, and what else a regulated pipeline writes as artifacts, are locked."""
_CONCURRENCY = 20
_NIST, _HIPAA, _PCI = "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"


class Regulation:
    """What NIST 800-53 R5, HIPAA and PCI DSS ask for beyond what always holds.

    Policies become managed ones, logs are encrypted with a key of yours, functions reserve their
    concurrency; what remains is acknowledged, each on its construct and with its reason
    (docs/regulated.md). Functions must be in a VPC: `CustomizationNetwork.connect` puts them there.
    """

    @staticmethod
    def apply_to(scope: Construct) -> None:
        """Make what stands at and below a construct meet their rules.

        A pipeline does it itself with `regulated=True`; this is for what stands outside, such as a
        `Grader`.

        Args:
            scope: With all that is defined in it already; not what is added to it later.
        """
        _encrypt_logs(scope)
        for vpc in below(scope, ec2.CfnVPC):
            _acknowledge_vpc(vpc)
        for network in below(scope, CustomizationNetwork):
            _acknowledge_jobs(network)
        for one in below(scope, HandlerFunction):
            _limit(one)
        for bucket in below(scope, s3.CfnBucket):
            _acknowledge_bucket(bucket)
        # Last: what comes before may define roles and give rights.
        _manage_policies(scope)


def _encrypt_logs(scope: Construct) -> None:
    runtime = FunctionRuntime.of(scope)
    groups = [*below(scope, logs.CfnLogGroup), *below(runtime, logs.CfnLogGroup)]
    for group in groups:
        if group.kms_key_id is None:
            group.kms_key_id = _log_key(runtime).key_arn


def _log_key(runtime: FunctionRuntime) -> kms.IKey:
    """Return the stack's key for logs."""
    existing = runtime.node.try_find_child("LogKey")
    if isinstance(existing, kms.Key):
        return existing
    key = kms.Key(
        runtime,
        "LogKey",
        description="Logs of runs",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{REGION}.amazonaws.com")],
            actions=[
                "kms:Encrypt*",
                "kms:Decrypt*",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": (
                        f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT_ID}:log-group:*"
                    )
                }
            },
        )
    )
    return key


def _limit(one: HandlerFunction) -> None:
    """Reserve a function's concurrency, and say why some have no queue of dead letters."""
    resource = one.function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101 - true of every Function
    if resource.reserved_concurrent_executions is None:
        resource.reserved_concurrent_executions = _CONCURRENCY
    if resource.dead_letter_config is None:
        acknowledge(one, {f"{pack}-LambdaDLQ": SYNCHRONOUS for pack in (_NIST, _HIPAA)})


def _acknowledge_vpc(vpc: ec2.CfnVPC) -> None:
    reason = (
        "nothing is in the default security group; to empty it takes a custom resource, with a "
        "function that may change security groups"
    )
    acknowledge(
        vpc, {f"{pack}-VPCDefaultSecurityGroupClosed": reason for pack in (_NIST, _HIPAA, _PCI)}
    )


def _acknowledge_jobs(network: CustomizationNetwork) -> None:
    reason = (
        "the machines of one job talk to each other on ports that no document names; nobody else "
        "is let in"
    )
    acknowledge(
        network.job_group,
        {f"{pack}-EC2RestrictedCommonPorts": reason for pack in (_NIST, _HIPAA, _PCI)},
    )


def _acknowledge_bucket(bucket: s3.CfnBucket) -> None:
    packs = (_NIST, _HIPAA, _PCI)
    if bucket.replication_configuration is None:
        reason = (
            "versions and locks keep what is written; whether a second copy may leave the Region "
            "is yours to say, with a storage of yours that is replicated"
        )
        acknowledge(bucket, {f"{pack}-S3BucketReplicationEnabled": reason for pack in packs})
    if bucket.node.scope and bucket.node.scope.node.id == ACCESS_LOGS:
        reason = "server access logs can be delivered to no bucket that is encrypted with a key"
        acknowledge(bucket, {f"{pack}-S3DefaultEncryptionKMS": reason for pack in packs})


def _manage_policies(scope: Construct) -> None:
    """Put managed policies in the place of those that are part of a role."""
    for resource in below(scope, iam.CfnRole):
        role = resource.node.scope
        if not isinstance(role, iam.Role) or not isinstance(resource.policies, list):
            continue
        for inline in resource.policies:
            assert isinstance(inline, iam.CfnRole.PolicyProperty)  # noqa: S101 - as CDK writes it
            assert isinstance(inline.policy_document, iam.PolicyDocument)  # noqa: S101 - likewise
            role.add_managed_policy(
                iam.ManagedPolicy(role, inline.policy_name, document=inline.policy_document)
            )
        resource.policies = None
    for policy in below(scope, iam.Policy):
        _manage(policy)


def _manage(policy: iam.Policy) -> None:
    parent, attached = policy.node.scope, policy.node.default_child
    assert isinstance(parent, Construct)  # noqa: S101 - true of every policy
    assert isinstance(attached, iam.CfnPolicy)  # noqa: S101 - true of every Policy
    roles = attached.roles
    parent.node.try_remove_child(policy.node.id)
    # The same document, so rights that are given later stand in it too.
    iam.CfnManagedPolicy(
        parent, f"Managed{policy.node.id}", policy_document=policy.document, roles=roles
    )

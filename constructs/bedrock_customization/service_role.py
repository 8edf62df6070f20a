"""What Bedrock may do on our behalf: one role for each kind of job."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from aws_cdk import Stack, aws_iam as iam
from constructs import Construct

from bedrock_customization._access import BEDROCK, Right, bedrock_arn, deny, give, policy_of
from bedrock_customization._acknowledged import acknowledge, wildcards
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION
from bedrock_customization_runtime.catalog import import_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization.storage import CustomizationStorage

JUDGED = "runs/*/judge/*"
"""Where in the blind bucket evaluation jobs read."""
_JUDGEMENTS = "runs/*/judge/output/*"
_PREPARED = "runs/*/prepared/*"
_JOB_OUTPUT = "runs/*/customization/*"


class JobKind(StrEnum):
    """Kinds of Bedrock jobs, by the resource type in their ARNs."""

    CUSTOMIZATION = "model-customization-job"
    EVALUATION = "evaluation-job"
    IMPORT = "model-import-job"
    CREATION = "custom-model"
    """CreateCustomModel, which has no job."""


class ServiceRole(Construct):
    """Define the role that Bedrock assumes for one kind of job, and for no other.

    The trust policy names this account and this kind of job, so that nobody else can make Bedrock
    use the role (the confused deputy). The customization role reads prepared records, writes job
    outputs, and is denied the blind set. The evaluation role reads and writes nothing but what a
    run puts below `judge/` of its part of the blind bucket. The import role reads models that were
    copied into the data bucket, and writes nothing. The creation role reads the buckets in which
    SageMaker AI keeps this account's Amazon Nova models, and has nothing of a run.

    Args:
        scope: Parent.
        id: Id below the parent.
        kind: The kind of job.
        storage: Where the job reads and writes.
        rights: What the job needs beside its data, such as to invoke a teacher.
        role: A role of your own to use instead: it is given the same rights, but its trust policy
            is yours to write (docs/security.md shows it). Without one, a role is defined.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        kind: JobKind,
        storage: CustomizationStorage,
        rights: Sequence[Right] = (),
        role: iam.IRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        rights = [*rights, *_rights_on_data(kind, storage)]
        self.kind, self.rights = kind, rights
        is_blind = kind is JobKind.CUSTOMIZATION
        denied = storage.rights_on_blind_data() if is_blind else []
        if role is None:
            role = iam.Role(
                self,
                "Role",
                assumed_by=_bedrock_for(kind),
                description=f"Assumed by Bedrock for each {kind}",
                inline_policies={"Rights": policy_of(rights, denied=denied)},
            )
        else:
            give(role, rights)
            deny(role, denied)
        if is_blind:
            storage.hide_blind_data_from(role)
        self.role = role
        acknowledge(self, wildcards(Stack.of(self), rights))


def _rights_on_data(kind: JobKind, storage: CustomizationStorage) -> list[Right]:
    match kind:
        case JobKind.CUSTOMIZATION:
            return [
                *storage.reading(storage.data_bucket, _PREPARED),
                *storage.reading(storage.artifacts_bucket, _JOB_OUTPUT),
                *storage.writing(storage.artifacts_bucket, _JOB_OUTPUT),
            ]
        case JobKind.EVALUATION:
            return [
                *storage.reading(storage.blind_bucket, JUDGED),
                *storage.uploading(storage.blind_bucket, _JUDGEMENTS),
                Right(
                    actions=["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                    resources=[storage.blind_bucket.bucket_arn],
                ),
            ]
        case JobKind.IMPORT:
            return storage.importing()
        case JobKind.CREATION:
            return _reading_escrow()


def _reading_escrow() -> list[Right]:
    """Return the rights on Amazon's buckets; whose account owns them, no document says."""
    buckets = f"arn:{PARTITION}:s3:::{import_rules().nova.escrow_bucket_of(ACCOUNT_ID)}*"
    named = "SageMaker AI names the buckets at the first training job; they begin so"
    return [
        Right(actions=["s3:GetObject"], resources=[f"{buckets}/*"], wildcard_because=named),
        Right(actions=["s3:ListBucket"], resources=[buckets], wildcard_because=named),
    ]


def _bedrock_for(kind: JobKind) -> iam.IPrincipal:
    """Return Bedrock, on behalf of this account and its jobs of a kind.

    Of CreateCustomModel no document says for which resource the role is assumed, so it may be any
    of the account's: imports name their job.
    """
    of_job = (
        {"ArnLikeIfExists": {"aws:SourceArn": f"{BEDROCK}:*"}}
        if kind is JobKind.CREATION
        else {"ArnLike": {"aws:SourceArn": bedrock_arn(kind)}}
    )
    return iam.ServicePrincipal(
        "bedrock.amazonaws.com",
        conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}, **of_job},
    )

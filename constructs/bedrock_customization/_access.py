"""Rights: exact actions on exact resources, and why a resource ends in a `*` where it does.

The grants of `s3.Bucket` allow `s3:GetObject*`, `s3:List*` and more on a whole bucket; with ours
nothing is left to acknowledge but the prefix itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms, aws_sns as sns

BEDROCK = f"arn:{PARTITION}:bedrock:{REGION}:{ACCOUNT_ID}"
_NAMED_BY_RUNS = "runs make their objects while the pipeline lives, so only a prefix can name them"
_THROUGH_BEDROCK = {"StringLike": {"kms:ViaService": f"bedrock.{REGION}.amazonaws.com"}}
NAMED_BY_BEDROCK = "Bedrock gives jobs, models and deployments their ids when a run makes them"


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """What somebody may do.

    Args:
        actions: IAM actions; without wildcards, unless they are denied.
        resources: ARNs.
        wildcard_because: Why some of the resources hold a `*`.
        conditions: Of the statement, as IAM writes them.
    """

    actions: Sequence[str]
    resources: Sequence[str]
    wildcard_because: str = ""
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] | None = None


def bedrock_arn(kind: str) -> str:
    """Return the ARN pattern of all of this account's Bedrock resources of a kind."""
    return f"{BEDROCK}:{kind}/*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A bucket, as policies name it.

    Args:
        bucket_arn: Of the bucket.
        key_arn: Of what encrypts it; None where S3's own key does.
    """

    bucket_arn: str
    key_arn: str | None


def reading(place: Place, *prefixes: str, owner: str | None = None) -> list[Right]:
    """Return the rights to read objects and to find out that one is missing.

    Args:
        place: Where.
        prefixes: Key patterns with a trailing `*`.
        owner: Account that must own the bucket; None for whichever does.
    """
    owned = {"StringEquals": {"aws:ResourceAccount": owner}} if owner else None
    return [
        replace(_on_objects(["s3:GetObject"], place, prefixes), conditions=owned),
        # On the whole bucket: without it S3 answers 403 for a missing object, which reads like a
        # missing right, and no source says with which prefix Bedrock's jobs list.
        Right(actions=["s3:ListBucket"], resources=[place.bucket_arn], conditions=owned),
        *_on_key(["kms:Decrypt"], place),
    ]


def writing(place: Place, *prefixes: str) -> list[Right]:
    """Return the rights to write objects in one part each.

    Args:
        place: Where.
        prefixes: Key patterns with a trailing `*`.
    """
    return [
        _on_objects(["s3:PutObject"], place, prefixes),
        *_on_key(["kms:GenerateDataKey"], place),
    ]


def uploading(place: Place, *prefixes: str) -> list[Right]:
    """Return the rights to write objects of any size, in one or in several parts.

    Args:
        place: Where.
        prefixes: Key patterns with a trailing `*`.
    """
    return [
        _on_objects(["s3:PutObject", "s3:AbortMultipartUpload"], place, prefixes),
        # Decrypt: S3 reads back the parts of a multipart upload.
        *_on_key(["kms:GenerateDataKey", "kms:Decrypt"], place),
    ]


def removing(place: Place, *prefixes: str) -> list[Right]:
    """Return the rights to find and abort multipart uploads, and to delete objects.

    Args:
        place: Where.
        prefixes: Key patterns with a trailing `*`.
    """
    return [
        _on_objects(["s3:AbortMultipartUpload", "s3:DeleteObject"], place, prefixes),
        Right(
            actions=["s3:ListBucket", "s3:ListBucketMultipartUploads"],
            resources=[place.bucket_arn],
        ),
    ]


def aborting(place: Place, *prefixes: str) -> list[Right]:
    """Return the rights to find and abort multipart uploads.

    Args:
        place: Where.
        prefixes: Key patterns with a trailing `*`.
    """
    return [
        _on_objects(["s3:AbortMultipartUpload"], place, prefixes),
        Right(actions=["s3:ListBucketMultipartUploads"], resources=[place.bucket_arn]),
    ]


def staging(place: Place, *prefixes: str) -> list[Right]:
    """Return the rights to go on with multipart uploads, to read and to delete what they became.

    Args:
        place: Where.
        prefixes: Key patterns with a trailing `*`.
    """
    actions = ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:DeleteObject"]
    return [
        *reading(place, *prefixes),
        _on_objects(actions, place, prefixes),
        Right(actions=["s3:ListBucketMultipartUploads"], resources=[place.bucket_arn]),
        *_on_key(["kms:GenerateDataKey"], place),
    ]


def everything(place: Place) -> list[Right]:
    """Return all that can be done with a bucket and its key, to be denied."""
    return [
        Right(actions=["s3:*"], resources=[place.bucket_arn, f"{place.bucket_arn}/*"]),
        *_on_key(["kms:*"], place),
    ]


def publishing(topic: sns.ITopic) -> list[Right]:
    """Return the rights to publish to a topic, and to use its key where that is known."""
    rights = [Right(actions=["sns:Publish"], resources=[topic.topic_arn])]
    if key := topic.master_key:
        rights.append(
            Right(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key.key_arn])
        )
    return rights


def signing(key: kms.IKey) -> list[Right]:
    """Return the rights to sign versions of manifests, and to see that a version was signed."""
    return [Right(actions=["kms:Sign", "kms:Verify"], resources=[key.key_arn])]


def signing_key_arn(rights: Sequence[Right]) -> str | None:
    """Return the ARN of the key that may be used to sign; None where none may."""
    return next((right.resources[0] for right in rights if "kms:Sign" in right.actions), None)


def using_model_key(key: kms.IKey | None) -> list[Right]:
    """Return the rights on a custom model's key of whoever makes the model, and of its job."""
    if key is None:
        return []
    return [
        Right(
            actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"],
            resources=[key.key_arn],
            conditions=_THROUGH_BEDROCK,
        )
    ]


def opening_model_key(key: kms.IKey | None) -> list[Right]:
    """Return the rights on a custom model's key of whoever deploys or invokes the model."""
    if key is None:
        return []
    return [Right(actions=["kms:Decrypt"], resources=[key.key_arn], conditions=_THROUGH_BEDROCK)]


def opening_copied_model_key(key: kms.IKey | None, region: str) -> list[Right]:
    """Return the rights on the key of a model of another account or Region of whoever copies it.

    No document says in which of the two Regions Bedrock opens it.

    Args:
        key: What encrypts the model there.
        region: Where it is.
    """
    if key is None:
        return []
    services = [f"bedrock.{region}.amazonaws.com", f"bedrock.{REGION}.amazonaws.com"]
    through = {"StringLike": {"kms:ViaService": services}}
    return [Right(actions=["kms:Decrypt"], resources=[key.key_arn], conditions=through)]


def merged(rights: Sequence[Right]) -> list[Right]:
    """Return rights with one for all the resources on which the same actions are allowed."""
    found: dict[tuple[tuple[str, ...], str], Right] = {}
    for right in rights:
        key = tuple(right.actions), repr(right.conditions)
        known = found.get(key, right)
        resources = dict.fromkeys([*known.resources, *right.resources])
        found[key] = replace(known, resources=list(resources))
    return list(found.values())


def policy_of(rights: Sequence[Right], *, denied: Sequence[Right] = ()) -> iam.PolicyDocument:
    """Return the policy that gives rights, and takes others whoever gives them."""
    return iam.PolicyDocument.from_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": effect,
                    "Action": list(right.actions),
                    "Resource": list(right.resources),
                    **({"Condition": right.conditions} if right.conditions else {}),
                }
                for effect, some in (("Allow", rights), ("Deny", denied))
                for right in some
            ],
        }
    )


def give(grantee: iam.IGrantable, rights: Sequence[Right]) -> iam.Grant:
    """Give rights to a principal, whoever owns it."""
    grants = [
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(right.actions),
            resource_arns=list(right.resources),
            conditions=right.conditions,
        )
        for right in rights
    ]
    return reduce(iam.Grant.combine, grants)


def deny(role: iam.IRole, rights: Sequence[Right]) -> None:
    """Take rights from a role, whoever gives them."""
    for right in rights:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(right.actions),
                resources=list(right.resources),
            )
        )


def _on_objects(actions: list[str], place: Place, prefixes: Sequence[str]) -> Right:
    return Right(
        actions=actions,
        resources=[f"{place.bucket_arn}/{prefix}" for prefix in prefixes],
        wildcard_because=_NAMED_BY_RUNS,
    )


def _on_key(actions: list[str], place: Place) -> list[Right]:
    return [Right(actions=actions, resources=[place.key_arn])] if place.key_arn else []

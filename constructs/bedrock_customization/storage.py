"""Buckets and keys: data, the blind test set, artifacts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import (
    Annotations,
    Duration,
    RemovalPolicy,
    Token,
    aws_iam as iam,
    aws_kms as kms,
    aws_s3 as s3,
)
from constructs import Construct

from bedrock_customization import _access
from bedrock_customization._access import Right
from bedrock_customization._pseudo_parameters import ACCOUNT_ID
from bedrock_customization_runtime.contract import MEDIA_PREFIX, SCRATCH_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_runtime.catalog import MethodRules

INCOMING = "incoming/*"
MEDIA = f"{MEDIA_PREFIX}/*"
RUNS = "runs/*"
PREPARED = "runs/*/prepared/*"
EXAMPLES = "runs/*/prepared/few_shot.jsonl"
ANSWERS = "enrichment/*"
SCRATCH = f"{SCRATCH_PREFIX}/*"
STAGED = f"{SCRATCH_PREFIX}/*/import/*"
"""Models that are being imported."""
PROMOTIONS = "promotions/*"
BLIND_SETS = "blind-sets/*"
APPROVALS = "approvals/*"
HOUSEKEEPING = "housekeeping/*"
ACCESS_LOGS = "AccessLogs"
"""Id of the bucket of access logs."""
# Those of before 2018 may be longer, and hold capital letters and underscores.
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_WEEK, _MONTH, _QUARTER = Duration.days(7), Duration.days(30), Duration.days(90)
_DAY = Duration.days(1)
# An execution can be redriven for 14 days after it ended, and finds what it left.
_REDRIVABLE = Duration.days(15)
_DESTROY_DATA = "bedrock_customization:destroyData"


class CustomizationStorage(Construct):
    """Define where raw data, prepared records, the blind test set and artifacts live.

    Three buckets, because three circles of trust read them: `data` (raw data and training records)
    is what the training role reads, `blind` (the test set and the answers to it) is denied to it,
    and `artifacts` (job outputs, evaluations, manifests, reports) is what people read.

    Args:
        scope: Parent.
        id: Id below the parent.
        data_bucket: Holds `incoming/`, below `media/` what records name, `runs/<run>/prepared/`,
            below `enrichment/` what a model added, and below `scratch/` what steps of a preparation
            hand to each other, for which a bucket of your own needs a lifecycle rule.
            Without one, a bucket encrypted with `key` is defined.
        blind_bucket: Holds `runs/<run>/test.jsonl` and the answers to it.
            Without one, a bucket encrypted with `blind_key` is defined.
        artifacts_bucket: Holds `runs/<run>/…`, the record of promotions, what each blind set has
            decided, and pending approvals.
            Without one, a bucket encrypted with `key` is defined.
        key: Encrypts data and artifacts. Name it for imported buckets, which do not know theirs.
            Without one, a key with yearly rotation is defined and kept when the stack goes.
        blind_key: Encrypts the blind set, so that rights on `key` never open it.
            Without one, likewise.
        sign_manifests: Whether functions sign each version of a manifest that they write, with a
            key of KMS for signatures alone, 1 USD a month (docs/lineage.md). Without it, versions
            are chained but whoever may write the bucket may write a chain anew.
        signing_key: Signs them in place of a key that is defined: asymmetric, `ECC_NIST_P256`.
        lock_artifacts_for: How long nobody may delete or overwrite a version of what is written to
            the artifacts bucket that is defined, but with `s3:BypassGovernanceRetention`; in whole
            days. Without it, nothing is locked.
        removal_policy: What happens to data when the stack goes.
            `DESTROY` takes a second signature, the context key
            `bedrock_customization:destroyData`; without it, data stay and synth warns. Objects are
            never deleted: CloudFormation refuses to remove a bucket that holds some.

    Raises:
        ValueError: The blind bucket or its key also serves data or artifacts; or a bucket has a
            name that Bedrock does not take.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        data_bucket: s3.IBucket | None = None,
        blind_bucket: s3.IBucket | None = None,
        artifacts_bucket: s3.IBucket | None = None,
        key: kms.IKey | None = None,
        blind_key: kms.IKey | None = None,
        sign_manifests: bool = False,
        signing_key: kms.IKey | None = None,
        lock_artifacts_for: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id)
        _check_blind_bucket_is_apart(blind_bucket, [data_bucket, artifacts_bucket])
        _check_blind_key_is_apart(blind_key, key)
        self._removal_policy = self._signed_twice(removal_policy)
        self._access_logs: s3.Bucket | None = None
        self._no_public_access = s3.BlockPublicAccess.BLOCK_ALL
        if key is None and (data_bucket is None or artifacts_bucket is None):
            key = self._define_key("Key", "Data and artifacts of runs")
        if blind_key is None and blind_bucket is None:
            blind_key = self._define_key("BlindKey", "Blind test sets of runs")
        self.key = key
        self.blind_key = blind_key
        self.signing_key = signing_key or (self._define_signing_key() if sign_manifests else None)
        """Signs manifests; None where nothing does."""
        self.data_bucket = data_bucket or self._define_data_bucket(key)
        self.blind_bucket = blind_bucket or self._define_bucket("Blind", blind_key)
        self.artifacts_bucket = artifacts_bucket or self._define_bucket(
            "Artifacts", key, lock_artifacts_for
        )
        for given in (data_bucket, blind_bucket, artifacts_bucket):
            if given:
                _check_name(given)
        self._blind = self._place(self.blind_bucket, blind_key)
        self._places = {
            self.data_bucket: self._place(self.data_bucket, key),
            self.artifacts_bucket: self._place(self.artifacts_bucket, key),
            self.blind_bucket: self._blind,
        }

    def grant_put_data(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow uploading raw data below `incoming/`, and media below `media/`."""
        return _access.give(grantee, self.uploading(self.data_bucket, INCOMING, MEDIA))

    def grant_read_artifacts(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading reports, manifests and evaluations; never data or the blind set."""
        return _access.give(grantee, self.reading(self.artifacts_bucket, RUNS))

    def reading(self, bucket: s3.IBucket, *prefixes: str) -> list[Right]:
        """Return the rights to read objects of one of the buckets, its key's included."""
        return _access.reading(self._places[bucket], *prefixes)

    def reading_media(self, rules: MethodRules) -> list[Right]:
        """Return the rights to read what records name, where the base model takes media at all."""
        return self.reading(self.data_bucket, MEDIA) if rules.media else []

    def writing(self, bucket: s3.IBucket, *prefixes: str) -> list[Right]:
        """Return the rights to write objects in one part each, the key's included."""
        return [
            *_access.writing(self._places[bucket], *prefixes),
            *self._signing(bucket, prefixes),
        ]

    def uploading(self, bucket: s3.IBucket, *prefixes: str) -> list[Right]:
        """Return the rights to write objects of any size, the key's included."""
        return [
            *_access.uploading(self._places[bucket], *prefixes),
            *self._signing(bucket, prefixes),
        ]

    def removing(self, bucket: s3.IBucket, *prefixes: str) -> list[Right]:
        """Return the rights to find and abort multipart uploads, and to delete objects."""
        return _access.removing(self._places[bucket], *prefixes)

    def aborting(self, bucket: s3.IBucket, *prefixes: str) -> list[Right]:
        """Return the rights to find and abort multipart uploads."""
        return _access.aborting(self._places[bucket], *prefixes)

    def staging(self) -> list[Right]:
        """Return the rights to copy a model that is imported, and to delete the copy."""
        return _access.staging(self._places[self.data_bucket], STAGED)

    def importing(self) -> list[Right]:
        """Return the rights to read a model that was copied, of this account's bucket alone."""
        place = self._places[self.data_bucket]
        rights = _access.reading(place, STAGED, owner=ACCOUNT_ID)
        if place.key_arn:
            rights.append(Right(actions=["kms:DescribeKey"], resources=[place.key_arn]))
        return rights

    def rights_on_blind_data(self) -> list[Right]:
        """Return all that can be done with the blind bucket and its key.

        A test set is blind only if the trainer cannot read it, so whoever trains is denied them,
        whatever else allows them, in its own policy and in the bucket's: the policy of an imported
        role may be out of reach, and so may that of an imported bucket.
        """
        return _access.everything(self._blind)

    def hide_blind_data_from(self, role: iam.IRole) -> None:
        """Deny a role the blind bucket in the bucket's own policy."""
        objects, *_ = _access.everything(self._blind)
        self.blind_bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"HiddenFrom{role.node.addr[-8:]}",
                effect=iam.Effect.DENY,
                principals=[iam.ArnPrincipal(role.role_arn)],
                actions=list(objects.actions),
                resources=list(objects.resources),
            )
        )

    def _signing(self, bucket: s3.IBucket, prefixes: Sequence[str]) -> list[Right]:
        """Return the rights to sign, of whoever writes manifests."""
        writes_manifests = bucket is self.artifacts_bucket and RUNS in prefixes
        return _access.signing(self.signing_key) if self.signing_key and writes_manifests else []

    def _place(self, bucket: s3.IBucket, named: kms.IKey | None) -> _access.Place:
        key = bucket.encryption_key or named
        return _access.Place(bucket_arn=bucket.bucket_arn, key_arn=key.key_arn if key else None)

    def _signed_twice(self, removal_policy: RemovalPolicy) -> RemovalPolicy:
        if removal_policy is not RemovalPolicy.DESTROY:
            return removal_policy
        if self.node.try_get_context(_DESTROY_DATA):
            Annotations.of(self).add_warning_v2(
                "bedrock_customization:dataIsDestroyed",
                "data, artifacts and keys go when the stack goes, as the context key "
                f"{_DESTROY_DATA} signs",
            )
            return removal_policy
        Annotations.of(self).add_warning_v2(
            "bedrock_customization:dataIsKept",
            f"removal_policy is DESTROY but the context key {_DESTROY_DATA} is not set, so data "
            "are kept: set it to sign a second time, or drop removal_policy",
        )
        return RemovalPolicy.RETAIN

    def _define_key(self, id: str, description: str) -> kms.Key:
        return kms.Key(
            self,
            id,
            description=description,
            enable_key_rotation=True,
            pending_window=_MONTH,
            removal_policy=self._removal_policy,
        )

    def _define_signing_key(self) -> kms.Key:
        return kms.Key(
            self,
            "SigningKey",
            description="Signs manifests of runs",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=_MONTH,
            # Without it, nobody can show any more that an old manifest is what it was.
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _define_data_bucket(self, key: kms.IKey | None) -> s3.Bucket:
        bucket = self._define_bucket("Data", key)
        bucket.add_lifecycle_rule(
            prefix=f"{SCRATCH_PREFIX}/",
            expiration=_REDRIVABLE,
            noncurrent_version_expiration=_DAY,
        )
        return bucket

    def _define_bucket(
        self, id: str, key: kms.IKey | None, locked_for: Duration | None = None
    ) -> s3.Bucket:
        bucket = self._define_hardened_bucket(
            id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            locked_for=locked_for,
        )
        self._log_access(bucket, prefix=f"{id.lower()}/")
        return bucket

    def _define_hardened_bucket(
        self,
        id: str,
        *,
        encryption: s3.BucketEncryption,
        encryption_key: kms.IKey | None = None,
        bucket_key_enabled: bool | None = None,
        locked_for: Duration | None = None,
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            id,
            encryption=encryption,
            encryption_key=encryption_key,
            bucket_key_enabled=bucket_key_enabled,
            block_public_access=self._no_public_access,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_default_retention=(
                s3.ObjectLockRetention.governance(locked_for) if locked_for else None
            ),
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=_WEEK,
                    noncurrent_version_expiration=_QUARTER,
                )
            ],
            removal_policy=self._removal_policy,
        )

    def _log_access(self, bucket: s3.Bucket, prefix: str) -> None:
        # `server_access_logs_bucket` raises in apps without the feature flag
        # serverAccessLogsUseBucketPolicy, so the property and the policy are written out.
        if self._access_logs is None:
            self._access_logs = self._define_hardened_bucket(
                ACCESS_LOGS,
                # Server access logs can be delivered to nothing else.
                encryption=s3.BucketEncryption.S3_MANAGED,
            )
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - true of every s3.Bucket
        resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self._access_logs.bucket_name, log_file_prefix=prefix
        )
        self._access_logs.add_to_resource_policy(
            iam.PolicyStatement.from_json(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": self._access_logs.arn_for_objects(f"{prefix}*"),
                    "Condition": {
                        "ArnLike": {"aws:SourceArn": bucket.bucket_arn},
                        "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
                    },
                }
            )
        )


def _check_name(bucket: s3.IBucket) -> None:
    name = bucket.bucket_name
    if Token.is_unresolved(name) or _NAME.fullmatch(name):
        return
    raise ValueError(
        f"a bucket must have a name of lower-case letters, digits, hyphens and dots, got {name}: "
        "Bedrock takes no bucket with an older kind of name, so copy the data to another"
    )


def _check_blind_bucket_is_apart(
    blind: s3.IBucket | None, others: Sequence[s3.IBucket | None]
) -> None:
    if blind is None:
        return
    # Two imports of one bucket are two objects with one name.
    if any(
        other is blind or (other and other.bucket_name == blind.bucket_name) for other in others
    ):
        raise ValueError(
            f"blind_bucket must be a bucket of its own, got {blind.node.path} twice: the training "
            "role reads data_bucket and artifacts_bucket, so give the test set another bucket"
        )


def _check_blind_key_is_apart(blind: kms.IKey | None, other: kms.IKey | None) -> None:
    if blind and other and (blind is other or blind.key_arn == other.key_arn):
        raise ValueError(
            f"blind_key must be a key of its own, got {blind.node.path} twice: the training role "
            "is denied it and needs key, so give the test set another key"
        )

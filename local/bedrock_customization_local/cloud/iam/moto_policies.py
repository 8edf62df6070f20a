"""Reads policies, and which key encrypts what, from moto's services."""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.kms.utils import _deserialize_ciphertext_blob
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from bedrock_customization_local.cloud.iam.evaluation import ResourceTrust
from bedrock_customization_local.cloud.iam.policy import Policy, parse
from bedrock_customization_local.cloud.iam.resources import Scope

_NOTHING = Policy(())
# moto ships no types: its objects are Any wherever they are passed on.
_Moto = Any


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleRecord:
    """What IAM holds on a role.

    Args:
        policies: Its inline and attached policies.
        boundary: Its permissions boundary, None without one.
        trust: Who may assume it.
        tags: Its tags.
    """

    policies: Sequence[Policy]
    boundary: Policy | None
    trust: Policy
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Encryption:
    """How S3 encrypts an object with a customer's key.

    Args:
        key: The key's ARN.
        bucket_key: Whether a bucket key stands between, so that the encryption context is the
            bucket instead of the object.
    """

    key: str
    bucket_key: bool


class MotoPolicies:
    """The policies of one account in one Region, as they are at the moment of each call."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def role_arns(self) -> tuple[str, ...]:
        """Return the ARNs of all roles."""
        backend = iam_backends[self._scope.account][self._scope.partition]
        return tuple(role.arn for role in list(backend.roles.values()))

    def role(self, arn: str) -> RoleRecord | None:
        """Return what there is on a role, None if there is no such role."""
        account, partition = self._scope.account, self._scope.partition
        backend = iam_backends[account][partition]
        name = arn.rpartition("/")[2]
        named = (one for one in list(backend.roles.values()) if one.name == name)
        role = next((one for one in named if one.arn == arn), None)
        if role is None:
            return None
        boundary: Policy | None = None
        if role.permissions_boundary_arn:
            # A boundary that does not exist allows nothing.
            managed = backend.managed_policies.get(role.permissions_boundary_arn)
            boundary = _default_version(managed) if managed else _NOTHING
        return RoleRecord(
            policies=[
                *(parse(document) for document in role.policies.values()),
                *(_default_version(policy) for policy in role.managed_policies.values()),
            ],
            boundary=boundary,
            trust=parse(role.assume_role_policy_document),
            tags=_tags(role.tags),
        )

    def resource_policy(self, arn: str) -> tuple[Policy | None, ResourceTrust]:
        """Return the policy on a resource and what it means; None where there is none."""
        _, _, service, _, _, name = (*arn.split(":", 5), *[""] * 6)[:6]
        document: str | Mapping[str, object] | None = None
        if service == "kms":
            key = self._key(arn)
            return parse(key.policy) if key else _NOTHING, ResourceTrust.ROOT
        if service == "s3":
            bucket = self._bucket(name.partition("/")[0])
            document = bucket.policy.decode() if bucket and bucket.policy else None
        elif service == "sns":
            topic = self._topic(arn)
            document = topic.policy if topic else None
        elif service == "sqs":
            queue = self._queue(arn)
            document = queue.policy if queue else None
        return parse(document) if document else None, ResourceTrust.UNION

    def granted(self, key_arn: str, principal_arn: str, action: str) -> bool:
        """Tell whether a grant on a key lets a principal do something."""
        service, _, operation = action.partition(":")
        key = self._key(key_arn) if service == "kms" else None
        return key is not None and any(
            grant.grantee_principal == principal_arn and operation in grant.operations
            for grant in key.grants.values()
        )

    def key_arn(self, name: str) -> str:
        """Return the ARN of a key, however it was named; of no such key, the name itself."""
        key = self._key(name)
        arn: str = key.arn if key else name
        return arn

    def key_of_ciphertext(self, blob: object) -> str:
        """Return the ARN of the key that encrypted a blob; `*` if that cannot be told."""
        raw = blob.encode() if isinstance(blob, str) else blob
        if not isinstance(raw, bytes):
            return "*"
        try:
            return self.key_arn(_deserialize_ciphertext_blob(raw).key_id)
        except (ValueError, binascii.Error, UnicodeDecodeError):
            return "*"

    def encryption_of_object(self, bucket: str, key: str) -> Encryption | None:
        """Return the customer key that encrypts an object; None without one, or without object."""
        stored = self._object(bucket, key)
        if stored is None or stored.encryption != "aws:kms" or not stored.kms_key_id:
            return None
        return Encryption(self.key_arn(stored.kms_key_id), _is_true(stored.bucket_key_enabled))

    def encryption_of_bucket(self, bucket: str) -> Encryption | None:
        """Return the customer key that a bucket encrypts new objects with."""
        held = self._bucket(bucket)
        if held is None or not held.encryption:
            return None
        rule = held.encryption["Rule"]
        key = rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
        return (
            Encryption(self.key_arn(key), _is_true(rule.get("BucketKeyEnabled"))) if key else None
        )

    def has_object(self, bucket: str, key: str) -> bool:
        """Tell whether an object exists."""
        return self._object(bucket, key) is not None

    def key_of_topic(self, arn: str) -> str | None:
        """Return the ARN of the key that encrypts a topic, None without one."""
        topic = self._topic(arn)
        return self.key_arn(topic.kms_master_key_id) if topic and topic.kms_master_key_id else None

    def key_of_queue(self, arn: str) -> str | None:
        """Return the ARN of the key that encrypts a queue, None without one."""
        queue = self._queue(arn)
        return self.key_arn(queue.kms_master_key_id) if queue and queue.kms_master_key_id else None

    def secret_arn(self, arn: str) -> str:
        """Return a secret's whole ARN, with the six characters that its name does not have."""
        backend = secretsmanager_backends[self._scope.account][self._scope.region]
        name = arn.partition(":secret:")[2]
        secret = backend.secrets.get(name)
        whole: str = secret.arn if secret else arn
        return whole

    def _key(self, name: str) -> _Moto | None:
        backend = kms_backends[self._scope.account][self._scope.region]
        if "alias/" in name:
            name = "alias/" + name.partition("alias/")[2]
            return next((k for k in list(backend.keys.values()) if name in k.aliases), None)
        return backend.keys.get(name.rpartition("key/")[2])

    def _bucket(self, name: str) -> _Moto | None:
        return s3_backends[self._scope.account][self._scope.partition].buckets.get(name)

    def _object(self, bucket: str, key: str) -> _Moto | None:
        held = self._bucket(bucket)
        return held.keys.get(key) if held else None

    def _topic(self, arn: str) -> _Moto | None:
        return sns_backends[self._scope.account][self._scope.region].topics.get(arn)

    def _queue(self, arn: str) -> _Moto | None:
        backend = sqs_backends[self._scope.account][self._scope.region]
        return backend.queues.get(arn.rpartition(":")[2])


def _default_version(policy: _Moto) -> Policy:
    return parse(next(version.document for version in policy.versions if version.is_default))


def _tags(raw: _Moto) -> Mapping[str, str]:
    # moto keeps a role's tags keyed by their lower-cased name, or as a list before it has any.
    pairs = raw.values() if isinstance(raw, Mapping) else raw or ()
    return {pair["Key"]: pair["Value"] for pair in pairs}


def _is_true(raw: object) -> bool:
    return str(raw).lower() == "true"

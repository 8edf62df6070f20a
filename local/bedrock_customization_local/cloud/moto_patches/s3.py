"""What the embedded AWS works around in moto's S3: bucket policies, access logging, events."""

# ruff: noqa: SLF001 - moto has no public way to reach what is wrong in it

import functools
import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3 import models as s3

from bedrock_customization_local.cloud.moto_patches.replacing import Patches


def leaves_conditions_of_a_bucket_policy_alone(patches: Patches) -> None:
    """Enforce only the statements of a bucket policy that concern everybody, always.

    moto knows nothing of a request's context and takes every condition for not met, which denies
    everything even under an `Allow`; the Deny that `enforce_ssl` writes shuts a bucket that is
    reached over loopback. It does not look at the principal either, so a Deny of one role shuts out
    all. The embedded AWS evaluates whole policies where a role acts.
    """

    def get_permission(self: s3.FakeBucket, action: str, resource: str) -> PermissionResult:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        policy["Statement"] = [
            s
            for s in statements
            if not s.get("Condition") and s.get("Principal") in ("*", {"AWS": "*"})
        ]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    patches.replace(s3.FakeBucket, "get_permission", get_permission)


def takes_a_log_bucket_whose_policy_comes_later(patches: Patches) -> None:
    """Let access logging be set before the log bucket's policy is.

    The policy names the logged buckets, so it always comes after them, and S3 looks at it when it
    delivers. moto looks when logging is set, and stumbles over a `Principal` of "*".
    """
    original = s3.FakeBucket._log_permissions_enabled_policy

    def log_permissions(target_bucket: s3.FakeBucket, target_prefix: str | None) -> bool:
        ownership = json.dumps(target_bucket.ownership_rule or "BucketOwnerEnforced")
        by_policy = "BucketOwnerEnforced" in ownership  # the default: such a bucket has no ACL
        return by_policy or bool(original(target_bucket, target_prefix))

    patches.replace(s3.FakeBucket, "_log_permissions_enabled_policy", staticmethod(log_permissions))


def tells_of_tags_only_when_there_are_any(patches: Patches) -> None:
    """Send one event for one put object; moto sends another one for the tags it does not have."""
    original = s3.S3Backend.put_object_tagging

    @functools.wraps(original)
    def put_object_tagging(
        self: s3.S3Backend, key: s3.FakeKey, tags: dict[str, str] | None
    ) -> s3.FakeKey:
        if not tags and not self.tagger.has_tags(key.arn):
            return key
        return original(self, key, tags)

    patches.replace(s3.S3Backend, "put_object_tagging", put_object_tagging)


PATCHES = (
    leaves_conditions_of_a_bucket_policy_alone,
    takes_a_log_bucket_whose_policy_comes_later,
    tells_of_tags_only_when_there_are_any,
)

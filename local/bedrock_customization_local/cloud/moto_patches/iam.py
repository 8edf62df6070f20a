"""What the embedded AWS works around in moto's IAM: policies that AWS manages."""

import functools
import json
from typing import Any

from moto.iam import models as iam

from bedrock_customization_local.cloud.moto_patches.replacing import Patches


def attaches_the_policies_that_aws_manages(patches: Patches) -> None:
    """Know an AWS managed policy when it is attached.

    moto ships their documents and either knows none of them or reads all 1,582 at every reset.
    """
    original = iam.IAMBackend.attach_role_policy

    @functools.wraps(original)
    def attach_role_policy(self: iam.IAMBackend, policy_arn: str, role_name: str) -> None:
        if ":iam::aws:policy/" in policy_arn and policy_arn not in self.managed_policies:
            name = policy_arn.rsplit("/", 1)[1]
            data = _aws_managed_policies().get(name)
            if data is not None:
                policy = iam.AWSManagedPolicy.from_data(
                    name, self.account_id, self.region_name, data
                )
                self.managed_policies[policy.arn] = policy
        original(self, policy_arn, role_name)

    patches.replace(iam.IAMBackend, "attach_role_policy", attach_role_policy)


@functools.cache
def _aws_managed_policies() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(iam.aws_managed_policies_data)
    return policies


PATCHES = (attaches_the_policies_that_aws_manages,)

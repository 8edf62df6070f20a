"""Identity and access management: policies evaluated as AWS evaluates them.

Not evaluated: service control and resource control policies, session policies, VPC endpoint
policies, object ACLs, and the policies of resources in other accounts.
"""

from bedrock_customization_local.cloud.iam.access_record import (
    AccessRecord,
    Allowance,
    Denial,
)
from bedrock_customization_local.cloud.iam.actions import Permission
from bedrock_customization_local.cloud.iam.authorizer import AccessDenied, Authorizer, Permissive
from bedrock_customization_local.cloud.iam.evaluation import Decision

__all__ = [
    "AccessDenied",
    "AccessRecord",
    "Allowance",
    "Authorizer",
    "Decision",
    "Denial",
    "Permission",
    "Permissive",
]

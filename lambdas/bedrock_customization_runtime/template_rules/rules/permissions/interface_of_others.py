"""Network interfaces that a job role may make and delete beyond its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind, is_narrowed
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.rules.trust.deputies import trusts_of_bedrock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_NEEDED = {
    "ec2:CreateNetworkInterface": ("aws:requesttag/",),
    "ec2:CreateNetworkInterfacePermission": ("ec2:subnet", "ec2:resourcetag/", "aws:resourcetag/"),
    "ec2:DeleteNetworkInterface": ("ec2:subnet", "ec2:resourcetag/", "aws:resourcetag/"),
    "ec2:DeleteNetworkInterfacePermission": ("ec2:subnet", "ec2:resourcetag/", "aws:resourcetag/"),
    "ec2:CreateTags": ("ec2:createaction",),
}
"""By action: a condition on one of these keys keeps a job to its own interfaces."""


@rule(
    id="network-interface-of-others",
    title="a job's role may change network interfaces that are not the job's",
    why="it could cut off, or look into, machines of others in the VPC",
    fix="add the conditions of Bedrock's guide: tags BedrockManaged and Bedrock…JobArn, "
    "ec2:Subnet, ec2:CreateAction",
    anchor="https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-model-customization.html",
)
def network_interface_of_others(template: Template) -> Iterator[Found]:
    """Find rights of Bedrock's roles on network interfaces without the guide's conditions."""
    roles = {trust.resource.logical_id: trust.resource for trust in trusts_of_bedrock(template)}
    for role in roles.values():
        for each in template.policies.of_holder(role, PolicyKind.IDENTITY):
            on_interfaces = any("network-interface" in arn or arn == "*" for arn in each.resources)
            if not each.is_allow or not on_interfaces:
                continue
            for action, keys in _NEEDED.items():
                if each.covers(action) and not is_narrowed(each, *keys):
                    yield Found(each.resource, each.path, action)
                    break

"""Where a job's traffic goes: network interfaces of its own in a VPC of yours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Annotations, Stack

from bedrock_customization._access import Right, bedrock_arn
from bedrock_customization._checks import check_between
from bedrock_customization._pseudo_parameters import ACCOUNT_ID, PARTITION, REGION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from constructs import Construct

_EC2 = f"arn:{PARTITION}:ec2:{REGION}:{ACCOUNT_ID}"
_INTERFACES = f"{_EC2}:network-interface/*"
_MADE_BY_JOBS = "a job makes its network interfaces, so their tags are what can be named"
_MOST_SUBNETS, _MOST_GROUPS, _FEWEST_ZONES = 16, 5, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class JobNetwork:
    """A VPC in which a customization job reads its data and writes its outputs.

    The job is spread over several machines that talk to each other: the security groups must allow
    all traffic among their members, and HTTPS to S3. Give a subnet in each Availability Zone, for
    Bedrock places the job where there is capacity. Subnets without a way to the internet need a
    gateway endpoint for S3.

    Args:
        vpc: The VPC.
        security_groups: 1 to 5.
        subnets: Which; 1 to 16. Without them, the VPC's own choice: private ones first.
    """

    vpc: ec2.IVpc
    security_groups: Sequence[ec2.ISecurityGroup]
    subnets: ec2.SubnetSelection | None = None

    def check(self, scope: Construct) -> None:
        """Check what can be known at synth; what only may go wrong is a warning.

        Args:
            scope: Where the warnings are attached.

        Raises:
            ValueError: There are too few or too many subnets or security groups.
        """
        selected = self.select()
        check_between("network.subnets", len(selected.subnet_ids), 1, _MOST_SUBNETS, "of a job")
        check_between(
            "network.security_groups", len(self.security_groups), 1, _MOST_GROUPS, "of a job"
        )
        if len(set(selected.availability_zones)) < _FEWEST_ZONES:
            Annotations.of(scope).add_warning_v2(
                "bedrock_customization:oneAvailabilityZone",
                "network.subnets lie in one Availability Zone: a job fails where there is no "
                "capacity, so give a subnet in each zone of the Region",
            )
        if self._is_cut_off(selected):
            Annotations.of(scope).add_warning_v2(
                "bedrock_customization:noS3Endpoint",
                "network.subnets have no way to the internet and the VPC no gateway endpoint for "
                "S3, so the job cannot read its data: add_gateway_endpoint to the VPC",
            )

    def request(self) -> dict[str, list[str]]:
        """Return the `VpcConfig` of a job, as Step Functions spells it."""
        return {"SubnetIds": list(self.select().subnet_ids), "SecurityGroupIds": self._groups()}

    def rights(self) -> list[Right]:
        """Return what the job's service role needs: the five statements of the user guide."""
        tags = ["BedrockManaged", "BedrockModelCustomizationJobArn"]
        managed, job = tags
        jobs = bedrock_arn("model-customization-job")
        subnets = [f"{_EC2}:subnet/{name}" for name in self.select().subnet_ids]
        groups = [f"{_EC2}:security-group/{name}" for name in self._groups()]
        return [
            Right(
                actions=[
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeVpcs",
                    "ec2:DescribeDhcpOptions",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeSecurityGroups",
                ],
                resources=["*"],
                wildcard_because="these actions have no resource-level permissions",
            ),
            Right(
                actions=["ec2:CreateNetworkInterface"],
                resources=[_INTERFACES],
                wildcard_because=_MADE_BY_JOBS,
                conditions={
                    "StringEquals": {f"aws:RequestTag/{managed}": "true"},
                    "ArnEquals": {f"aws:RequestTag/{job}": jobs},
                },
            ),
            Right(actions=["ec2:CreateNetworkInterface"], resources=[*subnets, *groups]),
            Right(
                actions=[
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                ],
                resources=["*"],
                wildcard_because=_MADE_BY_JOBS,
                conditions={
                    "ArnEquals": {"ec2:Subnet": subnets, f"ec2:ResourceTag/{job}": jobs},
                    "StringEquals": {f"ec2:ResourceTag/{managed}": "true"},
                },
            ),
            Right(
                actions=["ec2:CreateTags"],
                resources=[_INTERFACES],
                wildcard_because=_MADE_BY_JOBS,
                conditions={
                    "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
                    "ForAllValues:StringEquals": {"aws:TagKeys": tags},
                },
            ),
        ]

    def select(self) -> ec2.SelectedSubnets:
        """Return the subnets."""
        chosen = self.subnets
        if chosen is None:
            return self.vpc.select_subnets()
        return self.vpc.select_subnets(
            availability_zones=chosen.availability_zones,
            one_per_az=chosen.one_per_az,
            subnet_filters=chosen.subnet_filters,
            subnet_group_name=chosen.subnet_group_name,
            subnets=chosen.subnets,
            subnet_type=chosen.subnet_type,
        )

    def _groups(self) -> list[str]:
        return [group.security_group_id for group in self.security_groups]

    def _is_cut_off(self, selected: ec2.SelectedSubnets) -> bool:
        """Whether the job would reach no S3, as far as the app itself defines the VPC."""
        from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415 - loaded by who has a VPC

        if not isinstance(self.vpc, ec2.Vpc):
            return False
        isolated = {subnet.subnet_id for subnet in self.vpc.isolated_subnets}
        if not isolated.intersection(selected.subnet_ids):
            return False
        endpoints = [
            str(Stack.of(child).resolve(child.service_name))
            for child in self.vpc.node.find_all()
            if isinstance(child, ec2.CfnVPCEndpoint)
        ]
        return not any(".s3'" in name or name.endswith(".s3") for name in endpoints)

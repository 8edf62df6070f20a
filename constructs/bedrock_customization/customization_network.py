"""A VPC for functions and jobs, with the endpoints that they call and no way to anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import (
    Fn,
    RemovalPolicy,
    Tags,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_lambda as lambda_,
    aws_logs as logs,
    aws_stepfunctions as sfn,
)
from constructs import Construct

from bedrock_customization._access import Right, give, merged, policy_of
from bedrock_customization._everything_below import below
from bedrock_customization._function import HandlerFunction
from bedrock_customization._pseudo_parameters import ACCOUNT_ID
from bedrock_customization._services import S3, buckets_of, endpoints_of
from bedrock_customization.network import JobNetwork
from bedrock_customization.phases.preparation import DataPreparation
from bedrock_customization.service_role import JobKind, ServiceRole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from aws_cdk import aws_s3 as s3

    from bedrock_customization.storage import CustomizationStorage

_ZONES = 2
_CIDR, _SUBNET_BITS = "10.0.0.0/24", 7
_HTTPS = 443
_WRITE = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"]
_READ = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"]
_MAKING_INTERFACES = Right(
    actions=[
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ],
    resources=["*"],
    wildcard_because="Lambda makes the interfaces itself, before they have a name",
)


class CustomizationNetwork(Construct):
    """Define where functions and jobs run, and on which endpoints they reach AWS.

    Without a VPC of yours, one is defined of two isolated subnets in two Availability Zones: no
    internet gateway, no NAT gateway, nothing is looked up. Interface endpoints are defined for the
    services that the rights of the functions name, once each; S3 has a gateway endpoint, whose
    policy names the buckets of these rights alone.

    Give it to `CustomizationPipeline(network=…)` or `ModelImportPipeline(network=…)`; what stands
    outside of a pipeline, such as a `Grader`, is put into it with `connect`.

    Args:
        scope: Parent.
        id: Id below the parent.
        vpc: A VPC of your own, with DNS support and DNS host names. Without one, one is defined.
        subnets: Which of your VPC. Without them, the VPC's own choice: private ones first.
        existing_endpoints: Services whose endpoints your VPC has already, as PrivateLink names
            them: `bedrock-runtime`, `s3`. None of them is defined again.

    Raises:
        ValueError: Subnets or endpoints are given without a VPC.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc | None = None,
        subnets: ec2.SubnetSelection | None = None,
        existing_endpoints: Collection[str] = (),
    ) -> None:
        super().__init__(scope, id)
        if vpc is None and (subnets or existing_endpoints):
            raise ValueError(
                "subnets and existing_endpoints are those of a vpc, and none is given: give the "
                "vpc, or leave them out to have one defined"
            )
        self.is_isolated: bool = vpc is None
        """Whether nothing but the endpoints is reached, as this construct defines the VPC."""
        self.vpc: ec2.IVpc = vpc or self._define_vpc()
        """Where everything runs."""
        self._subnets = subnets
        self._group = self._define_group("Functions", "Functions")
        self.job_group = self._define_group("Jobs", "Jobs of Bedrock")
        """Of jobs alone."""
        self.job_group.connections.allow_internally(ec2.Port.all_traffic(), "A job's machines")
        self._endpoint_group: ec2.SecurityGroup | None = None
        self._reached = set(existing_endpoints)
        self._s3: ec2.GatewayVpcEndpoint | None = None
        self._named_buckets: set[str] = set()
        self.connections = ec2.Connections(security_groups=[self._group])
        """Of the functions: `database.connections.allow_default_port_from(network.connections)`."""
        self.jobs: JobNetwork = JobNetwork(
            vpc=self.vpc, security_groups=[self.job_group], subnets=subnets
        )
        """The part of it in which jobs run."""

    @property
    def s3_endpoint(self) -> ec2.IVpcEndpoint | None:
        """The gateway endpoint for S3; None until somebody needs one, or if your VPC has it."""
        return self._s3

    def connect(self, scope: Construct) -> None:
        """Put all functions of this library at and below a construct into the network.

        The endpoints that they call are defined, where they are not yet.

        Args:
            scope: A pipeline, a `Grader`, or what else holds functions.
        """
        selected = self.jobs.select()
        for one in below(scope, HandlerFunction):
            resource = one.function.node.default_child
            assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101 - true of every Function
            resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=list(selected.subnet_ids),
                security_group_ids=[self._group.security_group_id],
            )
            give(one.function, [_MAKING_INTERFACES])
            self._reach(one.rights)
        for phase in below(scope, DataPreparation):
            if phase.big_data:
                phase.big_data.connect(selected.subnet_ids, self.job_group)
                self._reach(phase.big_data.rights)
        for role in below(scope, ServiceRole):
            self._reach(right for right in role.rights if right.actions[0].startswith("s3:"))

    def require_endpoint(
        self,
        storage: CustomizationStorage,
        *,
        scope: Construct,
        except_for: Sequence[iam.IRole] = (),
    ) -> None:
        """Deny objects of the buckets to whoever comes on no way but through the S3 endpoint.

        Only what reads, writes and lists objects is denied, never what manages a bucket: whoever
        could change its policy before can change it back, so nobody is locked out for good.
        AWS services that come in their own name, or on behalf of a caller, are let in, and so are
        the state machines and those roles of Bedrock whose jobs run outside of the network.

        Args:
            storage: Whose buckets.
            scope: The pipeline that uses them.
            except_for: Roles of people who read artifacts and put data, from wherever they are.

        Raises:
            ValueError: The endpoint for S3 is not of this construct, or a bucket is imported.
        """
        if self._s3 is None:
            raise ValueError(
                "require_endpoint needs the endpoint for S3 that this network defines, and it has "
                "none: connect the pipeline first, and leave s3 out of existing_endpoints"
            )
        spared = [*except_for, *_roles_outside(scope)]
        condition: dict[str, dict[str, str | list[str]]] = {
            "StringNotEquals": {"aws:SourceVpce": self._s3.vpc_endpoint_id},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            **(
                {"ArnNotLike": {"aws:PrincipalArn": [r.role_arn for r in spared]}} if spared else {}
            ),
        }
        for bucket in (storage.data_bucket, storage.blind_bucket, storage.artifacts_bucket):
            self._require_endpoint_of(bucket, condition)

    def _require_endpoint_of(
        self, bucket: s3.IBucket, condition: dict[str, dict[str, str | list[str]]]
    ) -> None:
        added = bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="OnlyThroughTheEndpoint",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=[*_READ, *_WRITE],
                resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
                conditions=condition,
            )
        )
        if not added.statement_added:
            raise ValueError(
                f"require_endpoint cannot change the policy of {bucket.node.path}, which is "
                "imported: add the statement where the bucket is defined (docs/network.md)"
            )

    def _reach(self, rights: Iterable[Right]) -> None:
        rights = list(rights)
        for service in sorted(endpoints_of(rights) - self._reached):
            self._reached.add(service)
            if service == S3:
                self._s3 = ec2.GatewayVpcEndpoint(
                    self,
                    "S3",
                    vpc=self.vpc,
                    service=ec2.GatewayVpcEndpointAwsService.S3,
                    subnets=[self._subnets] if self._subnets else None,
                )
            else:
                self._define_interface_endpoint(service)
        if self._s3:
            self._open(self._s3, rights)

    def _open(self, endpoint: ec2.GatewayVpcEndpoint, rights: Sequence[Right]) -> None:
        """Let the buckets of rights through the endpoint, each once."""
        for bucket in buckets_of(merged(rights)):
            if bucket in self._named_buckets:
                continue
            self._named_buckets.add(bucket)
            endpoint.add_to_policy(
                iam.PolicyStatement(
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:*"],
                    resources=[bucket, f"{bucket}/*"],
                )
            )

    def _define_interface_endpoint(self, service: str) -> None:
        if self._endpoint_group is None:
            self._endpoint_group = ec2.SecurityGroup(
                self,
                "Endpoints",
                vpc=self.vpc,
                description="Interface endpoints",
                allow_all_outbound=False,
            )
            for peer in (self._group, self.job_group):
                # What goes out to them is allowed already.
                self._endpoint_group.add_ingress_rule(
                    peer, ec2.Port.tcp(_HTTPS), "HTTPS from functions and jobs"
                )
        endpoint = ec2.InterfaceVpcEndpoint(
            self,
            "".join(word.capitalize() for word in service.replace(".", "-").split("-")),
            vpc=self.vpc,
            service=ec2.InterfaceVpcEndpointAwsService(service),
            subnets=self._subnets,
            security_groups=[self._endpoint_group],
            # Security groups say above who may come; `open` would let the whole VPC in.
            open=False,
        )
        # Only what acts for this account goes through, whosever credentials it brings along.
        endpoint.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:PrincipalAccount": ACCOUNT_ID}},
            )
        )

    def _define_group(self, id: str, description: str) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, id, vpc=self.vpc, description=description, allow_all_outbound=False
        )
        # The addresses of S3 behind its gateway endpoint are public ones, in a list that has
        # another name in each Region.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "HTTPS to endpoints")
        return group

    def _define_vpc(self) -> ec2.IVpc:
        # `ec2.Vpc` looks up the Availability Zones of an account that the app names.
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=_CIDR,
            enable_dns_support=True,
            enable_dns_hostnames=True,
        )
        Tags.of(vpc).add("Name", vpc.node.path)
        blocks = Fn.cidr(_CIDR, _ZONES, str(_SUBNET_BITS))
        zones = [Fn.select(number, Fn.get_azs()) for number in range(_ZONES)]
        subnets, tables = [], []
        for number, zone in enumerate(zones):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{number + 1}",
                vpc_id=vpc.ref,
                availability_zone=zone,
                cidr_block=Fn.select(number, blocks),
                map_public_ip_on_launch=False,
            )
            Tags.of(subnet).add("Name", subnet.node.path)
            table = ec2.CfnRouteTable(self, f"Routes{number + 1}", vpc_id=vpc.ref)
            ec2.CfnSubnetRouteTableAssociation(
                self, f"RoutesOfSubnet{number + 1}", subnet_id=subnet.ref, route_table_id=table.ref
            )
            subnets.append(subnet.ref)
            tables.append(table.ref)
        self._log_flows(vpc)
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Isolated",
            vpc_id=vpc.ref,
            vpc_cidr_block=_CIDR,
            availability_zones=zones,
            isolated_subnet_ids=subnets,
            isolated_subnet_route_table_ids=tables,
        )

    def _log_flows(self, vpc: ec2.CfnVPC) -> None:
        group = logs.LogGroup(
            self,
            "FlowLogs",
            retention=logs.RetentionDays.SIX_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        writing = Right(
            actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            resources=[group.log_group_arn],
        )
        role = iam.Role(
            self,
            "FlowLogsRole",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
            ),
            description="Writes the flow logs of the network",
            inline_policies={"Rights": policy_of([writing])},
        )
        ec2.CfnFlowLog(
            self,
            "Flows",
            resource_id=vpc.ref,
            resource_type="VPC",
            traffic_type="ALL",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )


def _roles_outside(scope: Construct) -> list[iam.IRole]:
    """Return the roles with which AWS reads and writes from outside of any VPC."""
    return [
        *(machine.role for machine in below(scope, sfn.StateMachine)),
        *(one.role for one in below(scope, ServiceRole) if one.kind is not JobKind.CUSTOMIZATION),
    ]

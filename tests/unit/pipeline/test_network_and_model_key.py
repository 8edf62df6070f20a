"""Jobs in a VPC, and custom models with a key of the customer's."""

import json

import pytest
from aws_cdk import Stack, aws_ec2 as ec2, aws_iam as iam, aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    Grader,
    JobNetwork,
    JsonEquality,
    ModelCustomization,
    ReinforcementFineTuning,
)

INTERFACES = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:network-interface/*"
JOBS = "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:model-customization-job/*"
JOB_TAG = "BedrockModelCustomizationJobArn"


@pytest.fixture
def vpc(stack):
    """A VPC that the app knows by its ids."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["a", "b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
    )


@pytest.fixture
def network(stack, vpc):
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    return JobNetwork(vpc=vpc, security_groups=[group])


def flat(value):
    """Return a template's value with references as `${Name}`."""
    match value:
        case {"Fn::Join": [_, parts]}:
            return "".join(str(flat(part)) for part in parts)
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, _]}:
            return f"${{{name}}}"
        case dict():
            return {key: flat(item) for key, item in value.items()}
        case list():
            return [flat(item) for item in value]
        case _:
            return value


def listed(value):
    return [value] if isinstance(value, str) else value


def statements_of(stack, fragment):
    """Return the statements, in either place, of the role whose id holds a text."""
    template = Template.from_stack(stack)
    inline = [
        statement
        for name, role in template.find_resources("AWS::IAM::Role").items()
        if fragment in name
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    attached = [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if any(fragment in role["Ref"] for role in policy["Properties"]["Roles"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    return flat(inline + attached)


def test_the_job_role_has_the_five_statements_of_the_user_guide(stack, network):
    CustomizationPipeline(stack, "Tuning", base_model=BaseModel.NOVA_MICRO, network=network)

    found = [
        {key: value for key, value in one.items() if key != "Effect"}
        for one in statements_of(stack, "ServiceRole")
        if str(one["Action"]).find("ec2:") >= 0
    ]

    subnets = [f"{INTERFACES.rpartition(':')[0]}:subnet/subnet-{n}" for n in (1, 2)]
    assert found == [
        {
            "Action": [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "Resource": "*",
        },
        {
            "Action": "ec2:CreateNetworkInterface",
            "Resource": INTERFACES,
            "Condition": {
                "StringEquals": {"aws:RequestTag/BedrockManaged": "true"},
                "ArnEquals": {f"aws:RequestTag/{JOB_TAG}": JOBS},
            },
        },
        {
            "Action": "ec2:CreateNetworkInterface",
            "Resource": [
                INTERFACES.replace("network-interface/*", "security-group/sg-1"),
                *subnets,
            ],
        },
        {
            "Action": [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            "Resource": "*",
            "Condition": {
                "ArnEquals": {"ec2:Subnet": subnets, f"ec2:ResourceTag/{JOB_TAG}": JOBS},
                "StringEquals": {"ec2:ResourceTag/BedrockManaged": "true"},
            },
        },
        {
            "Action": "ec2:CreateTags",
            "Resource": INTERFACES,
            "Condition": {
                "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["BedrockManaged", JOB_TAG]},
            },
        },
    ]


def test_a_role_of_your_own_gets_them_with_their_conditions(stack, network):
    CustomizationPipeline(
        stack,
        "Tuning",
        base_model=BaseModel.NOVA_MICRO,
        network=network,
        customization_role=iam.Role(
            stack, "Theirs", assumed_by=iam.ServicePrincipal("bedrock.amazonaws.com")
        ),
    )
    conditional = [
        one["Action"]
        for one in statements_of(stack, "Theirs")
        if "ec2:" in str(one["Action"]) and "Condition" in one
    ]
    assert [str(action).count("ec2:") for action in conditional] == [1, 3, 1]


def test_the_job_is_asked_for_in_the_vpc_with_the_key(stack, network, read_definition):
    key = kms.Key(stack, "ModelKey")
    pipeline = CustomizationPipeline(
        stack, "Tuning", base_model=BaseModel.NOVA_MICRO, network=network, model_key=key
    )
    job = read_definition(Template.from_stack(stack))["States"]["Customize and watch"]
    request = job["Branches"][0]["States"]["Customize model"]["Arguments"]

    assert request["VpcConfig"] == {
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
    }
    assert (
        request["CustomModelKmsKeyId"] == f"${{{stack.get_logical_id(key.node.default_child)}.Arn}}"
    )
    assert pipeline.customization.service_role


def test_a_reinforcement_job_is_asked_for_in_the_vpc_with_the_key(stack, network):
    ModelCustomization(
        stack,
        "Customization",
        storage=CustomizationStorage(stack, "Storage"),
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(grader=Grader(stack, "Grader", reward=JsonEquality())),
        network=network,
        model_key=kms.Key(stack, "ModelKey"),
    )
    # Nothing but the phase's own states says what the function is asked for.
    states = [child for child in stack.node.find_all() if child.node.id == "Start job"]
    event = states[0].to_state_json()["Arguments"]["Payload"]
    assert event["network"]["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert "ModelKey" in json.dumps(stack.resolve(event["model_key_arn"]))


MAKING = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("fragment", "actions"),
    [
        ("ServiceRole", MAKING),
        ("StateMachine", MAKING),
        ("ModelEvaluationAnswer", "kms:Decrypt"),
        ("Consumer", "kms:Decrypt"),
    ],
)
def test_who_makes_or_invokes_the_model_may_use_its_key_through_bedrock_alone(
    stack, fragment, actions
):
    key = kms.Key(stack, "ModelKey")
    pipeline = CustomizationPipeline(
        stack, "Tuning", base_model=BaseModel.NOVA_MICRO, model_key=key
    )
    consumer = iam.Role(stack, "Consumer", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    pipeline.alias.grant_invoke(consumer)
    arn = f"${{{stack.get_logical_id(key.node.default_child)}}}"

    (found,) = [
        one
        for one in statements_of(stack, fragment)
        if one["Resource"] == arn and sorted(listed(one["Action"])) == listed(actions)
    ]
    assert found["Condition"] == {
        "StringLike": {"kms:ViaService": "bedrock.${AWS::Region}.amazonaws.com"}
    }


def test_without_a_network_and_a_key_nobody_has_rights_on_either(template):
    text = json.dumps(template.to_json())
    assert "ec2:" not in text
    assert "kms:CreateGrant" not in text


@pytest.mark.parametrize(
    ("subnets", "groups", "message"),
    [
        (0, 1, "network.subnets must be a number from 1 to 16, got 0"),
        (17, 1, "network.subnets must be a number from 1 to 16, got 17"),
        (2, 0, "network.security_groups must be a number from 1 to 5, got 0"),
        (2, 6, "network.security_groups must be a number from 1 to 5, got 6"),
    ],
)
def test_what_bedrock_refuses_is_refused_at_synth(stack, subnets, groups, message):
    network = JobNetwork(
        vpc=ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-1",
            availability_zones=[f"z{n}" for n in range(max(1, subnets))],
            private_subnet_ids=[f"subnet-{n}" for n in range(max(1, subnets))],
        ),
        subnets=ec2.SubnetSelection(subnets=[]) if subnets == 0 else None,
        security_groups=[
            ec2.SecurityGroup.from_security_group_id(stack, f"Group{n}", f"sg-{n}")
            for n in range(groups)
        ],
    )
    with pytest.raises(ValueError, match=message):
        CustomizationPipeline(stack, "Tuning", base_model=BaseModel.NOVA_MICRO, network=network)


def isolated(stack, *, zones=2):
    return ec2.Vpc(
        stack,
        "Isolated",
        max_azs=zones,
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="jobs", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        ],
    )


@pytest.mark.parametrize("has_endpoint", [True, False])
def test_a_vpc_without_a_way_to_s3_is_a_warning(stack, has_endpoint):
    vpc = isolated(stack)
    if has_endpoint:
        vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
    network = JobNetwork(vpc=vpc, security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)])
    CustomizationPipeline(stack, "Tuning", base_model=BaseModel.NOVA_MICRO, network=network)

    warnings = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("no gateway endpoint for S3")
    )
    assert bool(warnings) is not has_endpoint


def test_one_availability_zone_is_a_warning(app):
    stack = Stack(app, "OneZone")
    vpc = isolated(stack, zones=1)
    network = JobNetwork(vpc=vpc, security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)])
    CustomizationPipeline(stack, "Tuning", base_model=BaseModel.NOVA_MICRO, network=network)
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("one Availability Zone")
    )
